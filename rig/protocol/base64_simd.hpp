// Base64, sixteen characters at a time, where the processor has SSSE3. Both return how
// many groups (three bytes, four characters) they have done from the front: the caller
// does the rest, and whatever they do not take.
// Source of the method: W. Mula, D. Lemire, "Faster Base64 Encoding and Decoding using
// AVX2 Instructions", ACM Transactions on the Web 12 (2018), sections 3 and 4.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__x86_64__)
#include <tmmintrin.h>
#endif

namespace lockrig::smp::simd {

#if defined(__x86_64__)

inline bool available() {
  static const bool is = __builtin_cpu_supports("ssse3");
  return is;
}

/// Reads four bytes beyond the groups it does, within `size`.
__attribute__((target("ssse3"))) inline std::size_t encode(const std::uint8_t* in,
                                                           std::size_t size,
                                                           std::uint8_t* out) {
  const __m128i spread =
      _mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
  // What is added to a six-bit value, by its range: a-z, 0-9, '+', '/', A-Z.
  const __m128i shifts = _mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                       '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                       '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
  std::size_t done = 0;
  for (; done + 16 <= size; done += 12, out += 16) {
    __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + done));
    v = _mm_shuffle_epi8(v, spread);
    const __m128i ac = _mm_mulhi_epu16(_mm_and_si128(v, _mm_set1_epi32(0x0fc0fc00)),
                                       _mm_set1_epi32(0x04000040));
    const __m128i bd = _mm_mullo_epi16(_mm_and_si128(v, _mm_set1_epi32(0x003f03f0)),
                                       _mm_set1_epi32(0x01000010));
    const __m128i six = _mm_or_si128(ac, bd);
    const __m128i is_upper = _mm_cmpgt_epi8(_mm_set1_epi8(26), six);
    const __m128i range = _mm_or_si128(_mm_subs_epu8(six, _mm_set1_epi8(51)),
                                       _mm_and_si128(is_upper, _mm_set1_epi8(13)));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out),
                     _mm_add_epi8(six, _mm_shuffle_epi8(shifts, range)));
  }
  return done / 3;
}

/// Stops in front of sixteen characters that are not all of the alphabet. Writes four
/// bytes beyond the groups it does, within `room`.
__attribute__((target("ssse3"))) inline std::size_t decode(const std::uint8_t* in,
                                                           std::size_t groups,
                                                           std::uint8_t* out,
                                                           std::size_t room) {
  // A character is bad if the tables of its two halves share a bit.
  const __m128i bad_low = _mm_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                                        0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a);
  const __m128i bad_high =
      _mm_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10,
                    0x10, 0x10, 0x10, 0x10, 0x10);
  const __m128i shifts =
      _mm_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
  const __m128i pack =
      _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
  const __m128i slash = _mm_set1_epi8('/');  // 0x2f: a half's mask, too
  std::size_t done = 0;
  for (; done + 4 <= groups && 3 * done + 16 <= room; done += 4) {
    const __m128i text =
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + 4 * done));
    const __m128i high = _mm_and_si128(_mm_srli_epi32(text, 4), slash);
    const __m128i low = _mm_and_si128(text, slash);
    const __m128i bad =
        _mm_and_si128(_mm_shuffle_epi8(bad_low, low), _mm_shuffle_epi8(bad_high, high));
    if (_mm_movemask_epi8(_mm_cmpeq_epi8(bad, _mm_setzero_si128())) != 0xffff) break;
    const __m128i range = _mm_add_epi8(_mm_cmpeq_epi8(text, slash), high);
    const __m128i six = _mm_add_epi8(text, _mm_shuffle_epi8(shifts, range));
    const __m128i twelve = _mm_maddubs_epi16(six, _mm_set1_epi32(0x01400140));
    const __m128i all = _mm_madd_epi16(twelve, _mm_set1_epi32(0x00011000));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 3 * done),
                     _mm_shuffle_epi8(all, pack));
  }
  return done;
}

#else

inline bool available() { return false; }
inline std::size_t encode(const std::uint8_t*, std::size_t, std::uint8_t*) { return 0; }
inline std::size_t decode(const std::uint8_t*, std::size_t, std::uint8_t*,
                          std::size_t) {
  return 0;
}

#endif

}  // namespace lockrig::smp::simd
