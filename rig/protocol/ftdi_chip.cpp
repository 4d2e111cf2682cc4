#include "rig/protocol/ftdi_chip.hpp"

namespace lockrig::mpsse {

std::string Chip::pin_name(int bit) const {
  return std::string(bit < 8 ? "ADBUS" : high_bus) + std::to_string(bit % 8);
}

const Chip* find_chip(std::string_view name) {
  for (const Chip* chip : kChips) {
    if (chip->name == name) return chip;
  }
  return nullptr;
}

const Chip* find_chip(std::uint16_t product_id, std::uint16_t release) {
  for (const Chip* chip : kChips) {
    if (chip->product_id == product_id && chip->release == release) return chip;
  }
  return nullptr;
}

}  // namespace lockrig::mpsse
