// The station's power switch, and what has to happen around a cut for the board really
// to die: keys released, console isolated, rail watched.
#pragma once

#include <functional>
#include <optional>

#include "rig/station/gpio.hpp"

namespace lockrig::station {

struct PowerLimits {
  /// on() waits until the board has been off for so long, however it went off: for
  /// boards that come up wrong from a rail that was not quite down.
  Duration minimum_off{};
};

class Power {
 public:
  /// Assumed: a rail is up within milliseconds of its switch closing; one that takes a
  /// second is shorted or not fed.
  static constexpr Duration kRiseLimit = 1s;
  /// Assumed: a pulled board decays through its load alone, within seconds.
  static constexpr Duration kFallLimit = 5s;
  /// Below power-on reset for at least this long, or the cut is not one. A discharged
  /// rail of 100 uF goes from 90 to 10 % in 2.15 ms (TPS22918 data sheet); fifty times
  /// that leaves nothing for brown-out detectors and RAM to live on.
  static constexpr Duration kMinimumOff = 100ms;

  enum class Style {
    hard,  // switched off and discharged
    pull,  // open circuit: the battery taken out
  };

  struct Off {
    Instant commanded;  // the power switch opened, by the chip's clock
    /// Seen falling below power-on reset, from `commanded` on. Empty if it did not, or
    /// read low before: the cut is then not proven.
    std::optional<Instant> rail_fell;
  };

  /// A cut that the chip makes by itself at an edge.
  struct EdgeCut {
    bool came;
    /// The chip's own time from the cut to `rail_fell`. If the edge never came, power
    /// fell by its pull as the chip let go of every pin: `commanded` is when.
    Off off;
  };

  struct Interruption {
    Instant commanded;  // off
    Duration asked;     // by the chip's clock, exactly
    /// From the rail's fall to its rise, by the rail sense; empty if it did not fall
    /// below its threshold. Sampled every 100 us up to 10 ms, else every millisecond.
    std::optional<Duration> achieved;
  };

  struct Dip {
    Instant commanded;
    Duration asked;  // by the chip's clock, exactly
    /// If it went below power-on reset. A brown-out above that is not seen here: the
    /// lock's own words tell.
    std::optional<Instant> rail_fell;
  };

  static constexpr std::uint64_t kMostBounces = 100;
  static constexpr Duration kShortestInterruption = 1ms;
  static constexpr Duration kLongestInterruption = 1s;

  explicit Power(Gpio& gpio, PowerLimits limits = {});

  /// Returns when the rail is up and the console connected. RigError if the rail does
  /// not rise.
  Task<void> on();

  /// Returns when the rail has fallen, or after kFallLimit.
  Task<Off> off(Style style);

  /// As off(pull), but the contacts bounce first: `bounces` times they open for
  /// `bounce` and close for as long. std::invalid_argument for no or more than 100
  /// bounces, and outside 100 us - 100 ms.
  Task<Off> off_with_chatter(std::uint64_t bounces, Duration bounce);

  /// Off, `off` with the rail down (or since it should have been), and on again.
  /// std::invalid_argument below kMinimumOff.
  Task<Off> cycle(Duration off, Style style);

  /// Arms a cut in the chip: off as soon as the line `busy` becomes active, and has
  /// been inactive before. Host and bus have no part in when. Nothing is sampled until
  /// then. `in_vain` ends the wait before `until`, as in Gpio::run_on_edge().
  /// std::invalid_argument if the board has no such line or a key is held.
  Task<EdgeCut> off_on_busy(Style style, Instant until,
                            std::function<bool()> in_vain = {});

  /// Off and on again in one waveform, for dips and contact chatter; keys are released
  /// and the console is connected anew once the rail is up (RigError if it is not).
  /// std::invalid_argument outside 1 ms - 1 s.
  Task<Interruption> interrupt(Duration off, Style style);

  /// Feeds the board from the second, lower rail for `time`, in one waveform. Keys and
  /// console stay as they are. std::invalid_argument outside 1 ms - 1 s, while power is
  /// off, and where the board has no line `dip`.
  Task<Dip> dip(Duration time);

  /// For a rig that leaves: keys released, console isolated and power off (unless it
  /// shall stay), and no more; withholding counts nothing.
  Task<void> leave(bool keep_power);

  // Shams, which show that the rig notices. From now on:
  /// on() does all but close the switch, and a rail that does not rise is no error.
  void withhold_on() { on_withheld_ = true; }
  /// No cut opens the switch, until told otherwise.
  void withhold_off(bool withheld = true) { off_withheld_ = withheld; }

  bool rail_up() const { return gpio_.active(rail_); }
  bool commanded_on() const { return on_; }
  /// When on() last closed the switch, by the chip's clock.
  Instant fed_at() const { return fed_at_; }
  /// The first fall of the rail at or after `since`, as far as sampled: also one that
  /// somebody else caused.
  std::optional<Instant> rail_fell(Instant since) const;

  /// Called when the board's console is connected (true) and, at a cut, at the start of
  /// the waveform that isolates it (false).
  void watch(std::function<void(bool live)> callback) { live_ = std::move(callback); }

 private:
  mpsse::Pins with(mpsse::Pins pins, int line, bool active) const;
  mpsse::Pins without_keys(mpsse::Pins pins) const;
  mpsse::Pins cut(mpsse::Pins pins, Style style) const;
  mpsse::Pins discharged(mpsse::Pins pins, Style style) const;
  void went_off();
  Task<void> connect(Instant fed);
  Task<void> see_fall(Off& off, bool was_on);
  std::optional<Instant> changed(bool active, Instant since) const;

  Gpio& gpio_;
  PowerLimits limits_;
  int power_;
  int discharge_;
  int isolate_;
  int rail_;
  mpsse::Pins no_keys_;  // mask of the keypad's lines, and their idle values
  bool on_ = false;
  bool on_withheld_ = false;
  bool off_withheld_ = false;
  Instant off_at_ = Instant::min();
  Instant fed_at_ = Instant::min();
  std::function<void(bool)> live_;
};

}  // namespace lockrig::station
