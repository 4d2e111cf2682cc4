#include "rig/protocol/image.hpp"

#include <algorithm>

#include "rig/protocol/image_layout.hpp"
#include "rig/protocol/image_memo.hpp"

namespace lockrig::image {
namespace {

constexpr std::size_t kDigestSize = std::tuple_size_v<Digest>;
constexpr std::size_t kSignatureSize = std::tuple_size_v<Signature>;

// The sizes in a header are not to be trusted: 64 bits cannot overflow by adding them.
std::uint64_t covered_size(const Header& header) {
  return std::uint64_t{header.header_size} + header.body_size +
         header.protected_tlv_size;
}

bool is_ours(const Header& header, ByteView file) {
  if (header.header_size != kHeaderSize || header.flags != 0) return false;
  if (file.size() < kHeaderSize) return true;  // truncated, as the caller will find
  const ByteView rest = file.subspan(kEarlyEnd, kHeaderSize - kEarlyEnd);
  return load_u32(file, kEarlyOffset) == kEarlyMagic &&
         std::all_of(rest.begin(), rest.end(), [](std::uint8_t b) { return b == 0; });
}

// Entries must fill `area` exactly.
bool read_tlvs(ByteView area, std::uint16_t magic, std::vector<TlvView>& out) {
  if (area.size() < kTlvInfoSize || load_u16(area, 0) != magic ||
      load_u16(area, 2) != area.size()) {
    return false;
  }
  area = area.subspan(kTlvInfoSize);
  while (!area.empty()) {
    if (area.size() < kTlvEntrySize) return false;
    const std::size_t size = load_u16(area, 2);
    if (area.size() - kTlvEntrySize < size) return false;
    out.push_back({load_u16(area, 0), magic == kProtectedTlvMagic,
                   area.subspan(kTlvEntrySize, size)});
    area = area.subspan(kTlvEntrySize + size);
  }
  return true;
}

// The value of the one TLV of `type`; empty if there is none. Sets `bad` if there are
// several, or its size is not `size`.
ByteView find_tlv(const Parsed& image, std::uint16_t type, bool is_protected,
                  std::size_t size, bool& bad) {
  ByteView found;
  for (const TlvView& tlv : image.tlvs) {
    if (tlv.type != type || tlv.is_protected != is_protected) continue;
    if (!found.empty() || tlv.value.size() != size) bad = true;
    found = tlv.value;
  }
  return found;
}

// What is not covered by the digest must be known, or a stranger could add to it;
// MCUboot keeps such a list too (image_validate.c, allowed_unprot_tlvs).
bool may_be_unprotected(std::uint16_t type) {
  return type == kTlvSha256 || type == kTlvKeyHash || type == kTlvEd25519;
}

Uuid uuid_at(ByteView bytes, std::size_t at) {
  Uuid uuid;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), uuid.bytes.size(),
              uuid.bytes.begin());
  return uuid;
}

// The identity in the protected TLVs, or what is wrong with them.
std::variant<Identity, Fault> protected_identity(const Parsed& image) {
  bool bad = false;
  const ByteView vendor = find_tlv(image, kTlvVendor, true, 16, bad);
  const ByteView device_class = find_tlv(image, kTlvDeviceClass, true, 16, bad);
  const ByteView mask = find_tlv(image, kTlvHardwareMask, true, 4, bad);
  const ByteView counter = find_tlv(image, kTlvSecurityCounter, true, 4, bad);
  if (bad) return Fault::bad_tlv;
  if (vendor.empty() || device_class.empty() || mask.empty() || counter.empty()) {
    return Fault::identity_disagrees;
  }
  return Identity{uuid_at(vendor, 0), uuid_at(device_class, 0), load_u32(mask, 0),
                  load_u32(counter, 0)};
}

}  // namespace

std::string_view to_string(Fault fault) {
  switch (fault) {
    case Fault::none:
      return "none";
    case Fault::truncated:
      return "truncated";
    case Fault::bad_magic:
      return "bad_magic";
    case Fault::bad_header:
      return "bad_header";
    case Fault::bad_tlv:
      return "bad_tlv";
    case Fault::trailing_data:
      return "trailing_data";
    case Fault::identity_disagrees:
      return "identity_disagrees";
    case Fault::oversize:
      return "oversize";
    case Fault::hash_mismatch:
      return "hash_mismatch";
    case Fault::unsigned_image:
      return "unsigned_image";
    case Fault::unknown_key:
      return "unknown_key";
    case Fault::bad_signature:
      return "bad_signature";
  }
  return "unknown fault";
}

std::optional<Header> parse_header(ByteView start) {
  if (start.size() < kMcubootHeaderSize || load_u32(start, 0) != kMagic) {
    return std::nullopt;
  }
  Header header;
  header.load_address = load_u32(start, 4);
  header.header_size = load_u16(start, 8);
  header.protected_tlv_size = load_u16(start, 10);
  header.body_size = load_u32(start, 12);
  header.flags = load_u32(start, 16);
  header.version = {start[20], start[21], load_u16(start, 22), load_u32(start, 24)};
  return header;
}

std::optional<Identity> early_identity(ByteView start) {
  if (start.size() < kEarlyEnd || load_u32(start, 0) != kMagic ||
      load_u32(start, kEarlyOffset) != kEarlyMagic) {
    return std::nullopt;
  }
  return Identity{uuid_at(start, kEarlyOffset + 4), uuid_at(start, kEarlyOffset + 20),
                  load_u32(start, kEarlyOffset + 36),
                  load_u32(start, kEarlyOffset + 40)};
}

std::optional<std::size_t> total_size(ByteView slot) {
  const auto header = parse_header(slot);
  if (!header || header->header_size < kMcubootHeaderSize) return std::nullopt;
  const std::uint64_t covered = covered_size(*header);
  if (covered + kTlvInfoSize > slot.size()) return std::nullopt;
  const std::uint64_t tlvs = load_u16(slot, covered + 2);
  if (load_u16(slot, covered) != kTlvMagic || tlvs < kTlvInfoSize ||
      covered + tlvs > slot.size()) {
    return std::nullopt;
  }
  return covered + tlvs;
}

std::variant<Parsed, Fault> parse(ByteView file) {
  const auto header = parse_header(file);
  if (!header) {
    return file.size() < kMcubootHeaderSize ? Fault::truncated : Fault::bad_magic;
  }
  if (!is_ours(*header, file)) return Fault::bad_header;
  const std::uint64_t covered = covered_size(*header);
  if (covered + kTlvInfoSize > file.size()) return Fault::truncated;
  const std::size_t tlv_size = load_u16(file, covered + 2);
  if (load_u16(file, covered) != kTlvMagic) return Fault::bad_tlv;
  if (covered + tlv_size > file.size()) return Fault::truncated;

  Parsed image;
  image.header = *header;
  image.body = file.subspan(kHeaderSize, header->body_size);
  image.covered = file.first(covered);
  image.total_size = covered + tlv_size;
  image.tlvs.reserve(8);
  if (!read_tlvs(image.covered.last(header->protected_tlv_size), kProtectedTlvMagic,
                 image.tlvs) ||
      !read_tlvs(file.subspan(covered, tlv_size), kTlvMagic, image.tlvs)) {
    return Fault::bad_tlv;
  }
  for (const TlvView& tlv : image.tlvs) {
    if (!tlv.is_protected && !may_be_unprotected(tlv.type)) return Fault::bad_tlv;
  }
  bool bad = false;
  const ByteView digest = find_tlv(image, kTlvSha256, false, kDigestSize, bad);
  image.key_hash = find_tlv(image, kTlvKeyHash, false, kDigestSize, bad);
  image.signature = find_tlv(image, kTlvEd25519, false, kSignatureSize, bad);
  if (bad || digest.empty()) return Fault::bad_tlv;
  std::copy(digest.begin(), digest.end(), image.digest.begin());

  if (image.total_size < file.size()) return Fault::trailing_data;
  const auto identity = protected_identity(image);
  if (const auto* fault = std::get_if<Fault>(&identity)) return *fault;
  image.identity = std::get<Identity>(identity);
  if (early_identity(file) != image.identity) return Fault::identity_disagrees;
  return image;
}

Fault verify(ByteView file, const PublicKeys& trusted, std::size_t size_max) {
  const auto image = parse(file);
  if (const auto* fault = std::get_if<Fault>(&image)) return *fault;
  return verify(std::get<Parsed>(image), trusted, size_max);
}

Fault verify(const Parsed& image, const PublicKeys& trusted, std::size_t size_max) {
  if (image.total_size > size_max) return Fault::oversize;
  if (remembered_sha256(image.covered) != image.digest) return Fault::hash_mismatch;
  if (image.signature.empty() || image.key_hash.empty()) return Fault::unsigned_image;
  const auto key =
      std::find_if(trusted.begin(), trusted.end(), [&image](const PublicKey& k) {
        return std::equal(k.key_hash().begin(), k.key_hash().end(),
                          image.key_hash.begin(), image.key_hash.end());
      });
  if (key == trusted.end()) return Fault::unknown_key;
  Signature signature;
  std::copy(image.signature.begin(), image.signature.end(), signature.begin());
  return remembered_verify(*key, image.digest, signature) ? Fault::none
                                                          : Fault::bad_signature;
}

}  // namespace lockrig::image
