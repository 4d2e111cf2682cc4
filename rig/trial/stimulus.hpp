// What is done to a lock in a trial, and what it met.
#pragma once

#include <map>
#include <string>

#include "rig/lock/firmware.hpp"
#include "rig/trial/baseline.hpp"

namespace lockrig::trial {

/// Runs in a life of its own, so that a cut can end it in mid-word. All references
/// outlive that life.
class StimulusRun {
 public:
  StimulusRun(Rig& rig, Hand& hand, const TrialSpec& spec, const Known& known);

  /// Does it, and waits until the lock has settled again.
  Task<void> run();
  bool done() const { return done_; }

  /// Bytes of the image that the lock has acknowledged.
  std::uint64_t acknowledged() const { return acknowledged_; }
  /// Times that it acknowledged some.
  std::uint64_t frames() const { return frames_; }
  /// Notified when bytes are acknowledged and when it is done.
  Signal& progress() { return progress_; }

  /// See TrialRecord::observed.
  const std::map<std::string, std::string>& observed() const { return observed_; }

 private:
  Task<void> push_by_serial();
  Task<void> push_by_portal();
  Task<void> sync();
  Task<void> recover();
  Task<void> factory_reset();
  Task<void> settle();
  void advance(std::uint64_t acknowledged);
  void met(bool accepted, std::string refusal);

  Rig& rig_;
  Hand& hand_;
  const TrialSpec& spec_;
  const Known& known_;
  Signal progress_;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t frames_ = 0;
  bool done_ = false;
  std::map<std::string, std::string> observed_;
};

/// An image by serial recovery, from power off or on: the key enter is held while power
/// returns. Any failure of the lock is in what it gives. REQUIRES: a console.
Task<lock::Push> recover_by_serial(Rig& rig, const std::string& image,
                                   lock::Progress progress);

/// The user code that the stimulus change_code sets.
std::string changed_code(const std::string& serial);

}  // namespace lockrig::trial
