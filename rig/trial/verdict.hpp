// What a trial showed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockrig::trial {

/// In rising order of harm, but for the last. The worse verdict stands, and a definite
/// failure outranks inconclusive.
enum class Verdict {
  recovered,       // all that was asked, without help
  recovered_late,  // all of it after one more power cycle: someone must visit the door
  degraded,        // opens with its code, but something is lost
  bricked,         // does not boot, or does not open with its code
  unsafe,          // moved towards open unasked, cannot be locked, took a wrong code
  inconclusive,    // the rig could not tell: never a pass
};

const char* to_string(Verdict verdict);
std::optional<Verdict> verdict_from(std::string_view name);

/// How one question of the oracle came out.
enum class Outcome {
  ok,
  failed,
  not_asked,       // a capability is missing, or the question was blinded
  could_not_look,  // the rig's sensor, cable or proof failed
};

const char* to_string(Outcome outcome);

/// One question with what was measured, in its unit, against its limit.
struct Answer {
  std::string question;  // "boots", "image", "unlocks", "locks", "relocks",
                         // "refuses_wrong", "refuses_defaults", "keeps_codes",
                         // "keeps_log", "keeps_counters", "checks_in", "updates",
                         // "bolt_still"
  Outcome outcome = Outcome::not_asked;
  Verdict harm = Verdict::degraded;  // the verdict if it failed
  std::optional<double> measured;
  std::optional<double> limit;
  std::string unit;
  std::string detail;
};

/// The verdict of all answers together.
Verdict judge(const std::vector<Answer>& answers);

/// The questions that failed: what was lost.
std::vector<std::string> lost(const std::vector<Answer>& answers);

}  // namespace lockrig::trial
