// The cable between a station's FT2232H and its board, by the station's wiring file:
// the power switch, the isolator, the key switches and the sensors.
//
// External pulls hold every output wire safe that nobody drives: power and discharge
// off, keys open, console and keys isolated. The isolator's pull is therefore to its
// *active* level. The dip line, where there is one, chooses which rail stands behind
// the power switch: it does nothing while that is open.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rig/core/board.hpp"
#include "rig/core/operator.hpp"
#include "rig/protocol/wiring.hpp"
#include "rig/twin/ft2232h.hpp"
#include "rig/twin/key_multiplexer.hpp"
#include "rig/twin/shift_register.hpp"

namespace lockrig::twin {

class Harness final : public Operator {
 public:
  /// Takes the callbacks of the chip's and of the board's outputs. Chip and board
  /// outlive it. The garbage in the shift registers comes from the world's seed.
  /// REQUIRES: a wiring as load_wiring() returns it.
  Harness(World& world, Ft2232h& chip, Board& board, const mpsse::Wiring& wiring);
  ~Harness() override;

  /// A pulled sensor wire reads its inactive level, a pulled output wire leaves the
  /// board's side to its pull and the chip's pin to the chip's own pull-up. "console"
  /// is a wire too. "usb" is the chip's own cable: its streams and the console's are
  /// `failed` without it. Pulling a pulled wire changes nothing.
  void unplug(const std::string& wire) override;
  void replug(const std::string& wire) override;
  void block_bolt(double at) override { board_.block_bolt(at); }
  void unblock_bolt() override { board_.unblock_bolt(); }

  /// A wire that is not the FT2232H's: `plugged` is called when it is pulled and put
  /// back. std::invalid_argument if there is such a wire.
  void add_wire(const std::string& wire, std::function<void(bool in)> plugged);

  /// A defect of the station, not of its board, for the doctor to find; from now on.
  /// "back_powered": the isolator does not isolate, so that console and keys feed a
  /// board whose power is off. "shorted_high:LINE", "shorted_low:LINE": the wire of an
  /// output, and the chip's pin with it, is at that level whatever the chip drives.
  /// std::invalid_argument for another name.
  void set_fault(const std::string& name);
  /// What set_fault() would throw.
  static void check_fault(const std::string& name, const mpsse::Wiring& wiring);

  /// The board's console as the rig has it: while unplugged, bytes vanish both ways.
  /// Bytes on the line at that moment are counted whole, by when they arrive.
  ByteStream& console();

 private:
  class Console;

  struct Contact {
    std::uint16_t mask = 0;
    std::uint16_t inverted = 0;  // the mask, where low is active
    bool active(std::uint16_t levels) const {
      return ((levels ^ inverted) & mask) != 0;
    }
  };

  /// The chip's pin that sees an output of the board, if one does.
  struct Sensor {
    std::uint16_t mask = 0;
    std::int8_t bit = -1;
    bool active_high = true;
  };

  Contact contact(const mpsse::Wiring& wiring, const char* name);
  void plug(const std::string& wire, bool in);
  void outputs_changed(std::uint16_t chip_levels, std::uint16_t chip_driven);
  void supply_changed();
  void keypad_changed();
  void press(int switch_number, bool closed);
  void isolate(bool isolated);
  void show(Output output, bool active);

  Ft2232h& chip_;
  Board& board_;
  std::vector<mpsse::Line> lines_;
  std::array<Sensor, kOutputs> sensors_;
  std::unique_ptr<Console> console_;

  Contact power_, discharge_, isolate_;
  Contact dip_;  // never active where there is none
  std::array<Contact, 4> address_;
  Contact strobe_;
  std::uint16_t keypad_mask_ = 0;
  std::uint16_t keypad_inverted_ = 0;  // of these, where low is active
  std::optional<ShiftRegister> shift_register_;
  std::optional<KeyMultiplexer> multiplexer_;

  std::uint16_t outputs_ = 0;  // the wires that are outputs
  std::uint16_t plugged_ = 0;  // the wires that are plugged in
  std::uint16_t pulls_ = 0;    // levels at the board's side if nobody drives
  std::uint16_t levels_ = 0;   // levels at the board's side
  std::uint16_t pressed_ = 0;  // switches closed
  bool isolated_ = true;
  bool back_powered_ = false;
  std::uint16_t short_mask_ = 0;  // wires that are shorted, and to what
  std::uint16_t short_levels_ = 0;
  Supply supply_ = Supply::open;
  std::map<std::string, std::function<void(bool)>> other_wires_;
};

}  // namespace lockrig::twin
