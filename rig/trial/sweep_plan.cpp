#include "rig/trial/sweep_plan.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace lockrig::trial {
namespace {

void require(bool holds, const std::string& otherwise) {
  if (!holds) throw std::invalid_argument(otherwise);
}

}  // namespace

void check(const TrialSpec& base, const SweepPlan& plan) {
  require(base.sham == Sham::none, "a sweep is of trials, not of shams");
  const bool on_flash = plan.axis == Axis::flash_ops;
  const bool draws = plan.choose == Choose::random;
  require(!on_flash || draws || !plan.fractions.empty(),
          "a sweep needs a torn fraction");
  for (const double fraction : plan.fractions) {
    require(fraction >= 0 && fraction <= 1,
            fmt::format("torn fraction {} is not within 0 to 1", fraction));
  }
  require(on_flash || (plan.from < plan.to && (draws || plan.step > 0)),
          "a sweep along time or bytes needs from < to, and a step");
  require(plan.axis != Axis::bytes || base.cuts.empty(),
          "after another cut nothing is uploaded: sweep flash_ops or time");
  require(plan.axis != Axis::bytes || base.stimulus == Stimulus::push,
          "only a push has bytes to sweep");
  require(plan.choose == Choose::all || plan.count > 0,
          "a sweep that is not exhaustive needs a number of trials");
  require(plan.cuts >= 1 && plan.cuts <= 3, "a chain has 1 to 3 cuts");
  require(plan.cuts == 1 || (draws && plan.window > Duration::zero()),
          "chains of cuts are drawn at random, within a window");
  require(plan.repeats >= 1, "each point is judged at least once");
  require(plan.style == Cut::Style::hard || plan.style == Cut::Style::pull,
          "a sweep's style is hard or pull");
  require(!on_flash || plan.style == Cut::Style::hard,
          "inside a flash operation power goes at once: the style is hard");
}

}  // namespace lockrig::trial
