// The service port: SMP over the console (protocols.md, "SMP over serial"), with the OS
// and image groups and the lock group at 64. It never tells a code. What changes
// anything is refused until the port is unlocked (service_lock.hpp); what tells is not.
// The boot loader's serial recovery has no such lock, as MCUboot's has none.
#pragma once

#include "rig/protocol/smp_header.hpp"
#include "rig/protocol/smp_line.hpp"
#include "rig/twin/audit_log.hpp"
#include "rig/twin/bolt_drive.hpp"
#include "rig/twin/lock_out.hpp"
#include "rig/twin/service_lock.hpp"
#include "rig/twin/updater.hpp"

namespace lockrig::twin {

/// What a boot tells about itself.
struct BootFacts {
  std::uint32_t count = 0;  // of boots, this one included
  std::string cause;        // "power_on", "watchdog", "fault", "command", ...
  image::Version version;
  bool trial = false;
};

class ServicePort {
 public:
  ServicePort(Peripherals& p, Settings& settings, AuditLog& log, LockOut& lock_out,
              BoltDrive& bolt, Updater& updater, const BootFacts& facts);

  /// Runs for the whole boot; prints the banner first.
  Task<void> run();

 private:
  Task<void> serve(ByteView message);
  Task<Bytes> answer(const smp::Header& header, ByteView message);
  bool refuses(const smp::Header& header) const;
  Bytes challenge();
  Bytes unlock(ByteView message);
  Task<Bytes> upload(ByteView message);
  Task<Bytes> set_image_state(ByteView message);
  Bytes image_state() const;
  Bytes lock_state() const;
  Bytes log_page(ByteView message) const;

  Peripherals& p_;
  Settings& settings_;
  AuditLog& log_;
  LockOut& lock_out_;
  BoltDrive& bolt_;
  Updater& updater_;
  const BootFacts& facts_;
  ServiceLock lock_;
  bool reset_ = false;  // once the answer is out
};

}  // namespace lockrig::twin
