#include "rig/protocol/crc16.hpp"

#include <array>
#include <cstddef>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace lockrig::smp {
namespace {

constexpr std::uint16_t kPolynomial = 0x1021;

using Tables = std::array<std::array<std::uint16_t, 256>, 8>;

// tables[k][b] is the CRC of byte b followed by k zero bytes, so that eight bytes cost
// eight independent look-ups (slicing-by-8) instead of a chain of eight.
constexpr Tables make_tables() {
  Tables tables{};
  for (unsigned b = 0; b < 256; ++b) {
    auto crc = static_cast<std::uint16_t>(b << 8);
    for (int bit = 0; bit < 8; ++bit) {
      crc = static_cast<std::uint16_t>((crc << 1) ^ (crc & 0x8000 ? kPolynomial : 0));
    }
    tables[0][b] = crc;
  }
  for (std::size_t k = 1; k < tables.size(); ++k) {
    for (std::size_t b = 0; b < 256; ++b) {
      const std::uint16_t crc = tables[k - 1][b];
      tables[k][b] = static_cast<std::uint16_t>((crc << 8) ^ tables[0][crc >> 8]);
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

constexpr std::size_t kBlock = 16;

#if defined(__x86_64__)

bool can_fold() {
  static const bool can =
      __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("ssse3");
  return can;
}

/// x to the power of n, modulo the polynomial.
constexpr std::uint16_t power(int n) {
  std::uint16_t x = 1;
  while (n-- > 0) {
    x = static_cast<std::uint16_t>((x << 1) ^ (x & 0x8000 ? kPolynomial : 0));
  }
  return x;
}

/// Sixteen bytes that have the CRC, begun with zero, of all whole blocks begun with
/// `crc`. REQUIRES: one whole block, can_fold().
/// Source: V. Gopal et al., "Fast CRC Computation for Generic Polynomials Using
/// PCLMULQDQ Instruction", Intel 2009.
__attribute__((target("pclmul,ssse3"))) std::array<std::uint8_t, kBlock> fold(
    ByteView blocks, std::uint16_t crc) {
  const __m128i turn =
      _mm_setr_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  constexpr std::uint16_t kHigh = power(128 + 64);
  constexpr std::uint16_t kLow = power(128);
  const __m128i ahead = _mm_set_epi64x(kHigh, kLow);
  const auto load = [&](std::size_t at) __attribute__((target("pclmul,ssse3"))) {
    const auto* from = reinterpret_cast<const __m128i*>(blocks.data() + at);
    return _mm_shuffle_epi8(_mm_loadu_si128(from), turn);
  };
  __m128i sum = _mm_xor_si128(load(0), _mm_set_epi64x(std::int64_t{crc} << 48, 0));
  for (std::size_t at = kBlock; at + kBlock <= blocks.size(); at += kBlock) {
    sum = _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(sum, ahead, 0x11),
                                      _mm_clmulepi64_si128(sum, ahead, 0x00)),
                        load(at));
  }
  std::array<std::uint8_t, kBlock> bytes;
  _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes.data()),
                   _mm_shuffle_epi8(sum, turn));
  return bytes;
}

#else

bool can_fold() { return false; }
std::array<std::uint8_t, kBlock> fold(ByteView, std::uint16_t) { return {}; }

#endif

}  // namespace

std::uint16_t crc16(ByteView bytes, std::uint16_t crc) {
  if (bytes.size() >= 4 * kBlock && can_fold()) {
    const std::size_t whole = bytes.size() - bytes.size() % kBlock;
    crc = crc16(fold(bytes.first(whole), crc), 0);
    bytes = bytes.subspan(whole);
  }
  const std::uint8_t* p = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, p += 8) {
    crc = static_cast<std::uint16_t>(
        kTables[7][p[0] ^ (crc >> 8)] ^ kTables[6][p[1] ^ (crc & 0xff)] ^
        kTables[5][p[2]] ^ kTables[4][p[3]] ^ kTables[3][p[4]] ^ kTables[2][p[5]] ^
        kTables[1][p[6]] ^ kTables[0][p[7]]);
  }
  for (; left > 0; --left, ++p) {
    crc = static_cast<std::uint16_t>((crc << 8) ^ kTables[0][(crc >> 8) ^ *p]);
  }
  return crc;
}

}  // namespace lockrig::smp
