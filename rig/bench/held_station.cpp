#include "rig/bench/held_station.hpp"

#include "rig/core/error.hpp"

namespace lockrig::bench {
namespace {

io::GuardConfig guard_config(const StationEntry& entry,
                             const std::filesystem::path& state_file) {
  return {.station = entry.name,
          .usb_serial = entry.gpio.usb_serial,
          .chip = entry.gpio.chip,
          .idle = entry.wiring.idle(),
          .direction = entry.wiring.direction(),
          .power_mask = entry.wiring.at("power").mask(),
          .keep_power = entry.on_exit == "keep",
          .state_file = state_file,
          .dry_run = {}};
}

/// What another process has is the rig's own fault, as a device that is not there.
io::StationLock hold(const StationEntry& entry) {
  try {
    return io::StationLock(io::lock_folder(), entry.name, entry.gpio.usb_serial,
                           utc_text());
  } catch (const io::StationHeld& held) {
    throw RigError(entry.name, "lock", held.what(), "who is at work there");
  }
}

}  // namespace

HeldStation::HeldStation(const StationEntry& entry,
                         const std::filesystem::path& programs)
    : lock_(hold(entry)),
      state_(io::StationState::file_of(io::state_folder(), entry.gpio.usb_serial)),
      guard_(programs / "lockrig_guard", guard_config(entry, state_.file()),
             lock_.descriptor()) {}

void HeldStation::begin() { guard_.power(true); }

void HeldStation::end(bool safe) {
  if (safe) {
    state_.clear_mark(utc_text());
  } else {
    state_.mark_unknown("a device of the station failed in its last use", utc_text());
  }
  guard_.power(false);
}

}  // namespace lockrig::bench
