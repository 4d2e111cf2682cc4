// The workers of a sweep: threads that judge the trials of a round, and hand in what
// they have finished.
#pragma once

#include <functional>
#include <vector>

#include "rig/trial/spec.hpp"

namespace lockrig::trial {

struct Finished {
  std::uint64_t number;  // of the job
  TrialRecord record;
};

/// Any thread. What it throws ends the round and is thrown by work().
using Judge = std::function<TrialRecord(std::uint64_t number)>;

/// In the calling thread, at least five times a second. False ends the round early.
using HandIn = std::function<bool(std::vector<Finished>&& finished)>;

/// Judges jobs 0 to jobs - 1 on `workers` threads. What is finished and not handed in
/// yet is bounded: workers wait. False if the round was ended early.
bool work(std::uint64_t jobs, unsigned workers, const Judge& judge,
          const HandIn& hand_in);

}  // namespace lockrig::trial
