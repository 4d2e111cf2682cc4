// What the keypad and the radio of a lock know of each other.
#pragma once

#include "rig/core/world.hpp"

namespace lockrig::twin {

struct PortalContact {
  explicit PortalContact(World& world) : wanted(world) {}

  Signal wanted;      // somebody at the keypad asks for a check-in
  bool lost = false;  // nobody answered the last one
};

}  // namespace lockrig::twin
