// Two cascaded 74HC595: the 6000i's sixteen key switches. Levels are the chip's own,
// except that the output enable is said as "enabled".
// Source: 74HC595 data sheet (Nexperia), function table.
#pragma once

#include <cstdint>
#include <functional>

#include "rig/core/random.hpp"

namespace lockrig::twin {

class ShiftRegister {
 public:
  struct Pins {
    bool data = false;
    bool clock = false;    // rising: shifts
    bool latch = false;    // rising: stores
    bool enabled = false;  // low on the chip's OE: the outputs drive their switches
  };

  /// At power-up both registers hold garbage, from `seed`: whoever enables before
  /// loading presses keys. `contact` is called for each switch that opens, then for
  /// each that closes, at the time of the change.
  ShiftRegister(std::uint64_t seed,
                std::function<void(int switch_number, bool)> contact)
      : shift_(static_cast<std::uint16_t>(mix(seed, "74HC595 shift"))),
        store_(static_cast<std::uint16_t>(mix(seed, "74HC595 storage"))),
        contact_(std::move(contact)) {}

  /// All four pins at one moment. The bit shifted in first ends up on switch 15, the
  /// last on switch 0. Both clocks rising at once store what was there before the
  /// shift. std::logic_error if data changes together with a rising shift clock: it
  /// breaks the set-up time, and what is shifted in would be anyone's guess.
  void set(Pins pins) {
    const bool shifts = pins.clock && !pins_.clock;
    if (shifts && pins.data != pins_.data) refuse();
    const bool drives = pins.latch != pins_.latch || pins.enabled != pins_.enabled;
    if (pins.latch && !pins_.latch) store_ = shift_;
    if (shifts) shift_ = static_cast<std::uint16_t>(shift_ << 1 | (pins.data ? 1 : 0));
    pins_ = pins;
    if (drives) drive();  // most edges only shift
  }

  /// Bit n: switch n is closed.
  std::uint16_t closed() const { return closed_; }

 private:
  [[noreturn]] static void refuse();
  void drive();

  std::uint16_t shift_;
  std::uint16_t store_;
  std::uint16_t closed_ = 0;
  Pins pins_{};
  std::function<void(int, bool)> contact_;
};

}  // namespace lockrig::twin
