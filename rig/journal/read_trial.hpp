// A row of the table of trials as a record.
#pragma once

#include "rig/journal/sqlite.hpp"
#include "rig/trial/spec.hpp"

namespace lockrig::journal {

/// What read_trial() takes, in its order.
inline constexpr const char* kTrialColumns =
    "id, spec, verdict, answers, cuts, phase, operation, note, trace_hash, "
    "simulated_s, forked, checked";

/// All that was added but `observed`, which only the note retells.
trial::TrialRecord read_trial(const Statement& row);

}  // namespace lockrig::journal
