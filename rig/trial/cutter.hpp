// Makes the cuts of a trial: waits for what triggers each, takes power away, and notes
// what the rig's sensors saw.
#pragma once

#include <optional>
#include <vector>

#include "rig/trial/stimulus.hpp"

namespace lockrig::trial {

/// All references outlive it.
class Cutter {
 public:
  Cutter(Rig& rig, Hand& hand, const TrialSpec& spec, std::vector<CutEvidence>& made);

  /// One cut, up to the end of its off time; power is then off (after a dip it is on).
  /// `stimulus` is what runs meanwhile; null for a cut that follows another: power is
  /// switched on first. False when its trigger never came.
  Task<bool> make(const Cut& cut, StimulusRun* stimulus);

 private:
  Task<bool> see(const Cut& cut, Instant armed, bool made, CutEvidence evidence);
  Task<bool> dip(const Cut& cut, CutEvidence evidence);
  Task<bool> at_busy(const Cut& cut, StimulusRun* stimulus);
  void arm(const Cut& cut, StimulusRun* stimulus);
  bool due(const Cut& cut, const StimulusRun* stimulus) const;
  Task<bool> await(const Cut& cut, StimulusRun* stimulus);
  Task<bool> await_in_stimulus(const Cut& cut, StimulusRun& stimulus);
  Task<bool> await_after_power_on(const Cut& cut);
  Task<bool> await_motion(const Cut& cut, StimulusRun& stimulus);
  void note(std::string_view text);

  Rig& rig_;
  Hand& hand_;
  const TrialSpec& spec_;
  std::vector<CutEvidence>& made_;
  bool came_ = false;  // what the cut waits for
  Signal came_changed_;
};

}  // namespace lockrig::trial
