// Serial recovery: what the boot loader serves where there is no image to run, or where
// somebody asks for it while power is applied. After MCUboot, boot/boot_serial: SMP
// with images uploaded straight into slot 0, which is erased whole before the first
// byte.
#pragma once

#include "rig/protocol/smp_header.hpp"
#include "rig/twin/boot_loader.hpp"
#include "rig/twin/peripherals.hpp"

namespace lockrig::twin {

/// Slot 0 as it is written anew. A cut leaves what ran before, or nothing that runs:
/// the next upload then begins where this one did.
class RecoverySlot {
 public:
  RecoverySlot(NorFlash& flash, const LockModel& model, const BootLoader& loader)
      : flash_(flash), model_(model), loader_(loader) {}

  /// Erases it. False: no image of that size fits.
  Task<bool> begin(std::size_t size);
  /// The next bytes; behind the last one the image is judged, and made the one that
  /// runs if it is good.
  Task<void> append(ByteView data);

  std::size_t received() const { return received_; }
  std::size_t expected() const { return expected_; }

 private:
  Task<void> finish();

  NorFlash& flash_;
  const LockModel& model_;
  const BootLoader& loader_;
  std::size_t received_ = 0;
  std::size_t expected_ = 0;
};

class Recovery {
 public:
  Recovery(Peripherals& p, const BootLoader& loader);

  /// Until a command restarts the lock. Returns only with `patience`, when nobody has
  /// spoken for so long: there is an image to run.
  Task<void> run(Instant patience);

 private:
  Task<void> serve(ByteView message);
  Task<Bytes> answer(const smp::Header& header, ByteView message);
  Task<Bytes> upload(ByteView message);
  Bytes images() const;

  Peripherals& p_;
  RecoverySlot slot_;
  bool reset_ = false;  // once the answer is out
};

/// Somebody holds the key enter, alone, while power is applied. [assumed] which key
bool recovery_asked(const Peripherals& p, const std::string& cause);

}  // namespace lockrig::twin
