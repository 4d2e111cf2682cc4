// Many trials over one fault's parameter: a cut in every flash operation of a stimulus,
// at each torn fraction.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "rig/trial/run_trial.hpp"

namespace lockrig::trial {

enum class Choose {
  all,     // exhaustive
  linear,  // every n-th, evenly, `count` in all
  random,  // `count` independent draws without repeats, from the run's seed
};

struct SweepPlan {
  std::vector<std::string> phases;   // of FlashOp; empty: all
  std::vector<FlashOp::Kind> kinds;  // empty: both
  std::vector<double> fractions = {0.0, 0.3, 0.7};
  Choose choose = Choose::all;
  std::uint64_t count = 0;
  /// One in so many forked trials also runs whole and must agree; 0: none.
  std::uint64_t check_every = 100;
};

struct SweepResult {
  std::uint64_t operations = 0;      // that the plan's phases and kinds chose
  std::uint64_t all_operations = 0;  // of the reference run
  std::uint64_t trials = 0;
  std::uint64_t checked = 0;
  std::map<std::string, std::uint64_t> phases;  // operations by phase, all of them
  std::map<std::string, std::uint64_t> counts;  // trials by verdict
  TrialRecord reference;                        // the same stimulus, uncut
  Consulted consulted;                          // by the reference and every trial
};

/// Finished trials, in batches, in the calling thread, at least five times a second
/// while there are any; also called with none, so that the caller can stop by throwing.
using OnBatch = std::function<void(std::vector<TrialRecord>&& finished,
                                   std::uint64_t done, std::uint64_t total)>;

/// Runs the reference once, then every chosen trial on `workers` threads. The records
/// do not depend on their number. Throws std::invalid_argument for a plan without sense
/// or a station without flash_ops; what on_batch throws ends the sweep.
SweepResult sweep(const TrialSpec& base, const SweepPlan& plan, unsigned workers,
                  Bench& bench, Baselines& baselines, const OnBatch& on_batch);

}  // namespace lockrig::trial
