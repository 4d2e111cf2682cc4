// Which points of a sweep are judged, in rounds: what a round shows decides the next,
// and so what is chosen does not depend on the order in which workers finish.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "rig/trial/sweep_plan.hpp"
#include "rig/trial/verdict.hpp"

namespace lockrig::trial {

struct Round {
  std::uint64_t size = 0;
  /// The i-th point of it; any thread.
  std::function<std::uint64_t(std::uint64_t i)> point;
};

/// Two neighbours with different outcomes.
struct Gap {
  std::uint64_t before, after;  // points
  Verdict verdict_before, verdict_after;
};

class Chooser {
 public:
  virtual ~Chooser() = default;

  /// Empty when there is nothing more to judge. REQUIRES: the last round was told of.
  virtual Round next() = 0;
  /// What became of a point of the round. Not asked for by those that do not learn.
  virtual void tell(std::uint64_t point, Verdict verdict) = 0;
  virtual bool learns() const = 0;
  /// Points chosen so far, and of the round to come.
  virtual std::uint64_t planned() const = 0;
  /// Where outcomes change, in order: as close as it was looked at.
  virtual std::vector<Gap> gaps() const = 0;
};

/// Of `points`, by the plan. std::invalid_argument where bisecting or adapting makes no
/// sense.
std::unique_ptr<Chooser> make_chooser(const SweepPlan& plan, std::uint64_t points);

}  // namespace lockrig::trial
