// SMP over a serial console: messages cut into base64 lines, mixed with what else the
// board prints. Source: Zephyr, doc/services/device_mgmt/smp_transport.rst, "SMP over
// console": a line is 06 09 (first) or 04 14 (continuation), at most 124 base64
// characters, 0a. Decoded: u16 big-endian length (message + CRC), message,
// CRC-16/XMODEM of the message, big-endian.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "rig/core/units.hpp"
#include "rig/protocol/base64.hpp"

namespace lockrig::smp {

/// 2 + 124 + 1 bytes; 124 characters carry 93 bytes.
inline constexpr std::size_t kMaxLine = 127;
inline constexpr std::size_t kBytesPerLine = 93;

/// The length field counts the CRC too.
inline constexpr std::size_t kMaxMessage = 0xffff - 2;

/// All lines of one message. Throws std::invalid_argument above kMaxMessage.
Bytes encode_frame(ByteView message);
/// The same in place of what `out` holds: a buffer that is used again is not filled
/// with zeros first. REQUIRES: `message` is not part of it.
void encode_frame(ByteView message, Bytes& out);

/// What a LineDecoder met that was not right. A frame that fails is dropped whole, so
/// its remaining lines count as stray continuations.
struct LineErrors {
  std::uint32_t bad_base64 = 0;
  std::uint32_t bad_crc = 0;
  std::uint32_t bad_length = 0;  ///< announced less than a CRC, or carried more
  std::uint32_t overflow = 0;    ///< line above kMaxLine or message above the limit
  std::uint32_t stray_continuation = 0;
  std::uint32_t interrupted = 0;  ///< a frame began before the last one was whole
  std::uint32_t dropped = 0;      ///< a result nobody fetched made room for a new one

  bool operator==(const LineErrors&) const = default;
};

/// Takes a console's bytes in pieces of any size and gives back messages and text
/// lines, each in the order of arrival. How the bytes were cut makes no difference.
/// Survives any garbage and finds the next frame again, also one that begins in
/// mid-line (behind a prompt, or behind a line that a power cut left unfinished).
/// Memory is bounded: at most kMaxQueued results of each kind wait; the oldest makes
/// room.
class LineDecoder {
 public:
  static constexpr std::size_t kMaxQueued = 256;
  /// A longer text line is given out in pieces.
  static constexpr std::size_t kMaxText = 512;

  /// A frame that announces a message of more than `max_message` bytes is refused.
  explicit LineDecoder(std::size_t max_message);

  void feed(ByteView bytes);

  std::optional<Bytes> next_message();

  /// A line that is not SMP, without its end (0a or 0d 0a). Empty lines are left out.
  /// An SMP line that is not base64 is given too, without its marker: a board that was
  /// cut in mid-frame prints its boot banner there.
  std::optional<std::string> next_text_line();

  const LineErrors& errors() const { return errors_; }

 private:
  /// A fragment's bytes.
  struct Decoded {
    std::array<std::uint8_t, base64_room(kMaxLine - 3)> room;
    std::optional<std::size_t> size;  // nullopt: no base64, or too long for a line
  };

  void take_line(ByteView line);
  static void decode(ByteView fragment, Decoded& to);
  void take_fragment(ByteView fragment, const Decoded& decoded);
  void take_bytes(ByteView bytes);
  void add_text(ByteView text);

  std::size_t max_message_;
  Bytes line_;               // the line that has no end yet, at most kMaxText
  Bytes frame_;              // message and CRC, as far as they have come
  std::size_t awaited_ = 0;  // full size of frame_; 0 outside a frame
  std::deque<Bytes> messages_;
  std::deque<std::string> texts_;
  LineErrors errors_;
};

}  // namespace lockrig::smp
