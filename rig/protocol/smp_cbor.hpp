// The part of CBOR (RFC 8949) that SMP needs below nlohmann-json: a reader that walks
// bytes from a lock without allocating. nlohmann-json 3.11 recurses as deep as its
// input asks for and throws on an array that announces 2^63 elements even when told not
// to; what well_formed_map() has accepted is safe to give it. The reader also serves
// image uploads, whose data nlohmann-json copies byte by byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "rig/core/units.hpp"

namespace lockrig::smp {

/// The major types of RFC 8949 section 3.1.
enum class CborType : std::uint8_t {
  unsigned_number = 0,
  negative_number = 1,
  bytes = 2,
  text = 3,
  array = 4,
  map = 5,
  tag = 6,
  simple = 7,  // false, true, null, floating point; indefinite: the "break"
};

inline constexpr std::uint8_t kCborFalse = 20;
inline constexpr std::uint8_t kCborTrue = 21;

class CborReader {
 public:
  /// The messages of the standard groups nest at most four deep.
  static constexpr int kMaxDepth = 16;

  struct Head {
    CborType type;
    std::uint64_t argument;
    bool indefinite;
    std::uint8_t width;  ///< bytes of the argument; 0: it is part of the first byte
  };

  explicit CborReader(ByteView bytes) : left_(bytes) {}

  bool at_end() const { return left_.empty(); }

  /// The first bytes of the next item; nullopt if they are missing or reserved.
  std::optional<Head> head();

  /// The content of a string whose definite length is `size`.
  std::optional<ByteView> take(std::uint64_t size);

  /// True and past it, if the "break" of an indefinite-length item is next.
  bool take_break();

  /// Steps over one whole item. False if it is malformed: cut short, a tag, nested
  /// deeper than `depth`, a key that is not text, text that is not UTF-8.
  bool skip(int depth = kMaxDepth);

 private:
  bool skip_string(const Head& head);
  bool skip_items(const Head& head, int depth);

  ByteView left_;
};

/// One map, and nothing behind it.
bool well_formed_map(ByteView bytes);

}  // namespace lockrig::smp
