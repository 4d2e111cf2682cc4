// Wrong codes in a row, and the time for which the keypad then refuses everybody. Both
// outlive a power cut: pulling the battery must not buy more guesses.
#pragma once

#include "rig/twin/peripherals.hpp"
#include "rig/twin/settings.hpp"

namespace lockrig::twin {

class LockOut {
 public:
  LockOut(Peripherals& p, Settings& settings)
      : p_(p), settings_(settings), changed_(p.world) {}

  /// Takes up a lock-out that a cut interrupted, and counts each down. Runs for the
  /// whole boot.
  Task<void> run();

  bool active() const { return remaining() > 0; }
  /// Seconds, rounded up to the steps in which they are kept.
  int remaining() const { return settings_.number(Key::lock_out); }
  int wrong_codes() const { return settings_.number(Key::wrong_codes); }

  /// Before a code is compared: power that fails in between leaves it counted.
  Task<void> count_try();
  /// A code was refused unread, as a lock-out is active.
  Task<void> turn_away();
  /// Ends a lock-out before its time: what nobody at the keypad may be able to do.
  Task<void> lift();
  /// The code was right.
  Task<void> forgive();
  /// The code was wrong: locks out at the limit. True if it does now.
  Task<bool> punish();

 private:
  Task<void> forget_at_boot();
  Task<void> begin();

  Peripherals& p_;
  Settings& settings_;
  Signal changed_;
};

}  // namespace lockrig::twin
