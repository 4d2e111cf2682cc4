// The recovery oracle: after a fault, is this still a lock? It asks one question after
// the other, with measured times and limits, within the lock's wrong-entry budget.
#pragma once

#include <vector>

#include "rig/trial/baseline.hpp"

namespace lockrig::trial {

/// The questions, in the order in which they are asked.
const std::vector<std::string>& questions();

/// A guess that is nobody's code: each digit of the right one, moved by five.
std::string guess_beside(const std::string& code);

class Oracle {
 public:
  /// `known` is what the lock must have kept; `blind` are questions not to ask.
  Oracle(Rig& rig, Hand& hand, const Known& known, std::vector<std::string> blind,
         Instant trial_began);

  /// REQUIRES: the station is open and its power is off; the portal is reachable. Any
  /// failure of the lock is an answer; a failure of the rig is thrown.
  Task<std::vector<Answer>> judge();

  /// After judge(): the lock's own words, where it has a console.
  const std::optional<lock::State>& state() const { return state_; }
  /// After judge(): how it started; empty if it did not.
  const std::optional<StartUp>& start_up() const { return start_up_; }

 private:
  Task<bool> ask_boots();
  Task<void> ask_image();
  void judge_version();
  Task<bool> ask_codes();
  std::vector<std::string> codes_that_nobody_chose() const;
  Task<void> ask_kept();
  Task<void> ask_check_in();
  Task<void> ask_update();
  void ask_bolt_still();

  Task<Entry> right_code();
  Task<void> open_and_shut(bool by_code);
  Task<void> expect_relock();
  Task<void> wrong_codes(const std::vector<std::string>& codes, Answer& answer);

  /// The station's firmware can be asked that.
  bool tells(lock::Topic topic) const;
  bool asked(const std::string& question) const;
  Answer& answer(const std::string& question, Verdict harm);
  void say(const std::string& question, Verdict harm, bool ok, std::string detail = "");
  void measure(const std::string& question, Duration took, Duration limit);
  void unsure(const std::string& question, std::string detail);

  Rig& rig_;
  Hand& hand_;
  Known known_;
  std::vector<std::string> blind_;
  Instant trial_began_;
  Instant powered_{};
  bool reset_ = false;  // the factory's codes hold again, as was asked for
  std::vector<Answer> answers_;
  std::optional<StartUp> start_up_;
  std::optional<lock::State> state_;
};

}  // namespace lockrig::trial
