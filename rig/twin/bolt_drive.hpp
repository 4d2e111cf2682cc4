// The firmware's hold on the bolt: moves it when asked, and locks again when due.
#pragma once

#include "rig/core/mutex.hpp"
#include "rig/twin/fault_notes.hpp"
#include "rig/twin/peripherals.hpp"
#include "rig/twin/signaller.hpp"

namespace lockrig::twin {

class BoltDrive {
 public:
  BoltDrive(Peripherals& p, Signaller& signals, FaultNotes& faults)
      : p_(p), signals_(signals), faults_(faults), turn_(p.world), opened_(p.world) {}

  /// At boot: a bolt that a cut stopped in mid-travel is locked, never opened. One that
  /// stands open locks when the auto-lock time is over.
  Task<void> recover();
  /// Runs for the whole boot: locks when due. A bolt that is blocked then is signalled,
  /// and tried a few times more.
  Task<void> run_auto_lock();

  /// False when the motor stalled, which is written down, or the battery is too low for
  /// it.
  Task<bool> unlock();
  Task<bool> lock();
  bool locked() const;
  /// The two end sensors do not contradict each other.
  bool sane() const { return !(p_.bolt.extended() && p_.bolt.retracted()); }

 private:
  Task<bool> drive(Motor direction);
  Task<bool> stalled(Motor direction);
  void auto_locked(bool shut);

  Peripherals& p_;
  Signaller& signals_;
  FaultNotes& faults_;
  Mutex turn_;
  Signal opened_;
  Instant lock_at_ = kNever;
  int tries_ = 0;  // of the auto-lock, in a row
  Motor last_ = Motor::off;
};

}  // namespace lockrig::twin
