// The part of CBOR (RFC 8949) that SMP needs below nlohmann-json: a reader that walks
// bytes from a lock without allocating, and a writer for what is sent often.
// nlohmann-json 3.11 recurses as deep as its input asks for and throws on an array that
// announces 2^63 elements even when told not to; what well_formed_map() has accepted is
// safe to give it. The reader also serves image uploads, whose data nlohmann-json
// copies byte by byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

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

/// Appends items, each in its shortest form. The caller counts what a map or an array
/// holds, and gives a map's keys as text.
class CborWriter {
 public:
  /// Behind what `out` holds.
  explicit CborWriter(Bytes out = {}) : out_(std::move(out)) {}

  CborWriter& map(std::uint32_t pairs) { return head(CborType::map, pairs); }
  CborWriter& array(std::uint32_t items) { return head(CborType::array, items); }
  CborWriter& number(std::uint32_t value) {
    return head(CborType::unsigned_number, value);
  }
  CborWriter& flag(bool value) {
    return head(CborType::simple, value ? kCborTrue : kCborFalse);
  }
  CborWriter& text(std::string_view text);
  CborWriter& bytes(ByteView bytes);

  /// Once: all that there is.
  Bytes finish() { return std::move(out_); }

 private:
  CborWriter& head(CborType type, std::uint32_t argument);

  Bytes out_;
};

/// One map, and nothing behind it.
bool well_formed_map(ByteView bytes);

}  // namespace lockrig::smp
