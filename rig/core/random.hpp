// Randomness from a printed seed only, the same on every machine: the standard
// library's distributions are not.
#pragma once

#include <cstdint>
#include <string_view>

namespace lockrig {

/// One well mixed 64-bit value (splitmix64, Steele et al. 2014).
constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  return mix(mix(a) ^ b);
}

/// A seed from a seed and a name.
constexpr std::uint64_t mix(std::uint64_t seed, std::string_view name) {
  std::uint64_t h = mix(seed);
  for (const char c : name) h = mix(h, static_cast<unsigned char>(c));
  return h;
}

class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t next() { return mix(state_++); }
  /// 0 to n - 1; n > 0. The bias is below n / 2^64.
  constexpr std::uint64_t below(std::uint64_t n) { return next() % n; }
  /// 0 inclusive to 1 exclusive.
  constexpr double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace lockrig
