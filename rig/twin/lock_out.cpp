#include "rig/twin/lock_out.hpp"

#include <algorithm>

namespace lockrig::twin {
namespace {

// How finely the remaining time is kept over a power cut; each step is a flash write.
constexpr int kStepSeconds = 10;

}  // namespace

Task<void> LockOut::forget_at_boot() {
  if (p_.defects.has(kLockOutForgotten)) co_await settings_.set(Key::lock_out, "");
  if (p_.defects.has(kWrongCodesForgotten))
    co_await settings_.set(Key::wrong_codes, "");
}

Task<void> LockOut::run() {
  co_await forget_at_boot();
  for (;;) {
    while (!active()) co_await changed_.wait(kNever, "a lock-out");
    if (p_.defects.has(kLockOutForEver)) co_await p_.world.never();
    const int step = std::min(remaining(), kStepSeconds);
    co_await p_.world.sleep_for(std::chrono::seconds(step), "a lock-out to pass");
    const int left = remaining() - step;
    if (left <= 0) co_await settings_.set(Key::wrong_codes, "");
    // Named: GCC 12 destroys a conditional's temporary in a coroutine call twice.
    const std::string kept = left > 0 ? std::to_string(left) : "";
    co_await settings_.set(Key::lock_out, kept);
  }
}

Task<void> LockOut::count_try() {
  co_await settings_.set(Key::wrong_codes, std::to_string(wrong_codes() + 1));
}

Task<void> LockOut::turn_away() {
  // A fixed end: whoever keeps on typing must not keep the owner out (BF-08).
  if (p_.defects.has(kTriesProlong)) co_await begin();
}

Task<void> LockOut::lift() { co_await settings_.set(Key::lock_out, ""); }

Task<void> LockOut::forgive() {
  if (p_.defects.has(kNeverForgives)) co_return;
  co_await settings_.set(Key::wrong_codes, "");
}

Task<void> LockOut::begin() {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(p_.model.lock_out).count();
  co_await settings_.set(Key::lock_out, std::to_string(seconds));
  changed_.notify();
}

Task<bool> LockOut::punish() {
  if (wrong_codes() < p_.model.wrong_code_limit) co_return false;
  if (p_.defects.has(kNoLockOut)) co_return false;
  co_await begin();
  co_return true;
}

}  // namespace lockrig::twin
