// What the firmware of a twin can touch: the board around its processor.
#pragma once

#include <functional>
#include <string>

#include "rig/core/board.hpp"
#include "rig/core/network.hpp"
#include "rig/twin/bolt.hpp"
#include "rig/twin/defects.hpp"
#include "rig/twin/lock_model.hpp"
#include "rig/twin/nor_flash.hpp"

namespace lockrig::twin {

/// The keypad's contacts, a bit each; a change wakes the processor.
struct Contacts {
  explicit Contacts(World& world) : changed(world) {}
  std::uint16_t closed = 0;
  Signal changed;
};

/// All references outlive every boot.
struct Peripherals {
  World& world;
  const LockModel& model;
  const Unit& unit;
  const Defects& defects;
  NorFlash& flash;
  BoltMechanics& bolt;
  Signal& bolt_changed;  // an end sensor of the bolt
  Contacts& contacts;
  ByteStream& uart;
  Network& network;
  /// What the cells give while nothing draws on them.
  std::function<int()> battery_mv;
  /// LEDs and beeper.
  std::function<void(Output, bool)> set;
  /// Restarts the processor; the caller then waits for ever.
  std::function<void(std::string cause)> reset;
};

}  // namespace lockrig::twin
