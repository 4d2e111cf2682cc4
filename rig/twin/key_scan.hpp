// From bouncing contacts to key presses.
#pragma once

#include <deque>
#include <string>

#include "rig/twin/fault_notes.hpp"
#include "rig/twin/peripherals.hpp"

namespace lockrig::twin {

/// A contact counts when it has been still for the debounce time, closed alone; it
/// counts again only after all keys have been open as long. Two keys at once are no
/// key. A key that stays down too long is stuck: it is written down and passed over
/// until its contact opens, so that the others work (KEY-01).
class KeyScan {
 public:
  KeyScan(Peripherals& p, FaultNotes& faults)
      : p_(p), faults_(faults), pressed_(p.world) {}

  /// Runs for the whole boot.
  Task<void> run();

  /// The next press; empty when `until` came first.
  Task<std::string> next(Instant until);

 private:
  Task<void> settle();
  Task<void> let_go();
  void take(std::uint16_t closed);
  void give_up_on(std::uint16_t held);
  /// The contacts that are closed and not stuck.
  std::uint16_t live();

  Peripherals& p_;
  FaultNotes& faults_;
  std::deque<std::string> keys_;
  Signal pressed_;
  std::uint16_t stuck_ = 0;
};

}  // namespace lockrig::twin
