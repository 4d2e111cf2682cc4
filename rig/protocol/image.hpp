// Reading and judging firmware images: MCUboot's format (image_layout.hpp) with ed25519
// signatures. Anything may be wrong with the bytes: it is told as a Fault.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "rig/core/units.hpp"
#include "rig/protocol/image_identity.hpp"
#include "rig/protocol/signing.hpp"

namespace lockrig::image {

enum class Fault {
  none,
  truncated,           ///< ends before its own sizes say
  bad_magic,           ///< not an MCUboot image
  bad_header,          ///< a flag, size or block that this family does not use
  bad_tlv,             ///< an area or entry that does not fit, is doubled or unknown
  trailing_data,       ///< the file goes on behind the image
  identity_disagrees,  ///< early identity and protected TLVs are not the same
  oversize,            ///< larger than where it must fit
  hash_mismatch,
  unsigned_image,
  unknown_key,  ///< signed, by none of the trusted keys
  bad_signature,
};

/// The enumerator's name.
std::string_view to_string(Fault fault);

/// MCUboot's 32 bytes.
struct Header {
  std::uint32_t load_address = 0;
  std::uint16_t header_size = 0;
  std::uint16_t protected_tlv_size = 0;
  std::uint32_t body_size = 0;
  std::uint32_t flags = 0;
  Version version;

  bool operator==(const Header&) const = default;
};

struct TlvView {
  std::uint16_t type;
  bool is_protected;
  ByteView value;
};

/// An image taken apart. All views are into the file that was parsed.
struct Parsed {
  Header header;
  Identity identity;
  ByteView body;
  std::vector<TlvView> tlvs;  ///< in the order of the file
  ByteView covered;           ///< header, body and protected TLVs: what is hashed
  Digest digest{};     ///< as the image states it; verify() holds it to `covered`
  ByteView key_hash;   ///< 32 bytes; empty if the image is unsigned
  ByteView signature;  ///< 64 bytes; empty if the image is unsigned
  std::size_t total_size = 0;
};

/// For a lock that must decide on the first bytes it gets: nullopt if there are fewer
/// than 32 bytes or the magic is wrong. Nothing else is checked.
std::optional<Header> parse_header(ByteView start);

/// From the first 76 bytes (kEarlyEnd); nullopt if they are not there or not ours. The
/// answer may be a lie until verify() has seen the whole image.
std::optional<Identity> early_identity(ByteView start);

/// Where the image ends that begins at the start of `slot`; nullopt if there is none or
/// `slot` is too short for it.
std::optional<std::size_t> total_size(ByteView slot);

/// The structure alone: no digest is computed and no signature checked, and an unsigned
/// image is fine. Everything up to identity_disagrees is found here, in that order.
std::variant<Parsed, Fault> parse(ByteView file);

inline constexpr std::size_t kAnySize = std::numeric_limits<std::size_t>::max();

/// parse(), then size, digest, key and signature, in the order of Fault. Nothing is
/// said about the model or the version: what fits is for the lock to decide.
Fault verify(ByteView file, const PublicKeys& trusted, std::size_t size_max = kAnySize);
/// For a caller that has parsed already.
Fault verify(const Parsed& image, const PublicKeys& trusted,
             std::size_t size_max = kAnySize);

}  // namespace lockrig::image
