// Which line of a station hangs on which pin of its FTDI chip, and with what polarity.
// Above this file code says "power, active"; bit numbers end here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rig/protocol/ftdi_chip.hpp"
#include "rig/protocol/mpsse.hpp"

namespace lockrig::mpsse {

struct Line {
  std::string name;
  int bit = 0;  // 0-7 ADBUS, 8-15 ACBUS (FT4232H: BDBUS)
  bool output = false;
  bool active_high = true;
  constexpr std::uint16_t mask() const { return static_cast<std::uint16_t>(1u << bit); }
};

class Wiring {
 public:
  /// REQUIRES: names and bits are unique, bits are 0-15; load_wiring() checks a file.
  explicit Wiring(std::vector<Line> lines, const Chip& chip = kFt2232h);

  /// std::invalid_argument if the board has no such line. The reference lives as long
  /// as the Wiring: look a line up once, not for every edge.
  const Line& at(std::string_view name) const;
  bool has(std::string_view name) const;
  const std::vector<Line>& lines() const { return lines_; }  // in the order of the file
  /// "ACBUS6", as the chip's data sheet has it.
  std::string pin_of(const Line& line) const { return chip_->pin_name(line.bit); }

  /// 1 for every output.
  std::uint16_t direction() const { return direction_; }
  /// Every output inactive; 0 for inputs and unused pins.
  std::uint16_t idle() const { return idle_; }
  Pins idle_pins() const { return {idle_, direction_}; }

  static bool active(std::uint16_t pins, const Line& line) {
    return ((pins & line.mask()) != 0) == line.active_high;
  }
  static std::uint16_t with(std::uint16_t pins, const Line& line, bool active) {
    return static_cast<std::uint16_t>(active == line.active_high ? pins | line.mask()
                                                                 : pins & ~line.mask());
  }

 private:
  std::vector<Line> lines_;
  const Chip* chip_;
  std::uint16_t direction_ = 0;
  std::uint16_t idle_ = 0;
};

/// Reads a board's wiring.csv: line,bus,bit,direction,active,purpose. BadInput, with
/// the line number and the column or line name, for anything that is not a safe wiring.
///
/// Lines: power, discharge, isolate, rail, bolt_extended and bolt_retracted must be
/// there, and either keypad_data/clock/latch/enable or key_a0-key_a3 and key_strobe,
/// not both; dip, led_red, led_green, beeper and busy may be; no other names.
///
/// Pins: busy sits on ADBUS5, the one pin the chip can wait for (GPIOL1, AN_108), and
/// on an FT4232H nowhere (see io::Ft4232hPair). The clock pin of an MPSSE (ADBUS0, on
/// an FT4232H BDBUS0 too) stays free, and no output sits where the chip drives a UART
/// signal outside MPSSE mode: the tables of ftdi_chip.hpp. The bus of bits 8-15 is
/// ACBUS, on an FT4232H BDBUS.
///
/// Costs about 30 us (measured): load once a bench, not once a trial.
Wiring load_wiring(const std::string& path, const Chip& chip = kFt2232h);

}  // namespace lockrig::mpsse
