// One boot of a lock's firmware: its RAM, and the tasks that run in it. Created by the
// board when the boot loader has chosen an image; gone with the boot's Life.
#pragma once

#include "rig/twin/build.hpp"
#include "rig/twin/check_in.hpp"
#include "rig/twin/factory_reset.hpp"
#include "rig/twin/keypad_entry.hpp"
#include "rig/twin/service_port.hpp"

namespace lockrig::twin {

class Firmware {
 public:
  Firmware(Peripherals& p, Life& life, Boot boot, std::string cause);

  /// From the boot loader's jump on.
  Task<void> run();

 private:
  Task<void> start(const image::Header& header, const Build& build);
  Task<void> settle_update();
  Task<void> prove_trial();
  bool self_test() const;

  Peripherals& p_;
  Life& life_;
  Boot boot_;
  BootFacts facts_;
  Settings settings_;
  AuditLog log_;
  FaultNotes faults_;
  Signaller signals_;
  KeyScan keys_;
  BoltDrive bolt_;
  LockOut lock_out_;
  FactoryReset factory_reset_;
  PortalContact portal_;
  // Made once the boot count is known.
  std::optional<Updater> updater_;
  std::optional<KeypadEntry> entry_;
  std::optional<ServicePort> port_;
  std::optional<CheckIn> check_in_;
};

}  // namespace lockrig::twin
