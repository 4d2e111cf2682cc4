// The commands of FTDI's MPSSE, both ways: encoders for the station, a decoder for the
// virtual chip, and the arithmetic of the chip's clock.
// Source of every opcode and length: FTDI AN_108 "Command Processor for MPSSE and MCU
// Host Bus Emulation Modes", chapter 3.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "rig/core/units.hpp"

namespace lockrig::mpsse {

namespace op {
inline constexpr std::uint8_t kSetLow = 0x80;      // value, direction
inline constexpr std::uint8_t kReadLow = 0x81;     // answers 1 byte
inline constexpr std::uint8_t kSetHigh = 0x82;     // value, direction
inline constexpr std::uint8_t kReadHigh = 0x83;    // answers 1 byte
inline constexpr std::uint8_t kLoopbackOn = 0x84;  // TDI to TDO
inline constexpr std::uint8_t kLoopbackOff = 0x85;
inline constexpr std::uint8_t kDivisor = 0x86;         // divisor low, high
inline constexpr std::uint8_t kFlush = 0x87;           // "send immediate"
inline constexpr std::uint8_t kWaitGpiol1High = 0x88;  // without a time-out
inline constexpr std::uint8_t kWaitGpiol1Low = 0x89;   // without a time-out
inline constexpr std::uint8_t kDivideBy5Off = 0x8a;    // H series only
inline constexpr std::uint8_t kDivideBy5On = 0x8b;     // H series only
inline constexpr std::uint8_t kThreePhaseOn = 0x8c;    // H series only
inline constexpr std::uint8_t kThreePhaseOff = 0x8d;   // H series only
inline constexpr std::uint8_t kClockBits = 0x8e;       // n: n+1 clocks, n 0-7
inline constexpr std::uint8_t kClockBytes = 0x8f;      // low, high: (n+1) x 8 clocks
inline constexpr std::uint8_t kClockUntilHigh = 0x94;  // clock until GPIOL1 is high
inline constexpr std::uint8_t kClockUntilLow = 0x95;
inline constexpr std::uint8_t kAdaptiveOn = 0x96;           // H series only
inline constexpr std::uint8_t kAdaptiveOff = 0x97;          // H series only
inline constexpr std::uint8_t kClockBytesUntilHigh = 0x9c;  // low, high: at most
inline constexpr std::uint8_t kClockBytesUntilLow = 0x9d;   // (n+1) x 8 clocks
/// First byte of the answer to a command the chip does not know; the command follows.
inline constexpr std::uint8_t kBadCommand = 0xfa;
}  // namespace op

/// GPIOL1, the pin that the wait commands look at, is ADBUS5.
inline constexpr int kGpiol1Bit = 5;

/// The 16 pins of a channel: bit 0-7 is ADBUS0-7, bit 8-15 is ACBUS0-7. In direction, 1
/// is an output.
struct Pins {
  std::uint16_t value = 0;
  std::uint16_t direction = 0;
  bool operator==(const Pins&) const = default;
};

// Time inside the chip is counted in ticks of its 60 MHz (AN_108, clock divisor). A
// tick is 16 2/3 ns: add up ticks and convert the sum, or the error adds up too.
inline constexpr std::int64_t kTicksPerSecond = 60'000'000;

/// Nearest nanosecond. REQUIRES: less than 95 years.
constexpr Duration to_duration(std::int64_t ticks) {
  return Duration{(ticks * 50 + (ticks < 0 ? -1 : 1)) / 3};
}

/// Whole ticks that fit in a time; a remainder is cut off towards zero.
constexpr std::int64_t to_ticks(Duration time) {
  return time.count() / 50 * 3 + time.count() % 50 * 3 / 50;
}

/// The first tick at or after a time, and the last one at or before it, as
/// to_duration() has them: three ticks are 0, 17 and 33 ns into each 50. REQUIRES: time
/// >= 0.
constexpr std::int64_t first_tick(Duration time) {
  const std::int64_t rest = time.count() % 50;
  return time.count() / 50 * 3 + (rest > 0) + (rest > 17) + (rest > 33);
}
constexpr std::int64_t last_tick(Duration time) {
  const std::int64_t rest = time.count() % 50;
  return time.count() / 50 * 3 + (rest >= 17) + (rest >= 33);
}

/// The rate of the clock that times a waveform: 60 MHz / (2 (1 + divisor)), or 12 MHz
/// in place of 60 with divide_by_5. The default is 1 MHz: one clock is one microsecond.
struct ChipClock {
  bool divide_by_5 = false;
  std::uint16_t divisor = 29;

  constexpr std::int64_t ticks_per_clock() const {
    return (divide_by_5 ? 10 : 2) * (std::int64_t{divisor} + 1);
  }
  bool operator==(const ChipClock&) const = default;
};

/// Period of one clock to the nearest nanosecond, for display; sums use ticks.
constexpr Duration clock_period(bool divide_by_5, std::uint16_t divisor) {
  return to_duration(ChipClock{divide_by_5, divisor}.ticks_per_clock());
}

void append_set_low(Bytes& out, Pins pins);
void append_set_high(Bytes& out, Pins pins);
/// Reads both bytes: the chip answers low, then high.
void append_sample(Bytes& out);
/// Selects the clock: divide-by-5 switch and divisor.
void append_clock(Bytes& out, ChipClock clock);
/// Lets exactly that many clocks pass; none for zero. REQUIRES: clocks >= 0.
void append_wait(Bytes& out, std::int64_t clocks);

/// One decoded command. Which fields count depends on the kind; the others are zero.
struct Command {
  enum class Kind : std::uint8_t {
    bad,  // answered with kBadCommand and the opcode; the stream goes on behind it
    set_low,
    set_high,
    read_low,
    read_high,
    loopback_on,
    loopback_off,
    divisor,
    flush,
    wait_gpiol1_high,
    wait_gpiol1_low,
    div5_off,
    div5_on,
    three_phase_on,
    three_phase_off,
    clock_bits,
    clock_bytes,
    clock_until_high,
    clock_until_low,
    adaptive_on,
    adaptive_off,
    clock_bytes_until_high,
    clock_bytes_until_low,
  };

  Kind kind = Kind::bad;
  std::uint8_t opcode = 0;
  std::uint8_t value = 0;      // set_low, set_high
  std::uint8_t direction = 0;  // set_low, set_high
  std::uint16_t divisor = 0;   // divisor
  std::uint32_t clocks = 0;    // clock_*: how many, or at most how many
  bool operator==(const Command&) const = default;
};

namespace detail {

struct Form {
  Command::Kind kind = Command::Kind::bad;
  std::uint8_t arguments = 0;
};

constexpr std::array<Form, 256> make_forms() {
  using Kind = Command::Kind;
  std::array<Form, 256> forms{};
  forms[op::kSetLow] = {Kind::set_low, 2};
  forms[op::kReadLow] = {Kind::read_low, 0};
  forms[op::kSetHigh] = {Kind::set_high, 2};
  forms[op::kReadHigh] = {Kind::read_high, 0};
  forms[op::kLoopbackOn] = {Kind::loopback_on, 0};
  forms[op::kLoopbackOff] = {Kind::loopback_off, 0};
  forms[op::kDivisor] = {Kind::divisor, 2};
  forms[op::kFlush] = {Kind::flush, 0};
  forms[op::kWaitGpiol1High] = {Kind::wait_gpiol1_high, 0};
  forms[op::kWaitGpiol1Low] = {Kind::wait_gpiol1_low, 0};
  forms[op::kDivideBy5Off] = {Kind::div5_off, 0};
  forms[op::kDivideBy5On] = {Kind::div5_on, 0};
  forms[op::kThreePhaseOn] = {Kind::three_phase_on, 0};
  forms[op::kThreePhaseOff] = {Kind::three_phase_off, 0};
  forms[op::kClockBits] = {Kind::clock_bits, 1};
  forms[op::kClockBytes] = {Kind::clock_bytes, 2};
  forms[op::kClockUntilHigh] = {Kind::clock_until_high, 0};
  forms[op::kClockUntilLow] = {Kind::clock_until_low, 0};
  forms[op::kAdaptiveOn] = {Kind::adaptive_on, 0};
  forms[op::kAdaptiveOff] = {Kind::adaptive_off, 0};
  forms[op::kClockBytesUntilHigh] = {Kind::clock_bytes_until_high, 2};
  forms[op::kClockBytesUntilLow] = {Kind::clock_bytes_until_low, 2};
  return forms;
}

inline constexpr std::array<Form, 256> kForms = make_forms();

}  // namespace detail

/// Of a whole clock_bits command, or of one that counts bytes.
inline std::uint32_t clocks_of(const std::uint8_t* command) {
  // AN_108 defines 0-7 bits only; those above are taken as not wired.
  if (command[0] == op::kClockBits) return (command[1] & 7u) + 1;
  return ((command[1] | command[2] << 8) + 1u) * 8;
}

/// Takes the next command off the front of the stream; nullopt, and nothing taken,
/// while it is incomplete. Never allocates. Data shifting (opcodes below 0x80), CPU-bus
/// commands and the FT232H's 0x9E are `bad` here: no rig line is a serial or CPU bus,
/// so such a byte is a mistake in the stream and must show. Inline because a virtual
/// chip decodes 600 commands a second: a call costs 13 ns in place of 4.
inline std::optional<Command> next(ByteView& stream) {
  using Kind = Command::Kind;
  if (stream.empty()) return std::nullopt;
  const detail::Form form = detail::kForms[stream[0]];
  if (stream.size() < 1u + form.arguments) return std::nullopt;

  Command command{.kind = form.kind, .opcode = stream[0]};
  switch (form.kind) {
    case Kind::set_low:
    case Kind::set_high:
      command.value = stream[1];
      command.direction = stream[2];
      break;
    case Kind::divisor:
      command.divisor = static_cast<std::uint16_t>(stream[1] | stream[2] << 8);
      break;
    case Kind::clock_bits:
    case Kind::clock_bytes:
    case Kind::clock_bytes_until_high:
    case Kind::clock_bytes_until_low:
      command.clocks = clocks_of(stream.data());
      break;
    default:
      break;
  }
  stream = stream.subspan(1u + form.arguments);
  return command;
}

}  // namespace lockrig::mpsse
