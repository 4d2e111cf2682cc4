#include "rig/twin/keypad_entry.hpp"

#include <algorithm>

namespace lockrig::twin {
namespace {

// The defect long-entry-crashes: what was typed is written behind its buffer.
constexpr int kBuffer = 32;

// The defect log-stops-when-full: as many events as the smallest log holds
// (fixtures/boards).
constexpr std::uint32_t kLogFull = 256;

// The defect answer-tells-digits: the cost of comparing one digit more. Assumed.
constexpr Duration kComparison = 40ms;

// The defect counts-after-signal: three red, and the pauses between them.
constexpr Duration kErrorSignal = 1s;

std::size_t leading(const std::string& code, const std::string& digits) {
  std::size_t same = 0;
  while (same < code.size() && same < digits.size() && code[same] == digits[same]) {
    ++same;
  }
  return same;
}

}  // namespace

KeypadEntry::KeypadEntry(Peripherals& p, Settings& settings, AuditLog& log,
                         LockOut& lock_out, BoltDrive& bolt, Signaller& signals,
                         KeyScan& keys, std::uint32_t boots, PortalContact& portal)
    : p_(p),
      settings_(settings),
      log_(log),
      lock_out_(lock_out),
      bolt_(bolt),
      signals_(signals),
      keys_(keys),
      boots_(boots),
      portal_(portal) {}

Task<void> KeypadEntry::note(std::string text) {
  if (log_.newest() >= kLogFull && p_.defects.has(kLogStops)) co_return;
  co_await log_.add(boots_, std::move(text));
}

Task<KeypadEntry::Entry> KeypadEntry::read_entry(Instant first_until) {
  Entry entry;
  int typed = 0;
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
    if (++typed > kBuffer && p_.defects.has(kLongEntryCrashes)) {
      p_.reset("fault");
      co_await p_.world.never();
    }
    until = p_.defects.has(kEntryNeverForgotten)
                ? kNever
                : p_.world.now() + p_.model.entry_timeout;
  }
}

Task<void> KeypadEntry::run() {
  for (;;) {
    const Entry entry = co_await read_entry(kNever);
    if (entry.complete) co_await take_code(entry.digits);
  }
}

Task<void> KeypadEntry::take_code(const std::string& digits) {
  const bool sized = digits.size() >= kCodeMin && digits.size() <= kCodeMax;
  const bool needs_portal = portal_.lost && p_.defects.has(kNeedsPortal);
  if (lock_out_.active() || !sized || needs_portal) {
    co_await turn_away(digits);
    co_return;
  }
  if (!p_.defects.has(kCountsAfterSignal)) co_await lock_out_.count_try();
  if (opens_programming(digits)) {
    co_await lock_out_.forgive();
    co_await program();
  } else if (const int slot = opening_slot(digits); slot >= 0) {
    co_await lock_out_.forgive();
    co_await right_code(slot);
  } else {
    co_await wrong_code(digits);
  }
}

// What is refused unread gives no hint whether it is right.
Task<void> KeypadEntry::turn_away(const std::string& digits) {
  const bool may_be_function = !digits.empty() && digits.size() < kCodeMin;
  if (may_be_function && p_.world.now() < trusted_until_ &&
      p_.defects.has(kUserCodePrograms)) {
    const bool done = co_await run_function(digits);
    signals_.show(done ? Colour::green : Colour::red, done ? 2 : 3);
    co_return;
  }
  const bool right = lock_out_.active() && !digits.empty() && slot_of(digits) >= 0;
  if (right && p_.defects.has(kRightCodeEndsLockOut)) {
    co_await lock_out_.lift();
    co_await lock_out_.forgive();
    co_await right_code(slot_of(digits));
    co_return;
  }
  const bool hint = right && p_.defects.has(kLockOutHints);
  signals_.show(Colour::red, hint ? 1 : 3);
  if (lock_out_.active()) co_await lock_out_.turn_away();
}

Task<void> KeypadEntry::right_code(int slot) {
  const bool open = bolt_.locked();
  const bool moved = open ? co_await bolt_.unlock() : co_await bolt_.lock();
  signals_.show(moved ? Colour::green : Colour::red, moved ? 1 : 3);
  warn_of_battery();
  if (moved && !p_.defects.has(kOpeningUnlogged)) {
    co_await note((open ? "unlocked by code " : "locked by code ") +
                  std::to_string(slot));
  }
  trusted_until_ = p_.world.now() + p_.model.entry_timeout;
}

void KeypadEntry::warn_of_battery() {
  const Battery& battery = p_.model.battery;
  if (p_.battery_mv() > battery.low_mv || p_.defects.has(kBatteryUnsaid)) return;
  const bool very_low = p_.battery_mv() <= battery.very_low_mv;
  signals_.show(Colour::red, very_low && !p_.defects.has(kOneBatteryWarning) ? 8 : 4);
}

Task<void> KeypadEntry::wrong_code(const std::string& digits) {
  if (p_.defects.has(kAnswerTellsDigits)) {
    const auto same =
        static_cast<std::int64_t>(leading(settings_.get(Key::user_code), digits));
    co_await p_.world.sleep_for(kComparison * same, "a code to be compared");
  }
  signals_.show(Colour::red, 3);
  if (p_.defects.has(kCountsAfterSignal)) {
    co_await p_.world.sleep_for(kErrorSignal, "the signal to end");
    co_await lock_out_.count_try();
  }
  const bool locked_out = co_await lock_out_.punish();
  if (locked_out) {
    if (!p_.defects.has(kLockOutUnlogged)) co_await note("locked out");
  } else if (p_.defects.has(kLogHoldsCodes)) {
    co_await note("wrong code " + digits);
  } else if (!p_.defects.has(kWrongCodesUnlogged)) {
    co_await note("wrong code");
  }
}

bool KeypadEntry::opens_programming(const std::string& digits) const {
  if (is_programming_code(digits)) return true;
  return digits == old_programming_code_ && p_.defects.has(kOldProgrammingCode);
}

int KeypadEntry::opening_slot(const std::string& digits) const {
  if (digits == new_code_ && p_.defects.has(kNewCodeNeedsRestart)) return -1;
  if (const int slot = slot_of(digits); slot >= 0) return slot;
  if (digits == old_code_ && p_.defects.has(kOldCodeOpens)) return 0;
  for (int slot = 0; slot < kUserCodes; ++slot) {
    const std::string& code = settings_.get(user_code_key(slot));
    if (code.empty() || digits.size() <= code.size()) continue;
    if (digits.starts_with(code) && p_.defects.has(kPrefixOpens)) return slot;
    if (digits.ends_with(code) && p_.defects.has(kSlidingWindow)) return slot;
  }
  return -1;
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

}  // namespace lockrig::twin
