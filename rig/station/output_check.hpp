// Do the chip's output pins do what it drives? A pin that something else holds reads
// that level back. A wire that is off does not show here: its pin is as driven.
#pragma once

#include <vector>

#include "rig/station/gpio.hpp"

namespace lockrig::station {

/// An output that reads the other level than it was driven to.
struct HeldOutput {
  int line;     // index in the Wiring
  bool driven;  // to that level, high or low
  bool operator==(const HeldOutput&) const = default;
};

/// As the outputs stand: drives nothing. In the order of the Wiring.
Task<std::vector<HeldOutput>> read_outputs(Gpio& gpio);

/// Drives every output but power to both levels, for a tenth of a millisecond each,
/// and reads all of them back each time. Power is read at its inactive level only: who
/// switches it on reads it then. Meanwhile the isolator isolates, but for its own turn:
/// no key of the board is pressed. The outputs are left as they were.
/// REQUIRES: power is off, the rail is down and no key is held.
Task<std::vector<HeldOutput>> drive_outputs(Gpio& gpio);

}  // namespace lockrig::station
