#include "rig/protocol/base64.hpp"

#include <array>
#include <cstring>
#include <stdexcept>

#include "rig/protocol/base64_simd.hpp"

namespace lockrig::smp {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Two characters for every 12 bits: three bytes cost two look-ups.
constexpr auto kPairs = [] {
  std::array<std::array<char, 2>, 4096> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    pairs[i] = {kAlphabet[i >> 6], kAlphabet[i & 63]};
  }
  return pairs;
}();

constexpr std::uint32_t kBad = 0x80000000;

// One table for each place in a group of four, its bits already shifted to where they
// belong; kBad marks a character outside the alphabet and survives every `|`.
constexpr auto kPlaces = [] {
  std::array<std::array<std::uint32_t, 256>, 4> places{};
  for (std::size_t place = 0; place < places.size(); ++place) {
    places[place].fill(kBad);
    for (std::uint32_t i = 0; i < kAlphabet.size(); ++i) {
      places[place][static_cast<std::uint8_t>(kAlphabet[i])] = i << (18 - 6 * place);
    }
  }
  return places;
}();

}  // namespace

void base64_encode(ByteView bytes, std::span<std::uint8_t> out) {
  if (out.size() < base64_size(bytes.size())) {
    throw std::invalid_argument("base64_encode: the output is too short");
  }
  const std::uint8_t* in = bytes.data();
  std::uint8_t* to = out.data();
  std::size_t left = bytes.size();
  if (const std::size_t groups = simd::encode(in, left, to); groups > 0) {
    in += 3 * groups;
    to += 4 * groups;
    left -= 3 * groups;
  }
  for (; left >= 3; left -= 3, in += 3, to += 4) {
    const unsigned group = in[0] << 16 | in[1] << 8 | in[2];
    std::memcpy(to, kPairs[group >> 12].data(), 2);
    std::memcpy(to + 2, kPairs[group & 0xfff].data(), 2);
  }
  if (left > 0) {
    const unsigned group = in[0] << 16 | (left == 2 ? in[1] << 8 : 0);
    std::memcpy(to, kPairs[group >> 12].data(), 2);
    to[2] = left == 2 ? static_cast<std::uint8_t>(kAlphabet[(group >> 6) & 63]) : '=';
    to[3] = '=';
  }
}

std::string base64_encode(ByteView bytes) {
  std::string text(base64_size(bytes.size()), '\0');
  base64_encode(bytes, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  return text;
}

std::optional<std::size_t> base64_decode(ByteView text, std::span<std::uint8_t> out) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (out.size() < text.size() / 4 * 3) {
    throw std::invalid_argument("base64_decode: the output is too short");
  }
  if (text.empty()) return 0;

  const std::uint8_t* in = text.data();
  std::uint8_t* to = out.data();
  // Only the last group may be padded, and the bits that padding hides must be zero.
  const bool padded = text.back() == '=';
  std::size_t groups = text.size() / 4 - (padded ? 1 : 0);
  if (const std::size_t done = simd::decode(in, groups, to, out.size()); done > 0) {
    in += 4 * done;
    to += 3 * done;
    groups -= done;
    if (groups == 0 && !padded) return text.size() / 4 * 3;
  }
  std::uint32_t seen = 0;
  const auto group_of = [&in](std::uint8_t third, std::uint8_t fourth) {
    return kPlaces[0][in[0]] | kPlaces[1][in[1]] | kPlaces[2][third] |
           kPlaces[3][fourth];
  };
  for (; groups > 0; --groups) {
    const std::uint32_t group = group_of(in[2], in[3]);
    seen |= group;
    to[0] = static_cast<std::uint8_t>(group >> 16);
    to[1] = static_cast<std::uint8_t>(group >> 8);
    to[2] = static_cast<std::uint8_t>(group);
    in += 4;
    to += 3;
  }

  if (!padded) {
    if ((seen & kBad) != 0) return std::nullopt;
    return text.size() / 4 * 3;
  }
  const int padding = in[2] == '=' ? 2 : 1;
  const std::uint32_t last = group_of(padding == 2 ? 'A' : in[2], 'A');
  seen |= last;
  const std::uint32_t hidden = padding == 2 ? 0xffff : 0xff;
  if ((seen & kBad) != 0 || (last & hidden) != 0) return std::nullopt;
  to[0] = static_cast<std::uint8_t>(last >> 16);
  if (padding < 2) to[1] = static_cast<std::uint8_t>(last >> 8);
  return text.size() / 4 * 3 - static_cast<std::size_t>(padding);
}

std::optional<Bytes> base64_decode(std::string_view text) {
  Bytes bytes(text.size() / 4 * 3);
  const auto size = base64_decode(
      ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()), bytes);
  if (!size) return std::nullopt;
  bytes.resize(*size);
  return bytes;
}

}  // namespace lockrig::smp
