// The two MPSSE channels of an FT4232H, 8 pins each, as one of 16: bits 0-7 are ADBUS,
// bits 8-15 are BDBUS.
//
// Limits. Both channels run on one crystal and so keep in step, but each begins when
// its own USB transfer arrives: within the 125 us of a high-speed micro-frame plus what
// the host takes between two transfers. So a waveform's edges are exact within a
// channel, and off by that much between them: a sample's high byte is of another moment
// than its low byte.
// Waits for GPIOL1 are refused: each channel looks at its own pin, and if one alone
// waited, the other would run ahead of it for good.
#pragma once

#include <deque>
#include <exception>
#include <memory>

#include "rig/protocol/ftdi_channel.hpp"

namespace lockrig::io {

/// Commands of one 16-bit stream to two 8-bit ones, and their answers to one again.
/// Sans-I/O.
class Ft4232hSplit {
 public:
  /// Appends each channel's part. A command whose end is missing waits for the next
  /// call. std::invalid_argument, and nothing is taken, for a wait for GPIOL1.
  void split(ByteView commands, Bytes& low, Bytes& high);

  void take_low(ByteView answers) { append(low_, answers); }
  void take_high(ByteView answers) { append(high_, answers); }
  /// The next answers in the order of the commands. What nobody asked for comes out as
  /// well, once nothing is expected: the caller must see it.
  std::size_t merge(std::span<std::uint8_t> into);
  /// Whether the high channel's answer is missing next; else it is the low one's.
  bool wants_high() const;
  bool expects_answers() const { return !order_.empty(); }

  void reset() { *this = Ft4232hSplit(); }

 private:
  /// A command that neither channel knows is answered by both.
  enum class From : std::uint8_t { low, high, both };
  struct Answer {
    From from;
    std::uint8_t opcode = 0;  // of both
  };
  static void append(std::deque<std::uint8_t>& to, ByteView bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
  }

  Bytes rest_;
  std::deque<Answer> order_;
  std::deque<std::uint8_t> low_;
  std::deque<std::uint8_t> high_;
};

class Ft4232hPair final : public FtdiChannel {
 public:
  /// The channels are open and outlive the pair, the pair its callers' tasks.
  Ft4232hPair(World& world, FtdiChannel& low, FtdiChannel& high);

  /// Both channels are given their part at once. A failure of either is thrown when
  /// both have ended.
  Task<StreamStatus> write(ByteView data) override;
  Task<ReadResult> read_some(std::span<std::uint8_t> into, Instant until) override;
  Task<void> set_bit_mode(BitMode mode) override;
  /// std::invalid_argument for commands with answers.
  void dead_man(Bytes commands, Instant due) override;
  void close() override;

 private:
  Task<void> write_high(Bytes data);

  World& world_;
  FtdiChannel& low_;
  FtdiChannel& high_;
  Ft4232hSplit split_;
  Signal high_ended_;
  bool high_busy_ = false;
  StreamStatus high_status_ = StreamStatus::ok;
  std::exception_ptr high_failure_;
  std::unique_ptr<Life> life_;
};

}  // namespace lockrig::io
