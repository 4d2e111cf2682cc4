#include "rig/protocol/image_create.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <tuple>

#include "rig/protocol/image.hpp"
#include "rig/protocol/image_layout.hpp"

namespace lockrig::image {
namespace {

constexpr std::size_t kProtectedSize =
    kTlvInfoSize + 2 * (kTlvEntrySize + 16) + 2 * (kTlvEntrySize + 4);
constexpr std::size_t kSealSize = kTlvInfoSize + 3 * kTlvEntrySize +
                                  2 * std::tuple_size_v<Digest> +
                                  std::tuple_size_v<Signature>;

// Writes one thing behind the other.
class Writer {
 public:
  Writer(Bytes& out, std::size_t at) : out_(out), at_(at) {}

  Writer& u16(std::size_t value) {
    store_u16(out_, at_, static_cast<std::uint16_t>(value));
    at_ += 2;
    return *this;
  }
  Writer& u32(std::uint32_t value) {
    store_u32(out_, at_, value);
    at_ += 4;
    return *this;
  }
  Writer& bytes(ByteView bytes) {
    std::copy(bytes.begin(), bytes.end(),
              out_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ += bytes.size();
    return *this;
  }
  Writer& tlv(TlvType type, ByteView value) {
    return u16(type).u16(value.size()).bytes(value);
  }
  Writer& tlv(TlvType type, std::uint32_t value) { return u16(type).u16(4).u32(value); }

 private:
  Bytes& out_;
  std::size_t at_;
};

}  // namespace

std::size_t overhead() { return kHeaderSize + kProtectedSize + kSealSize; }

Bytes create(const Recipe& recipe, const SigningKey& key) {
  if (recipe.body.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw std::invalid_argument("the body of an image is at most 4 GiB");
  }
  const Version& version = recipe.version;
  const Identity& identity = recipe.identity;
  Bytes image(overhead() + recipe.body.size());
  Writer(image, 0)
      .u32(kMagic)
      .u32(0)  // load address: runs from where it lies
      .u16(kHeaderSize)
      .u16(kProtectedSize)
      .u32(static_cast<std::uint32_t>(recipe.body.size()))
      .u32(0)  // flags
      .bytes(std::array{version.major, version.minor})
      .u16(version.revision)
      .u32(version.build);
  Writer(image, kEarlyOffset)
      .u32(kEarlyMagic)
      .bytes(identity.vendor.bytes)
      .bytes(identity.device_class.bytes)
      .u32(identity.hardware_mask)
      .u32(identity.security_counter);
  Writer(image, kHeaderSize)
      .bytes(recipe.body)
      .u16(kProtectedTlvMagic)
      .u16(kProtectedSize)
      .tlv(kTlvVendor, identity.vendor.bytes)
      .tlv(kTlvDeviceClass, identity.device_class.bytes)
      .tlv(kTlvHardwareMask, identity.hardware_mask)
      .tlv(kTlvSecurityCounter, identity.security_counter);
  reseal(image, key);
  return image;
}

Recipe recipe_of(ByteView image) {
  const auto parsed = parse(image);
  if (const auto* fault = std::get_if<Fault>(&parsed)) {
    throw std::invalid_argument("not a whole image: " + std::string(to_string(*fault)));
  }
  const auto& good = std::get<Parsed>(parsed);
  return {good.header.version, good.identity,
          Bytes(good.body.begin(), good.body.end())};
}

void reseal(Bytes& image, const SigningKey& key) {
  if (image.size() < overhead()) {
    throw std::invalid_argument("too short to be an image made by create()");
  }
  const std::size_t covered = image.size() - kSealSize;
  const Digest digest = sha256(ByteView(image).first(covered));
  Writer(image, covered)
      .u16(kTlvMagic)
      .u16(kSealSize)
      .tlv(kTlvSha256, digest)
      .tlv(kTlvKeyHash, key.public_key().key_hash())
      .tlv(kTlvEd25519, key.sign(digest));
}

}  // namespace lockrig::image
