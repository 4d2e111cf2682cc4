// Who looks at a lock's flash operations while a trial goes on, and from when.
#pragma once

#include <functional>

#include "rig/trial/rig.hpp"

namespace lockrig::trial {

/// Sees each flash operation between the stimulus and the settling of the lock, and may
/// take moments there.
using Observer = std::function<void(Rig& rig, const Known& known, const FlashOp& op)>;

/// Until the probe is watched otherwise; `from` is the operation that counts as the
/// first. All three outlive the watch. REQUIRES of both: a probe.
void watch_flash(Rig& rig, const Known& known, const Observer& observer,
                 std::uint64_t from);

/// After the cuts that led here, power returns and nothing disturbs the lock; the
/// observer sees what it does, counted from power's return.
Task<void> watch_recovery(Rig& rig, const Known& known, const Observer& observer);

}  // namespace lockrig::trial
