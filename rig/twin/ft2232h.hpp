// Channel A of a virtual FT2232H: MPSSE bytes on the host's side, 16 pins on the other.
//
// What is modelled: FIFOs of 4096 bytes each way, chip-timed execution (see
// mpsse_engine.hpp), pin states at power-up, in both modes, after reset and close.
// What is not: the USB transfer's own time and the latency timer. Answers reach a
// waiting reader at a flush and whenever execution halts (no commands, no room, wait on
// GPIOL1); a read that begins or times out in between gets what the chip has by then.
// ADBUS0, the clock, is not seen to toggle: no line may hang on it (wiring.hpp).
#pragma once

#include <functional>

#include "rig/protocol/ftdi_channel.hpp"
#include "rig/twin/mpsse_engine.hpp"

namespace lockrig::twin {

class Ft2232h final : public FtdiChannel {
 public:
  /// Outputs of a channel that is not in MPSSE mode: TXD, RTS#, DTR#, TXDEN, RXLED#,
  /// TXLED# (FT2232H data sheet, pin table: ADBUS0, 2, 4, ACBUS0, 3, 4). The chip is
  /// out of its box: the EEPROM selects UART.
  static constexpr std::uint16_t kUartOutputs = 0x1915;
  /// Of these, what is high while nothing is sent: all but TXDEN.
  static constexpr std::uint16_t kUartIdle = 0x1815;

  explicit Ft2232h(World& world);

  Task<ReadResult> read_some(std::span<std::uint8_t> into, Instant until) override;
  /// Returns when the last byte is in the command FIFO. Outside MPSSE mode the bytes
  /// leave on TXD and are nobody's.
  Task<StreamStatus> write(ByteView data) override;
  /// The chip is left in reset mode. Both directions are `closed` from now on.
  void close() override;
  /// Either mode starts the MPSSE controller afresh; entering MPSSE leaves every pin an
  /// input.
  Task<void> set_bit_mode(BitMode mode) override;
  void dead_man(Bytes commands, Instant due) override;

  /// The USB cable, which powers the chip: without it no pin is driven, and reads and
  /// writes are `failed`, those under way included. Plugged in again it is as at
  /// power-up.
  void unplug_usb();
  void replug_usb();
  bool plugged() const { return plugged_; }
  /// The cable comes out at the n-th exchange: every write() and read_some() is one,
  /// counted from the chip's making. 0 is never.
  void pull_usb_at(std::uint64_t step) { pull_at_ = step; }
  std::uint64_t exchanges() const { return exchanges_; }
  /// Called when the cable goes and comes.
  void watch_usb(std::function<void(bool plugged)> f) { watch_usb_ = std::move(f); }

  // What the USB side of the chip sees (ftdi_usb.hpp).

  BitMode mode() const { return mode_; }
  /// set_bit_mode() at once.
  void enter(BitMode mode) {
    if (!closed_ && plugged_) start(mode);
  }
  /// Waits until answers were flushed, until there are as many as fit `into`, or until
  /// `until`; takes what there is then. Nothing once the cable is out.
  Task<std::size_t> packet(std::span<std::uint8_t> into, Instant until);
  /// Purges: commands that are not executed, answers that were not read.
  void drop_commands();
  void drop_answers() { engine_.drop_answers(world_.now()); }
  /// Levels as the chip reads them.
  std::uint16_t pins() const {
    return engine_.with_shorts(static_cast<std::uint16_t>(
        (engine_.inputs() & ~driven_) | (levels_ & driven_)));
  }

  /// The world drives a pin (0-7 ADBUS, 8-15 ACBUS), now. std::logic_error, naming the
  /// pin, if an MPSSE output drives it too; so will the set command that tries later.
  /// The idle UART outputs are tolerated: an input's source stands behind a resistor.
  void set_input(int bit, bool level) {
    const auto mask = static_cast<std::uint16_t>(1u << bit);
    wired_ |= mask;
    if (mode_ == BitMode::mpsse && (driven_ & mask) != 0) refuse(mask);
    const std::uint16_t others = engine_.inputs() & static_cast<std::uint16_t>(~mask);
    put_inputs(level ? others | mask : others);
  }
  /// The world no longer drives a pin. It reads its pull: outside, or the chip's own
  /// weak pull-up (75 kOhm, FT2232H data sheet), which an outside pull overrides.
  void release_input(int bit, bool pull = true);

  /// A defect of the station: from now on the pins in `mask` are shorted to these
  /// levels, and read so though the chip drives them otherwise.
  void short_pins(std::uint16_t mask, std::uint16_t levels) {
    engine_.short_pins(mask, levels);
  }

  /// What the chip drives; levels are 0 where it does not.
  std::uint16_t levels() const { return levels_; }
  std::uint16_t driven() const { return driven_; }
  /// Called on every change, at the time of the change; not for the present state.
  void watch_outputs(
      std::function<void(std::uint16_t levels, std::uint16_t driven)> f) {
    watch_ = std::move(f);
  }

 private:
  bool exchange();
  void start(BitMode mode);
  [[noreturn]] static void refuse(std::uint16_t both);
  // Inline, as set_input() is: a flash's BUSY changes thousands of times in a minute.
  void put_inputs(std::uint16_t levels) {
    const int changed = engine_.inputs() ^ levels;
    engine_.set_inputs(levels, world_.now());
    // Not at once: the caller may be in the middle of a change of its own.
    if (engine_.waits_for_gpiol1() && (changed >> mpsse::kGpiol1Bit & 1) != 0) {
      timer_.at(world_.now());
    }
  }
  void drive(mpsse::Pins pins);
  /// `alone`: no task of the world is in the middle of something, the clock may move.
  Instant advance(bool alone);
  void schedule();
  void run();

  World& world_;
  BitMode mode_ = BitMode::reset;
  bool closed_ = false;
  bool plugged_ = true;
  bool flushed_ = false;  // answers wait that the host shall have at once
  std::uint64_t exchanges_ = 0;
  std::uint64_t pull_at_ = 0;
  std::function<void(bool)> watch_usb_;
  std::uint16_t wired_ = 0;  // pins the world drives
  std::uint16_t levels_ = kUartIdle;
  std::uint16_t driven_ = kUartOutputs;
  std::function<void(std::uint16_t, std::uint16_t)> watch_;
  MpsseEngine engine_;
  Signal answers_;
  Signal room_;
  Timer timer_;
  Bytes dead_man_commands_;
  Timer dead_man_;
};

}  // namespace lockrig::twin
