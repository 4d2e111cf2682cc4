#include "rig/twin/shift_register.hpp"

#include <bit>
#include <stdexcept>

namespace lockrig::twin {

void ShiftRegister::refuse() {
  throw std::logic_error(
      "74HC595: keypad_data changes together with the rising edge of keypad_clock");
}

void ShiftRegister::drive() {
  const std::uint16_t before = closed_;
  closed_ = (levels_ & pins_.enabled) != 0 ? store_ : std::uint16_t{0};
  if (closed_ == before) return;
  for (unsigned opened = before & ~closed_; opened != 0; opened &= opened - 1) {
    contact_(std::countr_zero(opened), false);
  }
  for (unsigned newly = closed_ & ~before; newly != 0; newly &= newly - 1) {
    contact_(std::countr_zero(newly), true);
  }
}

}  // namespace lockrig::twin
