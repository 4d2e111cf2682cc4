// The first code after reset: finishes or begins an update, takes a failed one back,
// and chooses the image that runs. Strategies after MCUboot, docs/design.md: swap-move,
// and direct execution in place with roll-back. It survives a cut inside any operation.
#pragma once

#include <optional>

#include "rig/twin/defects.hpp"
#include "rig/twin/lock_model.hpp"
#include "rig/twin/trailer.hpp"

namespace lockrig::twin {

/// What runs next.
struct Boot {
  Region slot;
  bool trial = false;  // must confirm itself, or the next boot takes it back
};

/// One instance a boot. Empty: no valid image; serial recovery is all there is.
class BootLoader {
 public:
  BootLoader(NorFlash& flash, const LockModel& model, const Defects& defects);

  Task<std::optional<Boot>> run();

  /// What a slot holds may run: it is whole, signed and made for this board.
  bool runnable(const Region& slot) const;

 private:
  Task<std::optional<Boot>> run_swap_move();
  Task<std::optional<Boot>> run_direct_xip();
  Task<std::optional<Boot>> run_overwrite();

  // Swap-move. Slot 1's trailer holds what is asked for, slot 0's how far it has come.
  /// False: what was asked for is no valid image, and the request is wiped.
  Task<bool> serve_request();
  Task<void> start_swap(SwapType type, std::uint32_t sectors);
  /// `resumed`: power failed in it before.
  Task<void> finish_swap(bool resumed);
  Task<void> take_step(std::uint32_t step, std::uint32_t sectors);
  bool request_is_served() const;
  std::uint32_t sectors_to_swap() const;

  // Direct execution.
  Task<void> reject(const Region& slot);

  /// The image in a slot, if it may run.
  std::optional<image::Header> valid(const Region& slot) const;
  std::uint32_t sectors_of(const Region& slot) const;

  NorFlash& flash_;
  const LockModel& model_;
  const Defects& defects_;
  Trailer progress_;  // slot 0's
  Trailer request_;   // slot 1's
};

/// The image that a slot holds, as long as it says it is, until an operation on the
/// slot ends; empty if there is none.
ByteView stored_image(const NorFlash& flash, const Region& slot);

/// The slot that takes the next image while `running` runs.
const Region& staging_slot(const LockModel& model, const Region& running);

/// Asks the boot loader to try the image that has been staged.
Task<void> request_trial(NorFlash& flash, const LockModel& model,
                         const Region& staging);

/// It was asked before this boot, and the boot loader has not answered.
bool trial_requested(NorFlash& flash, const LockModel& model, const Region& staging);

/// The running trial is good: keep it.
Task<void> confirm(NorFlash& flash, const Region& running);

}  // namespace lockrig::twin
