// Two cascaded 74HC595: the 6000i's sixteen key switches. Levels are the chip's own,
// except that the output enable is said as "enabled". They come as one word, as a rig
// has its pins: a key is shifted in by forty changes.
// Source: 74HC595 data sheet (Nexperia), function table.
#pragma once

#include <cstdint>
#include <functional>

#include "rig/core/random.hpp"

namespace lockrig::twin {

class ShiftRegister {
 public:
  /// Which bit of the word each pin hangs on.
  struct Pins {
    std::uint16_t data = 1;
    std::uint16_t clock = 2;  // rising: shifts
    std::uint16_t latch = 4;  // rising: stores
    std::uint16_t enabled =
        8;  // low on the chip's OE: the outputs drive their switches
  };

  /// At power-up both registers hold garbage, from `seed`: whoever enables before
  /// loading presses keys. `contact` is called for each switch that opens, then for
  /// each that closes, at the time of the change.
  ShiftRegister(std::uint64_t seed, Pins pins,
                std::function<void(int switch_number, bool)> contact)
      : pins_(pins),
        shift_(static_cast<std::uint16_t>(mix(seed, "74HC595 shift"))),
        store_(static_cast<std::uint16_t>(mix(seed, "74HC595 storage"))),
        contact_(std::move(contact)) {}

  /// All four pins at one moment. The bit shifted in first ends up on switch 15, the
  /// last on switch 0. Both clocks rising at once store what was there before the
  /// shift. std::logic_error if data changes together with a rising shift clock: it
  /// breaks the set-up time, and what is shifted in would be anyone's guess.
  void set(std::uint16_t levels) {
    const int changed = levels ^ levels_;
    const int risen = changed & levels;
    const bool shifts = (risen & pins_.clock) != 0;
    if (shifts && (changed & pins_.data) != 0) refuse();
    levels_ = levels;
    if ((risen & pins_.latch) != 0) store_ = shift_;
    if (shifts) {
      shift_ = static_cast<std::uint16_t>(shift_ << 1 |
                                          ((levels & pins_.data) != 0 ? 1 : 0));
    }
    // Most changes only shift.
    if ((changed & (pins_.latch | pins_.enabled)) != 0) drive();
  }

  /// Bit n: switch n is closed.
  std::uint16_t closed() const { return closed_; }

 private:
  [[noreturn]] static void refuse();
  void drive();

  Pins pins_;
  std::uint16_t levels_ = 0;
  std::uint16_t shift_;
  std::uint16_t store_;
  std::uint16_t closed_ = 0;
  std::function<void(int, bool)> contact_;
};

}  // namespace lockrig::twin
