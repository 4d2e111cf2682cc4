// The only way a trial happens: baseline, one stimulus with its faults, restoration,
// judgement.
#pragma once

#include <functional>
#include <memory>

#include "rig/trial/baseline.hpp"
#include "rig/trial/flash_watch.hpp"
#include "rig/trial/spec.hpp"

namespace lockrig::trial {

/// What would have survived a cut that a reference run came by: the start of a trial
/// that need not repeat what led there.
struct Fork {
  TrialSpec spec;
  std::string id;                   // of the spec
  std::uint64_t seed = 0;           // of the trial
  Snapshot state;                   // at the moment of the cut
  std::size_t cut = 0;              // which of the spec's cuts that is
  std::vector<CutEvidence> before;  // of the cuts before it
  std::string phase;
  std::string operation;  // "erase slot0"
  Instant at{};           // in the reference run
};

/// A trial from baseline to verdict. Any failure of lock or rig is in the record, also
/// of devices that cannot be opened; only a caller's mistake is thrown
/// (std::invalid_argument). `with_trace` is called where there was a rig. Any thread.
/// `of_recovery`: the observer sees the recovery from the spec's last cut instead,
/// which nothing disturbs, and operations count from power's return.
TrialRecord run_trial(const TrialSpec& spec, Bench& bench, Baselines& baselines,
                      const Observer& observer = {}, bool keep_trace = false,
                      const std::function<void(const Trace&)>& with_trace = {},
                      bool of_recovery = false);

/// The same from a fork: only what follows the cut is run.
TrialRecord run_fork(const Fork& fork, Bench& bench);

}  // namespace lockrig::trial
