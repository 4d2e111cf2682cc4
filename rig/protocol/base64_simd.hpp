// Base64, thirty-two characters at a time, where the processor has AVX2. Both return
// how many groups (three bytes, four characters) they have done from the front: the
// caller does the rest, and whatever they do not take. The last step overlaps the one
// before it, so that nothing is left where there was enough for one step.
// Source of the method: W. Mula, D. Lemire, "Faster Base64 Encoding and Decoding using
// AVX2 Instructions", ACM Transactions on the Web 12 (2018), sections 3 and 4.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace lockrig::smp::simd {

#if defined(__x86_64__)

/// Groups of one step.
inline constexpr std::size_t kStep = 8;

inline bool available() {
  static const bool is = __builtin_cpu_supports("avx2");
  return is;
}

/// The same sixteen bytes in both halves.
__attribute__((target("avx2"))) inline __m256i both(__m128i half) {
  return _mm256_broadcastsi128_si256(half);
}

__attribute__((target("avx2"))) inline std::size_t encode_steps(const std::uint8_t* in,
                                                                std::size_t groups,
                                                                std::uint8_t* out) {
  // The second half is loaded from the eighth byte on, so that nothing behind the
  // 24 bytes is read.
  const __m256i spread =
      _mm256_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10,  //
                       5, 4, 6, 5, 8, 7, 9, 8, 11, 10, 12, 11, 14, 13, 15, 14);
  // What is added to a six-bit value, by its range: a-z, 0-9, '+', '/', A-Z.
  const __m256i shifts = both(_mm_setr_epi8(
      'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
      '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0));
  for (std::size_t done = 0;;) {
    const auto* from = reinterpret_cast<const __m128i*>(in + 3 * done);
    const auto* second = reinterpret_cast<const __m128i*>(in + 3 * done + 8);
    __m256i v = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(from)),
                                        _mm_loadu_si128(second), 1);
    v = _mm256_shuffle_epi8(v, spread);
    const __m256i ac =
        _mm256_mulhi_epu16(_mm256_and_si256(v, _mm256_set1_epi32(0x0fc0fc00)),
                           _mm256_set1_epi32(0x04000040));
    const __m256i bd =
        _mm256_mullo_epi16(_mm256_and_si256(v, _mm256_set1_epi32(0x003f03f0)),
                           _mm256_set1_epi32(0x01000010));
    const __m256i six = _mm256_or_si256(ac, bd);
    const __m256i is_upper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), six);
    const __m256i range =
        _mm256_or_si256(_mm256_subs_epu8(six, _mm256_set1_epi8(51)),
                        _mm256_and_si256(is_upper, _mm256_set1_epi8(13)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 4 * done),
                        _mm256_add_epi8(six, _mm256_shuffle_epi8(shifts, range)));
    if (done + kStep == groups) return groups;
    done = std::min(done + kStep, groups - kStep);
  }
}

/// 0 where one of them is not of the alphabet: the caller finds it again.
__attribute__((target("avx2"))) inline std::size_t decode_steps(const std::uint8_t* in,
                                                                std::size_t groups,
                                                                std::uint8_t* out) {
  // A character is bad if the tables of its two halves share a bit.
  const __m256i bad_low =
      both(_mm_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                         0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a));
  const __m256i bad_high =
      both(_mm_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10,
                         0x10, 0x10, 0x10, 0x10, 0x10, 0x10));
  const __m256i shifts =
      both(_mm_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0));
  const __m256i pack =
      both(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
  const __m256i join = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7);
  const __m256i slash = _mm256_set1_epi8('/');  // 0x2f: a half's mask, too
  __m256i seen = _mm256_setzero_si256();
  for (std::size_t done = 0;;) {
    const __m256i text =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + 4 * done));
    const __m256i high = _mm256_and_si256(_mm256_srli_epi32(text, 4), slash);
    const __m256i low = _mm256_and_si256(text, slash);
    seen = _mm256_or_si256(seen, _mm256_and_si256(_mm256_shuffle_epi8(bad_low, low),
                                                  _mm256_shuffle_epi8(bad_high, high)));
    const __m256i range = _mm256_add_epi8(_mm256_cmpeq_epi8(text, slash), high);
    const __m256i six = _mm256_add_epi8(text, _mm256_shuffle_epi8(shifts, range));
    const __m256i twelve = _mm256_maddubs_epi16(six, _mm256_set1_epi32(0x01400140));
    const __m256i all = _mm256_madd_epi16(twelve, _mm256_set1_epi32(0x00011000));
    const __m256i bytes =
        _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(all, pack), join);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 3 * done), bytes);
    if (done + kStep == groups) break;
    done = std::min(done + kStep, groups - kStep);
  }
  return _mm256_testz_si256(seen, seen) != 0 ? groups : 0;
}

inline std::size_t encode(const std::uint8_t* in, std::size_t size, std::uint8_t* out) {
  const std::size_t groups = size / 3;
  return groups >= kStep && available() ? encode_steps(in, groups, out) : 0;
}

/// Writes eight bytes beyond the groups it does, within `room`.
inline std::size_t decode(const std::uint8_t* in, std::size_t groups, std::uint8_t* out,
                          std::size_t room) {
  groups = std::min(groups, room < 8 ? 0 : (room - 8) / 3);
  return groups >= kStep && available() ? decode_steps(in, groups, out) : 0;
}

#else

inline std::size_t encode(const std::uint8_t*, std::size_t, std::uint8_t*) { return 0; }
inline std::size_t decode(const std::uint8_t*, std::size_t, std::uint8_t*,
                          std::size_t) {
  return 0;
}

#endif

}  // namespace lockrig::smp::simd
