#include "rig/protocol/crc32.hpp"

#include <array>
#include <cstddef>

namespace lockrig {
namespace {

constexpr std::uint32_t kPolynomial = 0xedb88320;  // reflected
constexpr std::size_t kSlices = 8;

using Tables = std::array<std::array<std::uint32_t, 256>, kSlices>;

/// tables[n][b]: what byte b does to the sum when n bytes follow it.
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t sum = byte;
    for (int bit = 0; bit < 8; ++bit) sum = sum >> 1 ^ (sum & 1 ? kPolynomial : 0);
    tables[0][byte] = sum;
  }
  for (std::size_t n = 1; n < kSlices; ++n) {
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[n - 1][byte];
      tables[n][byte] = before >> 8 ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

}  // namespace

// Eight bytes at a time ("slicing by 8", Kounavis and Berry, 2005): a boot reads some
// hundred records.
std::uint32_t crc32(ByteView bytes) {
  std::uint32_t sum = 0xffffffff;
  const std::uint8_t* at = bytes.data();
  const std::uint8_t* const end = at + bytes.size();
  for (; end - at >= static_cast<std::ptrdiff_t>(kSlices); at += kSlices) {
    sum ^= at[0] | at[1] << 8 | at[2] << 16 | static_cast<std::uint32_t>(at[3]) << 24;
    sum = kTables[7][sum & 0xff] ^ kTables[6][sum >> 8 & 0xff] ^
          kTables[5][sum >> 16 & 0xff] ^ kTables[4][sum >> 24] ^ kTables[3][at[4]] ^
          kTables[2][at[5]] ^ kTables[1][at[6]] ^ kTables[0][at[7]];
  }
  for (; at != end; ++at) sum = sum >> 8 ^ kTables[0][(sum ^ *at) & 0xff];
  return ~sum;
}

}  // namespace lockrig
