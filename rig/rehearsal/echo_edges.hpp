// Chips whose pins are watched on the host's clock, and consoles that say when to move
// them: both ends of a reaction in one process and on one clock, whoever reacts.
// ./lockrig benchmark --hardware-path measures with it.
#pragma once

#include <string>
#include <vector>

namespace lockrig::rehearsal {

/// What the last bytes of a provocation are.
inline constexpr const char* kProvocation = "#REACT#";

/// `CONSOLES SERIAL...`: FT2232Hs on an emulated bus, an MPSSE on channel A, and so
/// many consoles beside each, on USB adapters of four. Serves until the standard input
/// ends. Control commands, all with the serial number first; bits are 0-7 ADBUS, 8-15
/// ACBUS:
///   consoles S               each as SERIAL,INTERFACE,PTY: of its adapter, and what
///                            is behind it
///   provoke S BIT COUNT SEED COUNT times, 3 to 9 ms apart: a line of text that ends in
///                            kProvocation, on a console chosen at random, as a
///                            serial adapter delivers it at 115200 baud; and a wait
///                            of up to a second for the pin to change. Once it is
///                            over, "provoked S" on the standard output
///   reactions S              "busy" meanwhile; then for each, in microseconds of the
///                            host's monotonic clock: from before its last bytes are
///                            written to the change of the pin; -1 where it did not
///                            change
///   follow S OUT IN          from now on input IN has the level of output OUT
///   edges S BIT              the changes of an output since last asked, each as
///                            LEVEL,HOST_US,CHIP_US: by the host's clock and the chip's
/// std::invalid_argument for a mistake.
int serve_echo_edges(const std::vector<std::string>& arguments);

}  // namespace lockrig::rehearsal
