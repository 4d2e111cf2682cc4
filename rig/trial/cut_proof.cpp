#include "rig/trial/cut_proof.hpp"

#include <fmt/format.h>

namespace lockrig::trial {
namespace {

// A banner after the rail was down: what ran before did not go on. (Its cause is not
// asked for: a trial that crashes in start-up restarts before it prints one.)
std::string sign_of_reset(const StartUp& start_up) {
  if (!start_up.banner) return "start-up signal";
  return fmt::format("boot banner: boot {}, cause {}", start_up.banner->boots,
                     start_up.banner->cause);
}

Answer unproven(const std::string& detail) {
  return {"cut_proven", Outcome::could_not_look, Verdict::inconclusive, {}, {}, "",
          detail};
}

}  // namespace

void prove_cuts(TrialRecord& record, const std::optional<StartUp>& start_up,
                Duration off_min) {
  for (CutEvidence& cut : record.cuts) {
    if (cut.proven) continue;  // by what was seen of it at once
    if (start_up) cut.reset = sign_of_reset(*start_up);
    const double off_min_s = to_seconds(off_min);
    cut.proven = cut.off_s && *cut.off_s >= off_min_s && !cut.reset.empty();
    if (cut.proven) continue;
    Answer answer =
        unproven(cut.requested + (!cut.achieved_s ? ": never seen on the rail"
                                                  : ": no reset was seen"));
    answer.measured = cut.off_s;
    answer.limit = off_min_s;
    answer.unit = "s";
    record.answers.push_back(std::move(answer));
  }
  if (record.cuts.size() < record.spec.cuts.size()) {
    record.answers.push_back(unproven("a cut was never reached"));
  }
}

}  // namespace lockrig::trial
