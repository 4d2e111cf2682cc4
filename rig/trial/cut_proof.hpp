// A cut counts only if it was seen: on the rail, and by a restart after it.
#pragma once

#include <optional>

#include "rig/trial/baseline.hpp"
#include "rig/trial/spec.hpp"

namespace lockrig::trial {

/// Marks the cuts that are proven, by how the lock started after them; each that is
/// not, or was never reached, becomes an answer "cut_proven" that nobody could give.
void prove_cuts(TrialRecord& record, const std::optional<StartUp>& start_up,
                Duration off_min);

}  // namespace lockrig::trial
