// Before a fault: the rig proves that it can look.
#pragma once

#include "rig/trial/hand.hpp"

namespace lockrig::trial {

/// Powers the lock on and asks every sense that the oracle will use; what fails after
/// this is the lock's doing. Throws RigError for one that does not answer. The lock is
/// shut and locked afterwards. REQUIRES: the station is open and its lock is good.
Task<void> check_that_it_can_look(Rig& rig, Hand& hand, const std::string& user_code);

}  // namespace lockrig::trial
