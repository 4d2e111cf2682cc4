// What the rig does to its lines and when, compiled into one MPSSE command stream: the
// chip's crystal times it, not the host.
// The times here count clocks only: a set or a sample takes none. What an opcode itself
// costs is not published and is measured at the lock (the rail-sense input).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "rig/core/units.hpp"
#include "rig/protocol/mpsse.hpp"

namespace lockrig::mpsse {

/// Evenly spaced samples, in chip ticks from the waveform's start.
struct SampleRun {
  std::int64_t first = 0;
  std::int64_t period = 0;  // 0 for a single sample
  std::int64_t count = 0;
  constexpr Duration at(std::int64_t i) const {
    return to_duration(first + i * period);
  }
  bool operator==(const SampleRun&) const = default;
};

/// The pins from a moment on, in chip ticks from the waveform's start.
struct Setting {
  std::int64_t tick = 0;
  std::uint16_t value = 0;
  bool operator==(const Setting&) const = default;
};

/// A command stream and how to read its reply.
struct Compiled {
  Bytes commands;
  std::vector<Setting> settings;   // one for each set()
  std::vector<SampleRun> samples;  // in the order of the reply
  std::size_t reply_bytes = 0;     // two a sample: ADBUS, ACBUS
  std::int64_t ticks = 0;          // length in chip ticks
  Duration length{};               // the same, to the nearest nanosecond
  /// The stream waits for a pin: the time of that wait comes on top of `length` and of
  /// every later sample's time, and only the host can say how long it was.
  bool waits_for_pin = false;
  /// Where the pins are left: the start of the next waveform. Empty if unknown.
  std::optional<Pins> left;
};

struct Piece;

/// A caller's mistake (a negative time, a length over kLongest) is
/// std::invalid_argument.
class Waveform {
 public:
  /// A day keeps every sum inside 64 bits; a real waveform lasts seconds.
  static constexpr Duration kLongest = std::chrono::hours{24};

  /// Nothing is known of the pins: the first set() writes both bytes.
  Waveform() = default;
  /// The pins are already so, and a byte that does not change is not written.
  explicit Waveform(std::optional<Pins> now) : start_(now) {}

  Waveform& set(Pins pins);
  /// Exact to the clock it is compiled for; rounding never adds up over several waits.
  Waveform& wait(Duration time);
  /// Reads all 16 pins now.
  Waveform& sample();
  /// Takes `total`, with a sample at the end of every whole `period` in it. Two such
  /// runs on end sample like one of twice the length. REQUIRES: period > 0.
  Waveform& sample_every(Duration period, Duration total);
  /// Holds everything until GPIOL1 (ADBUS5) is at the level. By level, not edge: wait
  /// for the inactive level first. Nothing but a reset of the chip ends it early.
  Waveform& wait_for_gpiol1(bool level);
  /// The same as the piece's own steps. It outlives this waveform.
  Waveform& add(const Piece& piece);

  bool empty() const { return steps_.empty(); }
  /// So far; a wait for GPIOL1 counts nothing.
  Duration length() const { return length_; }

 private:
  friend struct Piece;
  friend class Compiler;

  enum class Action : std::uint8_t {
    set,
    wait,
    sample,
    sample_every,
    wait_for_gpiol1,
    piece
  };
  struct Step {
    Action action;
    bool level = false;
    Pins pins{};
    Duration time{};
    Duration period{};
    const Piece* piece = nullptr;
  };
  void lengthen(Duration time);

  std::optional<Pins> start_;
  std::vector<Step> steps_;
  Duration length_{};
};

/// The chip must already run at that clock. std::invalid_argument if a sampling period
/// is not a whole number of its clocks, as the samples would then not be evenly spaced.
Compiled compile(const Waveform& waveform, ChipClock clock);

/// Sets and waits that come again and again, compiled once: what loads a key into a
/// shift register is a hundred and thirty steps.
struct Piece {
  /// From pins that are known. REQUIRES: nothing in it but sets and waits.
  Piece(Waveform steps_, ChipClock clock_);

  Waveform steps;
  ChipClock clock;
  Compiled compiled;
};

/// A part of a command stream, from one command to another.
struct Part {
  std::size_t from = 0;  // in Compiled::commands
  std::size_t size = 0;
  std::int64_t ticks = 0;       // the chip is done with it after so many
  std::size_t reply_bytes = 0;  // it answers
  bool operator==(const Part&) const = default;
};

/// Cuts a stream that is longer than the chip's FIFO: each part has `most` bytes at
/// most. std::invalid_argument for a stream that waits for a pin (nobody knows when
/// its next part is needed) and if `most` is shorter than a command (3 bytes).
std::vector<Part> cut(const Compiled& compiled, std::size_t most, ChipClock clock);

/// The pins as they were read at one moment, `at` from the waveform's start.
struct Sample {
  Duration at{};
  std::uint16_t pins = 0;
  bool operator==(const Sample&) const = default;
};

/// How many of `count` samples at the front of `reply` equal `pins` in the masked bits.
/// REQUIRES: two bytes a sample in reply.
std::int64_t equal_samples(ByteView reply, std::int64_t count, std::uint16_t pins,
                           std::uint16_t mask);

/// ADBUS0 is the chip's clock and says nothing about the lock.
inline constexpr std::uint16_t kAllButClock = 0xfffe;

/// Calls f(Sample) for each sample that differs, in the masked bits, from the one
/// before it (the first from `previous`); returns the pins of the last call, else
/// `previous`. A reply of the wrong size (lost bytes, an answer to a bad command)
/// yields nullopt, and f is not called.
template <class F>
std::optional<std::uint16_t> for_each_change(const Compiled& compiled, ByteView reply,
                                             std::uint16_t previous, F&& f,
                                             std::uint16_t mask = kAllButClock) {
  if (reply.size() != compiled.reply_bytes) return std::nullopt;
  std::uint16_t pins = previous;
  for (const SampleRun& run : compiled.samples) {
    for (std::int64_t i = 0; i < run.count;) {
      const std::int64_t same = equal_samples(reply, run.count - i, pins, mask);
      reply = reply.subspan(2 * static_cast<std::size_t>(same));
      i += same;
      if (i == run.count) break;
      pins = static_cast<std::uint16_t>(reply[0] | reply[1] << 8);
      f(Sample{run.at(i), pins});
    }
  }
  return pins;
}

}  // namespace lockrig::mpsse
