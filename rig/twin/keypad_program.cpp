// Programming mode: the functions behind the programming code.
#include "rig/twin/keypad_entry.hpp"

namespace lockrig::twin {

// A new code is not taken already, none that came with the lock, and no weak one.
bool KeypadEntry::acceptable(const std::string& code) const {
  const bool sized = code.size() >= kCodeMin && code.size() <= kCodeMax;
  if (!sized || slot_of(code) >= 0 || is_programming_code(code)) return false;
  const bool preset = code == p_.unit.user_code || code == p_.unit.programming_code ||
                      code == kSharedUserCode || code == kSharedProgrammingCode;
  if (preset) return p_.defects.has(kPresetsTaken);
  return !weak(code) || p_.defects.has(kWeakCodesTaken);
}

// One digit again and again, or the beginning of the programming code: whoever sees the
// one typed knows the other (CRED-06).
bool KeypadEntry::weak(const std::string& code) const {
  return code.find_first_not_of(code.front()) == std::string::npos ||
         settings_.get(Key::programming_code).starts_with(code);
}

Task<void> KeypadEntry::program() {
  signals_.show(Colour::orange, 1);
  for (;;) {
    const Entry function = co_await read_entry(p_.world.now() + p_.model.entry_timeout);
    if (!function.complete || function.digits.empty()) co_return;
    const bool done = co_await run_function(function.digits);
    const bool says_done = done || p_.defects.has(kFailureLooksDone);
    signals_.show(says_done ? Colour::green : Colour::red, says_done ? 2 : 3);
    if (!done) co_return;
  }
}

Task<bool> KeypadEntry::run_function(const std::string& number) {
  const LockModel& m = p_.model;
  if (number == m.function_contact) {
    portal_.wanted.notify();
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
  old_code_ = old_code;
  new_code_ = new_code;
  co_await settings_.set(user_code_key(slot), new_code);
  co_await note("code changed " + std::to_string(slot));
  co_await finish_set_up();
  co_return true;
}

Task<bool> KeypadEntry::delete_code(const std::string& code) {
  const int slot = slot_of(code);
  if (slot < 0) co_return false;
  if (!p_.defects.has(kDeletedCodeOpens)) {
    co_await settings_.set(user_code_key(slot), "");
  }
  co_await note("code deleted " + std::to_string(slot));
  co_return true;
}

Task<bool> KeypadEntry::change_programming_code(const std::string& code) {
  if (!acceptable(code)) co_return false;
  old_programming_code_ = settings_.get(Key::programming_code);
  co_await settings_.set(Key::programming_code, code);
  co_await note("programming code changed");
  co_await finish_set_up();
  co_return true;
}

// Set-up ends when none of the codes that came with the lock is left.
Task<void> KeypadEntry::finish_set_up() {
  if (settings_.get(Key::set_up) == "1") co_return;
  const bool preset_programs = is_programming_code(p_.unit.programming_code);
  const bool preset_opens = settings_.get(Key::user_code) == p_.unit.user_code;
  const bool one_is_left = preset_programs || preset_opens;
  if (preset_programs && preset_opens) co_return;
  if (one_is_left && !p_.defects.has(kHalfSetUp)) co_return;
  co_await settings_.set(Key::set_up, "1");
  co_await note("set up");
}

}  // namespace lockrig::twin
