#include "rig/twin/shift_register.hpp"

#include <stdexcept>

namespace lockrig::twin {

void ShiftRegister::set(Pins pins) {
  const bool shifts = pins.clock && !pins_.clock;
  if (shifts && pins.data != pins_.data) {
    throw std::logic_error(
        "74HC595: keypad_data changes together with the rising edge of keypad_clock");
  }
  if (pins.latch && !pins_.latch) store_ = shift_;
  if (shifts) shift_ = static_cast<std::uint16_t>(shift_ << 1 | (pins.data ? 1 : 0));
  const bool loads = (pins.latch && !pins_.latch) || pins.enabled != pins_.enabled;
  pins_ = pins;
  if (!loads) return;  // most edges only shift

  const std::uint16_t before = closed_;
  closed_ = pins.enabled ? store_ : std::uint16_t{0};
  if (closed_ == before) return;
  const int opened = before & ~closed_;
  const int newly = closed_ & ~before;
  for (int i = 0; i < 16; ++i) {
    if ((opened >> i & 1) != 0) contact_(i, false);
  }
  for (int i = 0; i < 16; ++i) {
    if ((newly >> i & 1) != 0) contact_(i, true);
  }
}

}  // namespace lockrig::twin
