// What a lock's service port says of an image that it does not want, or of whom it
// does not know.
#pragma once

#include <string>

#include "rig/protocol/smp_message.hpp"

namespace lockrig::lock {

/// Of an error of the lock's own group, code 1 to 8: "MODEL", "REVISION", "DOWNGRADE",
/// "SIGNATURE", "FORMAT", "SIZE", "STATE" or "LOCKED". Empty for any other error.
std::string refusal_name(const smp::Error& error);

}  // namespace lockrig::lock
