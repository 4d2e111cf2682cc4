// The firmware's hold on the bolt: moves it when asked, and locks again when due.
#pragma once

#include "rig/core/mutex.hpp"
#include "rig/twin/peripherals.hpp"

namespace lockrig::twin {

class BoltDrive {
 public:
  explicit BoltDrive(Peripherals& p) : p_(p), turn_(p.world), opened_(p.world) {}

  /// At boot: a bolt that a cut stopped in mid-travel is locked, never opened. One that
  /// stands open locks when the auto-lock time is over.
  Task<void> recover();
  /// Runs for the whole boot: locks when due.
  Task<void> run_auto_lock();

  /// False when the motor stalled.
  Task<bool> unlock();
  Task<bool> lock();
  bool locked() const { return p_.bolt.extended(); }
  /// The two end sensors do not contradict each other.
  bool sane() const { return !(p_.bolt.extended() && p_.bolt.retracted()); }

 private:
  Task<bool> drive(Motor direction);

  Peripherals& p_;
  Mutex turn_;
  Signal opened_;
  Instant lock_at_ = kNever;
};

}  // namespace lockrig::twin
