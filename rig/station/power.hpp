// The station's power switch, and what has to happen around a cut for the board really
// to die: keys released, console isolated, rail watched.
#pragma once

#include <functional>
#include <optional>

#include "rig/station/gpio.hpp"

namespace lockrig::station {

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

  explicit Power(Gpio& gpio);

  /// Returns when the rail is up and the console connected. RigError if the rail does
  /// not rise.
  Task<void> on();

  /// Returns when the rail has fallen, or after kFallLimit.
  Task<Off> off(Style style);

  /// Off, `off` with the rail down (or since it should have been), and on again.
  /// std::invalid_argument below kMinimumOff.
  Task<Off> cycle(Duration off, Style style);

  bool rail_up() const { return gpio_.active(rail_); }
  bool commanded_on() const { return on_; }
  /// The first fall of the rail at or after `since`, as far as sampled: also one that
  /// somebody else caused.
  std::optional<Instant> rail_fell(Instant since) const;

  /// Called when the board's console is connected (true) and, at a cut, at the start of
  /// the waveform that isolates it (false).
  void watch(std::function<void(bool live)> callback) { live_ = std::move(callback); }

 private:
  mpsse::Pins with(mpsse::Pins pins, int line, bool active) const;

  Gpio& gpio_;
  int power_;
  int discharge_;
  int isolate_;
  int rail_;
  mpsse::Pins no_keys_;  // mask of the keypad's lines, and their idle values
  bool on_ = false;
  std::function<void(bool)> live_;
};

}  // namespace lockrig::station
