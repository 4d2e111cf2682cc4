// One mounted lock with its power switch, keypad, sensors and console.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "rig/protocol/keypad_map.hpp"
#include "rig/protocol/wiring.hpp"
#include "rig/station/bolt.hpp"
#include "rig/station/console.hpp"
#include "rig/station/gpio.hpp"
#include "rig/station/keypad.hpp"
#include "rig/station/power.hpp"
#include "rig/station/signals.hpp"

namespace lockrig::station {

struct StationConfig {
  std::string name;
  mpsse::Wiring wiring;
  mpsse::KeypadMap keypad;
  KeypadTimings keypad_timings{};
  bool reset_key = false;  // the interlock of R is closed
  Duration console_byte_period = Console::kBytePeriod;
  /// What the bench has fitted beyond the lines: of smp, text, update, radio, supply,
  /// flash_ops, operator, disk. std::invalid_argument for another name, or for one of
  /// the first three without a console.
  std::set<std::string> fitted{};
  GpioOptions gpio{};
  PowerLimits power{};
  Duration key_drive_max = Keypad::kDriveMax;
};

class Station {
 public:
  /// The channel and the stream outlive the station. `console` may be null.
  Station(World& world, FtdiChannel& channel, ByteStream* console,
          StationConfig config);
  Station(const Station&) = delete;
  Station& operator=(const Station&) = delete;

  /// Before all else; afterwards keys are open and power is off.
  Task<void> open() { return gpio.open(); }

  /// Throws the RigError with which a wire failed at any time, though it may work
  /// again: nothing is judged by what a dead wire said.
  void check() const;

  /// At the end: keys are released and, unless it shall stay, power is switched off, as
  /// far as the chip still answers. Throws nothing. A waveform under way comes first.
  Task<void> leave(bool keep_power);

  const std::string& name() const { return config_.name; }
  /// Of power, keypad, bolt, console, and what is fitted.
  const std::set<std::string>& capabilities() const { return capabilities_; }

 private:
  StationConfig config_;
  std::set<std::string> capabilities_;

 public:
  World& world;
  Gpio gpio;
  Power power;
  Keypad keypad;
  Bolt bolt;
  Signals signals;
  std::optional<Console> console;
};

}  // namespace lockrig::station
