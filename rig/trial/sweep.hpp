// Many trials over one fault's parameter: the moment of a cut.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rig/trial/reference.hpp"
#include "rig/trial/sweep_plan.hpp"

namespace lockrig::trial {

/// One end of a boundary: the last trial of one outcome, or the first of another.
struct Edge {
  std::string id;
  Cut cut;
  std::string phase, operation;  // where they are known
  Verdict verdict = Verdict::inconclusive;
  /// Of the repeats that the rig could judge, those that did not recover.
  std::uint64_t failed = 0, judged = 0;
};

struct Boundary {
  Edge before, after;
  /// Nothing lies between them that could be asked.
  bool adjacent = false;
};

struct SweepResult {
  std::uint64_t operations = 0;      // that the plan's phases, kinds and regions chose
  std::uint64_t all_operations = 0;  // of the reference run
  std::uint64_t points = 0;          // that there are
  std::uint64_t trials = 0;          // judged, recalled ones included
  std::uint64_t recalled = 0;
  std::uint64_t checked = 0;
  std::uint64_t unproven = 0;  // a cut's firing was not proven: they count as nothing
  bool complete = false;       // all that the plan wanted was judged
  std::map<std::string, std::uint64_t> phases;  // operations by phase, all of them
  std::map<std::string, std::uint64_t> counts;  // trials by verdict
  std::vector<Boundary> boundaries;             // bisect and adaptive
  TrialRecord reference;                        // the base trial: no cut but its own
  Consulted consulted;                          // by the reference and every trial
};

/// Finished trials, in batches, in the calling thread, at least five times a second;
/// also called with none. `total` grows while a sweep learns. False ends the sweep
/// early, in good order; what it throws ends it at once.
using OnBatch = std::function<bool(std::vector<TrialRecord>&& finished,
                                   std::uint64_t done, std::uint64_t total)>;

/// What an earlier run of the same sweep has finished; any thread.
using Recall = std::function<std::optional<TrialRecord>(const std::string& id)>;

/// Runs the reference once, then every chosen trial on `workers` threads. The records
/// do not depend on their number, nor on what is recalled. Throws std::invalid_argument
/// for a plan without sense or a station that lacks what it needs.
SweepResult sweep(const TrialSpec& base, const SweepPlan& plan, unsigned workers,
                  Bench& bench, Baselines& baselines, const OnBatch& on_batch,
                  const Recall& recall = {});

}  // namespace lockrig::trial
