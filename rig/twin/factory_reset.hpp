// Back to the codes on the slip: the key R, behind the inside cover, held in the first
// seconds of power.
#pragma once

#include "rig/twin/audit_log.hpp"
#include "rig/twin/peripherals.hpp"
#include "rig/twin/settings.hpp"

namespace lockrig::twin {

/// The unit's own codes come back, never presets that others know; the owner's are gone
/// and the lock is not set up. Log, boots, network and image stay. A cut leaves all as
/// it was, or the reset is complete and at the next boot the log says so.
class FactoryReset {
 public:
  FactoryReset(Peripherals& p, Settings& settings, AuditLog& log)
      : p_(p), settings_(settings), log_(log) {}

  /// At boot, before anything else is logged: notes a reset that a cut kept out of the
  /// log.
  Task<void> note(std::uint32_t boots);
  /// Waits for R; returns when the time for it is over. A reset restarts the lock.
  Task<void> run(std::uint32_t boots);

 private:
  Task<bool> held();

  Peripherals& p_;
  Settings& settings_;
  AuditLog& log_;
};

}  // namespace lockrig::twin
