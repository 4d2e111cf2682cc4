#include "rig/twin/bolt_drive.hpp"

namespace lockrig::twin {
namespace {

// How often a blocked auto-lock is tried in all, the auto-lock time apart. Assumed.
constexpr int kAutoLockTries = 3;

}  // namespace

bool BoltDrive::locked() const {
  // Its sensor's word, never what was asked of it.
  if (last_ != Motor::off && p_.defects.has(kReportsTheWish)) {
    return last_ == Motor::extend;
  }
  return p_.bolt.extended();
}

Task<void> BoltDrive::recover() {
  if (p_.bolt.retracted()) {
    if (p_.defects.has(kRelockForgotten)) co_return;
    lock_at_ = p_.world.now() + p_.model.auto_lock;
    opened_.notify();
  } else if (!p_.bolt.extended()) {
    if (p_.defects.has(kBoltResumesAfterCut)) {
      co_await unlock();
    } else {
      co_await lock();
    }
  }
}

Task<void> BoltDrive::run_auto_lock() {
  for (;;) {
    if (lock_at_ > p_.world.now()) {
      co_await opened_.wait(lock_at_, "the auto-lock time");
    } else {
      const bool shut = co_await lock();
      auto_locked(shut);
    }
  }
}

void BoltDrive::auto_locked(bool shut) {
  tries_ = shut ? 0 : tries_ + 1;
  if (shut) return;
  signals_.show(Colour::red, 3);
  if (tries_ < kAutoLockTries || p_.defects.has(kRetriesForEver)) {
    lock_at_ = p_.world.now() + p_.model.auto_lock;
  } else {
    tries_ = 0;
  }
}

Task<bool> BoltDrive::unlock() {
  const bool moved = co_await drive(Motor::retract);
  Duration pause = p_.model.auto_lock;
  if (p_.defects.has(kRelocksLate)) pause *= 3;
  lock_at_ = p_.defects.has(kNeverRelocks) ? kNever : p_.world.now() + pause;
  opened_.notify();
  co_return moved;
}

Task<bool> BoltDrive::lock() {
  lock_at_ = kNever;
  co_return co_await drive(Motor::extend);
}

Task<bool> BoltDrive::drive(Motor direction) {
  const auto guard = co_await turn_.lock();
  const auto there = [this, direction] {
    return direction == Motor::retract ? p_.bolt.retracted() : p_.bolt.extended();
  };
  // A motor that would take the processor down with it is left alone.
  if (p_.battery_mv() < p_.model.battery.motor_mv &&
      !p_.defects.has(kMotorOnFlatBattery)) {
    faults_.add("battery too low for the bolt");
    co_return false;
  }
  const Instant stall =
      p_.defects.has(kNoStallLimit) ? kNever : p_.world.now() + p_.model.bolt_stall;
  last_ = direction;
  p_.bolt.drive(direction);
  bool moving = true;
  while (moving && !there()) {
    moving = co_await p_.bolt_changed.wait(stall, "the bolt to arrive");
  }
  p_.bolt.drive(Motor::off);
  if (there()) co_return true;
  co_return co_await stalled(direction);
}

Task<bool> BoltDrive::stalled(Motor direction) {
  if (!p_.defects.has(kJamUntold)) {
    faults_.add(direction == Motor::retract ? "jammed unlocking" : "jammed locking");
  }
  if (direction == Motor::extend && p_.defects.has(kBacksOffOpen)) {
    p_.bolt.drive(Motor::retract);
    co_await p_.world.sleep_for(p_.model.bolt_travel, "the bolt to back off");
    p_.bolt.drive(Motor::off);
  }
  co_return p_.defects.has(kJamIsSuccess);
}

}  // namespace lockrig::twin
