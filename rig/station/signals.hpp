// What the lock tells its user: LED signals and whether the beeper sounded with them.
#pragma once

#include <optional>
#include <vector>

#include "rig/station/gpio.hpp"

namespace lockrig::station {

/// Pulses of one colour in a row.
struct Blink {
  enum Colour { green, red, orange };  // orange: red and green at once

  Instant at;  // the first pulse began
  Colour colour;
  int count;
  bool beeped;
  Instant ended;  // kDark after the last pulse, or another colour followed
};

/// A station without LED lines sees no signals. The beeper alone is none.
class Signals {
 public:
  /// The locks' pulses and the gaps between them are 100 ms: twice that and half a gap
  /// more is over.
  static constexpr Duration kDark = 250ms;

  explicit Signals(Gpio& gpio);

  /// The first signal that ends after now and until `until`, empty if there is none (at
  /// once without LED lines).
  Task<std::optional<Blink>> next(Instant until);

  /// Those that have ended, as far as sampled.
  const std::vector<Blink>& ended();

 private:
  struct Lamp {
    bool red = false;
    bool green = false;
    bool lit() const { return red || green; }
    bool operator==(const Lamp&) const = default;
  };
  void change(Instant at, Lamp lamp, bool beep);
  void begin_pulse(Instant at, Lamp lamp);
  void end_pulse(Instant at);
  void end_if_dark(Instant at);
  void end_signal(Instant at);

  Gpio& gpio_;
  int red_;  // -1 where the board has none
  int green_;
  int beeper_;
  std::size_t next_edge_ = 0;
  bool begun_ = false;
  Lamp lamp_;
  bool beep_ = false;
  Instant pulse_at_{};
  Blink::Colour pulse_colour_ = Blink::green;
  bool pulse_beeped_ = false;
  std::optional<Blink> open_;
  Instant dark_since_{};
  std::vector<Blink> ended_;
};

const char* to_string(Blink::Colour colour);

}  // namespace lockrig::station
