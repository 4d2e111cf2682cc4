// How a program that runs a paced world begins and ends.
#pragma once

#include <string>

#include "rig/core/world.hpp"

namespace lockrig::rehearsal {

/// Prints `ready` as a line and runs the world until SIGINT, SIGTERM or, where asked
/// for, the end of the standard input. Then says on the standard error how late the
/// world was, where that exceeds kTolerated.
void serve(World& world, const std::string& ready, bool until_input_ends);

/// Less is the scheduler's everyday; more distorts what a twin is timed by. [assumed]
inline constexpr Duration kTolerated = 5ms;

}  // namespace lockrig::rehearsal
