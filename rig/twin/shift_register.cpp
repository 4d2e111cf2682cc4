#include "rig/twin/shift_register.hpp"

#include <stdexcept>

namespace lockrig::twin {

void ShiftRegister::refuse() {
  throw std::logic_error(
      "74HC595: keypad_data changes together with the rising edge of keypad_clock");
}

void ShiftRegister::drive() {
  const std::uint16_t before = closed_;
  closed_ = pins_.enabled ? store_ : std::uint16_t{0};
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
