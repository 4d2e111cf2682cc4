// FTDI chips with nothing wired to them, on an emulated bus: what tests of serial ports
// and of MPSSE ports talk to.
#pragma once

#include <string>
#include <vector>

namespace lockrig::rehearsal {

/// `[--chip NAME] SERIAL...`: MPSSE on every channel that has it; where the chip has a
/// channel besides (B of the FT2232H), it is a ttyUSB that echoes. Serves until the
/// standard input ends. Control commands, all with the serial number first:
///   unplug S, replug S          the cable
///   set S CHANNEL BIT 0|1       the world drives a pin
///   float S CHANNEL BIT         it no longer does: the pin reads its pull-up
///   pins S CHANNEL              "levels=0x0000 driven=0x0000": what the chip drives
/// std::invalid_argument for a mistake.
int serve_bare_chips(const std::vector<std::string>& arguments);

/// What a program prints when ready: how another process gets on the bus.
std::string ready_line(const std::string& directory, const std::string& control);

}  // namespace lockrig::rehearsal
