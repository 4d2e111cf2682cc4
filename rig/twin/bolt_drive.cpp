#include "rig/twin/bolt_drive.hpp"

namespace lockrig::twin {

Task<void> BoltDrive::recover() {
  if (p_.bolt.retracted()) {
    lock_at_ = p_.world.now() + p_.model.auto_lock;
    opened_.notify();
  } else if (!p_.bolt.extended()) {
    co_await lock();
  }
}

Task<void> BoltDrive::run_auto_lock() {
  for (;;) {
    if (lock_at_ > p_.world.now()) {
      co_await opened_.wait(lock_at_, "the auto-lock time");
    } else {
      co_await lock();
    }
  }
}

Task<bool> BoltDrive::unlock() {
  const bool moved = co_await drive(Motor::retract);
  lock_at_ = p_.world.now() + p_.model.auto_lock;
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
  const Instant stall = p_.world.now() + p_.model.bolt_stall;
  p_.bolt.drive(direction);
  bool moving = true;
  while (moving && !there()) {
    moving = co_await p_.bolt_changed.wait(stall, "the bolt to arrive");
  }
  p_.bolt.drive(Motor::off);
  co_return there();
}

}  // namespace lockrig::twin
