// What lockrig_hardware_path can be told to do, each in a process of its own.
// python/lockrig/hardware_path starts them in the environment of an emulated bus,
// and says what is measured against what.
#pragma once

#include <string>
#include <vector>

namespace lockrig::hardware_path {

using Words = std::vector<std::string>;

/// What is asked for on the standard input, a word a line: "go" is answered by "ready",
/// "pause" by "paused", the end ends.
///
/// `SERIAL CONSOLE...`, a console as in console_at.hpp: in between, each kProvocation
/// on one of the consoles moves the line `power`: SerialPort, Console, PatternWatch,
/// Gpio::run() under an Attention, MpssePort. All in one process and one world.
int react(const Words& words);

/// The same, a console being a PTY's path, by read() and libftdi1's ftdi_write_data()
/// of one set-pins command, in one thread: the least that can be done.
int react_barely(const Words& words);

/// `SERIAL MS...`: power off and on again once for each, first by the chip's clock
/// (Power::interrupt()), then by the host's (two waveforms with a sleep between).
int interrupt_power(const Words& words);

/// `MIB`: a log that holds no pattern, by a PTY from another process to a PatternWatch;
/// in turn with it, a little of another one to a console that is new each time. What a
/// read costs, and how that grew over the new console's cost. Prints one JSON line.
int read_log(const Words& words);

/// `PATH BAUD KIB`: an upload to the lock that serves SMP there. Prints one JSON line.
int upload_image(const Words& words);

}  // namespace lockrig::hardware_path
