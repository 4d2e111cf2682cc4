// The trials that a sweep can make, numbered. A point is made when its turn comes, so
// that a million of them take no more memory than one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rig/trial/reference.hpp"
#include "rig/trial/sweep_plan.hpp"

namespace lockrig::trial {

/// May be asked from any thread.
class Points {
 public:
  virtual ~Points() = default;

  virtual std::uint64_t size() const = 0;
  /// REQUIRES of both: point < size().
  virtual TrialSpec spec(std::uint64_t point) const = 0;
  /// `spec` is that point's, but for its `repeat`.
  virtual TrialRecord run(std::uint64_t point, const TrialSpec& spec) const = 0;
};

/// What all points of a sweep share; each outlives them.
struct Ground {
  const TrialSpec& base;
  const SweepPlan& plan;
  const Reference& reference;
  Bench& bench;
  Baselines& baselines;
};

/// In order along the plan's axis: every flash operation at every fraction, or every
/// step of time or bytes.
std::unique_ptr<Points> points_in_order(const Ground& ground);

/// `plan.count` independent draws from the run's seed, uniform along the axis: each
/// depends on its own number and on nothing else.
std::unique_ptr<Points> independent_draws(const Ground& ground);

}  // namespace lockrig::trial
