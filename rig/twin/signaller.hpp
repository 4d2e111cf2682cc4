// LED and beeper, as RemoteLock's sibling manuals list them: 1 green success or key
// press, 2 green programmed, 3 red error, orange programming mode.
#pragma once

#include <deque>

#include "rig/twin/peripherals.hpp"

namespace lockrig::twin {

enum class Colour { green, red, orange };

/// Signals play one after the other. `muted` silences the beeper, never the LED.
class Signaller {
 public:
  explicit Signaller(Peripherals& p) : p_(p), queued_(p.world) {}

  Task<void> run();
  /// Returns at once.
  void show(Colour colour, int count);
  /// A short green flash and click, ahead of what is queued.
  void key_press();
  void set_muted(bool muted) { muted_ = muted; }

 private:
  struct Pattern {
    Colour colour;
    int count;
    Duration pulse;
    Duration pause;  // before it
  };
  void drive(Colour colour, bool on);

  Peripherals& p_;
  std::deque<Pattern> patterns_;
  Signal queued_;
  bool muted_ = false;
};

}  // namespace lockrig::twin
