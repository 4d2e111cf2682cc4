// One MPSSE channel of a real FTDI chip, through libftdi1 on two threads of its own,
// which alone touch the device: a USB call that hangs holds up its own station only.
//
// One of them gives commands, the other collects answers, so a write goes out at once
// though an answer is awaited. The device is polled only while somebody reads, and
// after some polls without a byte with pauses of up to kLongestPause in between: an
// answer comes up to kLatency and kLongestPause late.
//
// A device that fails or vanishes is a RigError naming station and device, to what
// waits and to every later call, until open() has found it again. Failed calls change
// nothing else: there is no retry behind the caller's back.
#pragma once

#include <memory>
#include <string>

#include "rig/io/ftdi_handle.hpp"
#include "rig/protocol/ftdi_channel.hpp"
#include "rig/protocol/ftdi_chip.hpp"

namespace lockrig::io {

class MpssePort final : public FtdiChannel {
 public:
  struct Config {
    std::string station;
    const mpsse::Chip* chip = &mpsse::kFt2232h;
    std::string usb_serial;
    int channel = 0;  // 0 is A
  };

  /// Of every channel of the chip; the default, 16 ms, would delay each answer by that.
  /// ftdi_sio sets its own channel's when it takes it, which may be later than we.
  static constexpr Duration kLatency = 1ms;
  static constexpr Duration kLongestPause = 2ms;
  /// A write to a full chip is tried for so long at a time; in between it is seen
  /// whether a dead man waits.
  static constexpr Duration kWriteSlice = 50ms;
  /// By this much a dead man may be late on a chip that takes no commands; then its
  /// channel is reset, which lets go of every pin, and fails.
  static constexpr Duration kDeadManPatience = 200ms;

  /// The world outlives the port and is wall or paced. std::invalid_argument for a
  /// channel without an MPSSE. The device is not touched before open().
  MpssePort(World& world, Config config);
  MpssePort(World& world, Config config, std::unique_ptr<FtdiHandle> handle);
  /// As close().
  ~MpssePort() override;

  /// Finds the device by its serial number and takes the channel: bit mode reset, empty
  /// buffers, latency timers set and read back. May be called again, to begin anew or
  /// after a failure. RigError says what is in the way: not there (and what is), in
  /// use (by whom), no permission, another chip.
  Task<void> open();

  Task<ReadResult> read_some(std::span<std::uint8_t> into, Instant until) override;
  Task<StreamStatus> write(ByteView data) override;
  Task<void> set_bit_mode(BitMode mode) override;
  /// Behind a write under way. A chip that waits for GPIOL1 executes it only then, like
  /// all commands.
  void dead_man(Bytes commands, Instant due) override;
  /// Blocks until the channel is reset, every pin an input, and given back: two USB
  /// calls at worst (2 s on a device that hangs). Nothing queued is sent any more.
  void close() override;

  /// close() leaves mode and pins as they are, for a station that keeps its power.
  void leave_pins();

  /// From write() until the chip has the bytes, over the last kMeasured writes; the
  /// longest over all of them.
  struct Latency {
    std::size_t count = 0;  // all writes
    double p50_us = 0;
    double p99_us = 0;
    double max_us = 0;
  };
  static constexpr std::size_t kMeasured = 4096;
  Latency latency() const;

 private:
  class Device;
  std::shared_ptr<Device> device_;
};

}  // namespace lockrig::io
