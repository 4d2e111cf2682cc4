#include "rig/twin/key_scan.hpp"

#include <bit>

namespace lockrig::twin {

Task<void> KeyScan::settle() {
  // Not `while (co_await ...) {}`: GCC 12 compiles an empty body into a trap.
  bool moved = true;
  while (moved) {
    moved = co_await p_.contacts.changed.wait(p_.world.now() + p_.model.debounce,
                                              "a contact to be still");
  }
}

Task<void> KeyScan::run() {
  for (;;) {
    while (p_.contacts.closed == 0) {
      co_await p_.contacts.changed.wait(kNever, "a key");
    }
    co_await settle();
    const std::uint16_t closed = p_.contacts.closed;
    if (std::popcount(closed) == 1) {
      const std::string_view key = p_.model.keys.key_at(std::countr_zero(closed));
      // R is no key to type with: see factory_reset.hpp.
      if (!key.empty() && key != mpsse::KeypadMap::kReset) {
        keys_.emplace_back(key);
        pressed_.notify();
      }
    }
    do {
      while (p_.contacts.closed != 0) {
        co_await p_.contacts.changed.wait(kNever, "a key to be let go");
      }
      co_await settle();
    } while (p_.contacts.closed != 0);
  }
}

Task<std::string> KeyScan::next(Instant until) {
  while (keys_.empty()) {
    if (!co_await pressed_.wait(until, "a key press") && keys_.empty()) co_return "";
  }
  std::string key = std::move(keys_.front());
  keys_.pop_front();
  co_return key;
}

}  // namespace lockrig::twin
