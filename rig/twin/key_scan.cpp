#include "rig/twin/key_scan.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace lockrig::twin {
namespace {

// Longer than anybody presses a key, and below the minute for which the rig may drive
// one (station/keypad.hpp). Assumed.
constexpr Duration kStuckAfter = 30s;

// A keypad's matrix, as its keys lie (domain facts): for the defect ghost-key.
constexpr int kColumns = 3;
constexpr std::array<std::string_view, 12> kMatrix = {
    "1", "2", "3", "4", "5", "6", "7", "8", "9", "lock", "0", "enter"};

int place_of(std::string_view key) {
  return static_cast<int>(std::find(kMatrix.begin(), kMatrix.end(), key) -
                          kMatrix.begin());
}

/// Three keys at the corners of a rectangle close the path of the fourth, where no
/// diodes stand in the matrix. Empty if they do not.
std::string_view fourth_corner(const mpsse::KeypadMap& keys, std::uint16_t closed) {
  int row = 0;
  int column = 0;
  std::array<int, 3> places{};
  for (int& place : places) {
    place = place_of(keys.key_at(std::countr_zero(closed)));
    closed &= static_cast<std::uint16_t>(closed - 1);
    if (place >= static_cast<int>(kMatrix.size())) return {};
    // Of two equal rows (and columns) the odd one out is left.
    row ^= place / kColumns;
    column ^= place % kColumns;
  }
  const int fourth = row * kColumns + column;
  const bool rectangle = row < 4 && column < kColumns &&
                         std::count(places.begin(), places.end(), fourth) == 0 &&
                         std::any_of(places.begin(), places.end(),
                                     [&](int p) { return p / kColumns == row; }) &&
                         std::any_of(places.begin(), places.end(),
                                     [&](int p) { return p % kColumns == column; });
  return rectangle ? kMatrix.at(static_cast<std::size_t>(fourth)) : std::string_view{};
}

}  // namespace

Task<void> KeyScan::settle() {
  if (p_.defects.has(kNoDebounce)) co_return;
  // Not `while (co_await ...) {}`: GCC 12 compiles an empty body into a trap.
  bool moved = true;
  while (moved) {
    moved = co_await p_.contacts.changed.wait(p_.world.now() + p_.model.debounce,
                                              "a contact to be still");
  }
}

std::uint16_t KeyScan::live() {
  stuck_ &= p_.contacts.closed;
  return static_cast<std::uint16_t>(p_.contacts.closed & ~stuck_);
}

Task<void> KeyScan::run() {
  for (;;) {
    while (live() == 0) co_await p_.contacts.changed.wait(kNever, "a key");
    co_await settle();
    take(live());
    co_await let_go();
  }
}

void KeyScan::take(std::uint16_t closed) {
  const int count = std::popcount(closed);
  std::string_view key;
  if (count == 1 || (count > 1 && p_.defects.has(kChordIsAKey))) {
    key = p_.model.keys.key_at(std::countr_zero(closed));
  } else if (count == 3 && p_.defects.has(kGhostKey)) {
    key = fourth_corner(p_.model.keys, closed);
  }
  // R is no key to type with: see factory_reset.hpp.
  if (key.empty() || key == mpsse::KeypadMap::kReset) return;
  keys_.emplace_back(key);
  pressed_.notify();
}

Task<void> KeyScan::let_go() {
  const Instant stuck_at = p_.world.now() + kStuckAfter;
  do {
    while (live() != 0) {
      const bool moved =
          co_await p_.contacts.changed.wait(stuck_at, "a key to be let go");
      if (moved || p_.world.now() < stuck_at || live() == 0) continue;
      give_up_on(live());
      if (p_.defects.has(kDeadAfterHold)) co_await p_.world.never();
      while (p_.defects.has(kStuckKeyBlocks) && p_.contacts.closed != 0) {
        co_await p_.contacts.changed.wait(kNever, "a key to be let go");
      }
    }
    co_await settle();
  } while (live() != 0);
}

void KeyScan::give_up_on(std::uint16_t held) {
  stuck_ |= held;
  if (p_.defects.has(kStuckKeyUntold)) return;
  for (; held != 0; held &= static_cast<std::uint16_t>(held - 1)) {
    faults_.add("key stuck " +
                std::string(p_.model.keys.key_at(std::countr_zero(held))));
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
