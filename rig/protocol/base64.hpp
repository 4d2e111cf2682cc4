// Base64 (RFC 4648 section 4), strict. Own code because it lies on the hot path of
// every console byte: OpenSSL's EVP_DecodeBlock trims white space, accepts misplaced
// padding and does not say how long the result is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "rig/core/units.hpp"

namespace lockrig::smp {

constexpr std::size_t base64_size(std::size_t bytes) { return (bytes + 2) / 3 * 4; }

/// What base64_decode() needs to do all its groups in wide steps.
constexpr std::size_t base64_room(std::size_t text) { return text / 4 * 3 + 8; }

/// Writes base64_size(bytes.size()) characters, padded, to `out`.
/// REQUIRES: `out` is at least that long, and does not overlap `bytes`.
void base64_encode(ByteView bytes, std::span<std::uint8_t> out);
std::string base64_encode(ByteView bytes);

/// Decodes whole groups of four into `out` and returns how many bytes it wrote; nullopt
/// for any character outside the alphabet, a length that is not a multiple of four, and
/// padding that is misplaced or hides bits that are not zero. `out` is then undefined.
/// REQUIRES: `out` holds at least text.size() / 4 * 3 bytes, and does not overlap.
std::optional<std::size_t> base64_decode(ByteView text, std::span<std::uint8_t> out);
std::optional<Bytes> base64_decode(std::string_view text);

}  // namespace lockrig::smp
