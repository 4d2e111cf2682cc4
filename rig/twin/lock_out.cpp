#include "rig/twin/lock_out.hpp"

#include <algorithm>

namespace lockrig::twin {
namespace {

// How finely the remaining time is kept over a power cut; each step is a flash write.
constexpr int kStepSeconds = 10;

}  // namespace

Task<void> LockOut::run() {
  for (;;) {
    while (!active()) co_await changed_.wait(kNever, "a lock-out");
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

Task<void> LockOut::forgive() { co_await settings_.set(Key::wrong_codes, ""); }

Task<bool> LockOut::punish() {
  if (wrong_codes() < p_.model.wrong_code_limit) co_return false;
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(p_.model.lock_out).count();
  co_await settings_.set(Key::lock_out, std::to_string(seconds));
  changed_.notify();
  co_return true;
}

}  // namespace lockrig::twin
