#include "rig/twin/keypad_entry.hpp"

#include <algorithm>

namespace lockrig::twin {
namespace {

// Codes have 4 to 10 digits (RemoteLock sibling manuals).
constexpr std::size_t kCodeMin = 4;
constexpr std::size_t kCodeMax = 10;

// The presets that every lock of 2017 left the factory with, and that the defect
// shared-codes still takes.
constexpr std::string_view kSharedUserCode = "1234";
constexpr std::string_view kSharedProgrammingCode = "00000000";

}  // namespace

KeypadEntry::KeypadEntry(Peripherals& p, Settings& settings, AuditLog& log,
                         LockOut& lock_out, BoltDrive& bolt, Signaller& signals,
                         KeyScan& keys, std::uint32_t boots, Signal& contact_wanted)
    : p_(p),
      settings_(settings),
      log_(log),
      lock_out_(lock_out),
      bolt_(bolt),
      signals_(signals),
      keys_(keys),
      boots_(boots),
      contact_wanted_(contact_wanted) {}

Task<KeypadEntry::Entry> KeypadEntry::read_entry(Instant first_until) {
  Entry entry;
  Instant until = first_until;
  for (;;) {
    const std::string key = co_await keys_.next(until);
    if (key.empty()) co_return Entry{};
    signals_.key_press();
    if (key == "enter") {
      entry.complete = true;
      co_return entry;
    }
    if (key == "lock") {
      co_await bolt_.lock();
      entry.digits.clear();
    } else if (entry.digits.size() <= kCodeMax) {
      entry.digits += key;  // one digit too many is enough to be wrong
    }
    until = p_.world.now() + p_.model.entry_timeout;
  }
}

Task<void> KeypadEntry::run() {
  for (;;) {
    const Entry entry = co_await read_entry(kNever);
    if (entry.complete) co_await take_code(entry.digits);
  }
}

Task<void> KeypadEntry::take_code(const std::string& digits) {
  if (lock_out_.active() || digits.size() < kCodeMin || digits.size() > kCodeMax) {
    // A code that is locked out is refused without a hint whether it is right.
    signals_.show(Colour::red, 3);
    co_return;
  }
  co_await lock_out_.count_try();
  if (is_programming_code(digits)) {
    co_await lock_out_.forgive();
    co_await program();
  } else if (const int slot = slot_of(digits); slot >= 0) {
    co_await lock_out_.forgive();
    const bool open = bolt_.locked();
    const bool moved = open ? co_await bolt_.unlock() : co_await bolt_.lock();
    signals_.show(moved ? Colour::green : Colour::red, moved ? 1 : 3);
    co_await note((open ? "unlocked by code " : "locked by code ") +
                  std::to_string(slot));
  } else {
    co_await wrong_code();
  }
}

Task<void> KeypadEntry::wrong_code() {
  signals_.show(Colour::red, 3);
  const bool locked_out = co_await lock_out_.punish();
  co_await note(locked_out ? "locked out" : "wrong code");
}

bool KeypadEntry::is_programming_code(const std::string& code) const {
  if (p_.defects.has(kSharedCodes) && code == kSharedProgrammingCode) return true;
  return code == settings_.get(Key::programming_code);
}

int KeypadEntry::slot_of(const std::string& code) const {
  for (int slot = 0; slot < kUserCodes; ++slot) {
    if (settings_.get(user_code_key(slot)) == code) return slot;
  }
  if (p_.defects.has(kSharedCodes) && code == kSharedUserCode) return 0;
  return -1;
}

// A new code is neither taken already nor one that came with the lock.
bool KeypadEntry::acceptable(const std::string& code) const {
  const bool sized = code.size() >= kCodeMin && code.size() <= kCodeMax;
  return sized && slot_of(code) < 0 && !is_programming_code(code) &&
         code != p_.unit.user_code && code != p_.unit.programming_code &&
         code != kSharedUserCode && code != kSharedProgrammingCode;
}

Task<void> KeypadEntry::program() {
  signals_.show(Colour::orange, 1);
  for (;;) {
    const Entry function = co_await read_entry(p_.world.now() + p_.model.entry_timeout);
    if (!function.complete || function.digits.empty()) co_return;
    const bool done = co_await run_function(function.digits);
    signals_.show(done ? Colour::green : Colour::red, done ? 2 : 3);
    if (!done) co_return;
  }
}

Task<bool> KeypadEntry::run_function(const std::string& number) {
  const LockModel& m = p_.model;
  if (number == m.function_contact) {
    contact_wanted_.notify();
    co_return true;
  }
  if (number == m.function_mute || number == m.function_unmute) {
    const bool mute = number == m.function_mute;
    co_await settings_.set(Key::muted, mute ? "1" : "");
    signals_.set_muted(mute);
    co_return true;
  }
  const Duration patience = m.entry_timeout;
  const Entry first = co_await read_entry(p_.world.now() + patience);
  if (!first.complete) co_return false;
  if (number == m.function_add) co_return co_await add_code(first.digits);
  if (number == m.function_delete) co_return co_await delete_code(first.digits);
  if (number == m.function_programming) {
    co_return co_await change_programming_code(first.digits);
  }
  if (number == m.function_change) {
    const Entry second = co_await read_entry(p_.world.now() + patience);
    if (!second.complete) co_return false;
    co_return co_await change_code(first.digits, second.digits);
  }
  co_return false;
}

Task<bool> KeypadEntry::add_code(const std::string& code) {
  if (!acceptable(code)) co_return false;
  for (int slot = 0; slot < kUserCodes; ++slot) {
    if (!settings_.get(user_code_key(slot)).empty()) continue;
    co_await settings_.set(user_code_key(slot), code);
    co_await note("code added " + std::to_string(slot));
    co_return true;
  }
  co_return false;
}

Task<bool> KeypadEntry::change_code(const std::string& old_code,
                                    const std::string& new_code) {
  const int slot = slot_of(old_code);
  if (slot < 0 || !acceptable(new_code)) co_return false;
  co_await settings_.set(user_code_key(slot), new_code);
  co_await note("code changed " + std::to_string(slot));
  co_await finish_set_up();
  co_return true;
}

Task<bool> KeypadEntry::delete_code(const std::string& code) {
  const int slot = slot_of(code);
  if (slot < 0) co_return false;
  co_await settings_.set(user_code_key(slot), "");
  co_await note("code deleted " + std::to_string(slot));
  co_return true;
}

Task<bool> KeypadEntry::change_programming_code(const std::string& code) {
  if (!acceptable(code)) co_return false;
  co_await settings_.set(Key::programming_code, code);
  co_await note("programming code changed");
  co_await finish_set_up();
  co_return true;
}

// Set-up ends when none of the codes that came with the lock is left.
Task<void> KeypadEntry::finish_set_up() {
  if (settings_.get(Key::set_up) == "1") co_return;
  if (is_programming_code(p_.unit.programming_code)) co_return;
  if (settings_.get(Key::user_code) == p_.unit.user_code) co_return;
  co_await settings_.set(Key::set_up, "1");
  co_await note("set up");
}

}  // namespace lockrig::twin
