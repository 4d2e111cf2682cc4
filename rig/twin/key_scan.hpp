// From bouncing contacts to key presses.
#pragma once

#include <deque>
#include <string>

#include "rig/twin/peripherals.hpp"

namespace lockrig::twin {

/// A contact counts when it has been still for the debounce time, closed alone; it
/// counts again only after all keys have been open as long. Two keys at once are no
/// key.
class KeyScan {
 public:
  explicit KeyScan(Peripherals& p) : p_(p), pressed_(p.world) {}

  /// Runs for the whole boot.
  Task<void> run();

  /// The next press; empty when `until` came first.
  Task<std::string> next(Instant until);

 private:
  Task<void> settle();

  Peripherals& p_;
  std::deque<std::string> keys_;
  Signal pressed_;
};

}  // namespace lockrig::twin
