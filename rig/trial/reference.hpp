// The uncut run that a sweep begins with: it maps the phases, and keeps each flash
// operation so that a cut inside it can be judged without repeating what led there.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "rig/trial/run_trial.hpp"

namespace lockrig::trial {

/// Which flash operations are meant; an empty list means all.
struct OperationFilter {
  std::vector<std::string> phases;   // of FlashOp
  std::vector<FlashOp::Kind> kinds;  // erase, program
  std::vector<std::string> regions;  // "slot0", "settings", ...

  bool takes(const FlashOp& op) const;
};

/// One flash operation of the reference run. Shares what it can with its neighbours:
/// some kilobytes each, however many cuts are made of it.
struct Moment {
  std::shared_ptr<const FlashMoment> flash;  // null where none can be kept
  portal::Records portal;
  Known known;
  std::uint64_t index;  // as Cut::at counts
  std::string phase;
  std::string operation;  // "erase slot0"
  Instant at;
};

struct Reference {
  TrialRecord record;            // the stimulus with the base's own cuts and no other
  std::vector<Moment> moments;   // those that the filter takes, in order
  std::uint64_t operations = 0;  // all
  std::map<std::string, std::uint64_t> phases;  // operations by phase, all of them

  /// The trial with one more cut, there; `then` follow it.
  TrialSpec spec(std::size_t moment, double fraction,
                 const std::vector<Cut>& then = {}) const;
  /// Of such a spec. Any thread.
  Fork fork(const TrialSpec& spec, std::size_t moment, double fraction) const;
};

/// `base` may have cuts: operations are then those of the recovery from the last.
/// std::invalid_argument where flash operations cannot be seen.
Reference take_reference(const TrialSpec& base, const OperationFilter& filter,
                         Bench& bench, Baselines& baselines);

}  // namespace lockrig::trial
