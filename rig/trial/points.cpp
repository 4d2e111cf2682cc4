#include "rig/trial/points.hpp"

#include "rig/core/random.hpp"

namespace lockrig::trial {
namespace {

/// The cut on an axis of bytes or time.
Cut cut_on_line(const Ground& ground, std::uint64_t where) {
  Cut cut;
  cut.style = ground.plan.style;
  if (ground.plan.axis == Axis::bytes) {
    cut.trigger = Cut::Trigger::bytes;
    cut.at = where;
  } else {
    cut.trigger = Cut::Trigger::event;
    cut.event = ground.base.cuts.empty() ? "stimulus" : "power_on";
    cut.delay = Duration(static_cast<Duration::rep>(where));
  }
  return cut;
}

std::vector<Cut> later_cuts(const SweepPlan& plan, Random& random) {
  std::vector<Cut> then;
  for (std::uint64_t i = 1; i < plan.cuts; ++i) {
    Cut cut;
    cut.trigger = Cut::Trigger::event;
    cut.event = "power_on";
    cut.delay = Duration(static_cast<Duration::rep>(
        random.below(static_cast<std::uint64_t>(plan.window.count()))));
    then.push_back(cut);
  }
  return then;
}

TrialSpec with_cuts(const TrialSpec& base, const Cut& cut,
                    const std::vector<Cut>& then) {
  TrialSpec spec = base;
  spec.cuts.push_back(cut);
  spec.cuts.insert(spec.cuts.end(), then.begin(), then.end());
  return spec;
}

/// What a draw comes to follows from the run's seed and its own number alone.
Random random_of(const Ground& ground, std::uint64_t draw) {
  return Random(mix(mix(ground.base.seed, "draw"), draw));
}

/// Two draws of the same moment are two trials: what is torn there is drawn, too.
TrialSpec numbered(TrialSpec spec, std::uint64_t draw) {
  spec.repeat = draw;
  return spec;
}

/// A lock that goes on from where it is has no other past than its own, and a program's
/// torn flash is known to the program alone: no forks.
TrialRecord judge(const Ground& ground, const TrialSpec& spec, std::size_t moment,
                  double fraction) {
  const bool forks = ground.reference.moments.at(moment).flash != nullptr;
  if (!forks || ground.bench.returns(spec.station) != Return::snapshot) {
    return run_trial(spec, ground.bench, ground.baselines);
  }
  return run_fork(ground.reference.fork(spec, moment, fraction), ground.bench);
}

/// Every flash operation of the reference run at every fraction.
class FlashGrid final : public Points {
 public:
  explicit FlashGrid(const Ground& ground) : ground_(ground) {}

  std::uint64_t size() const override {
    return ground_.reference.moments.size() * ground_.plan.fractions.size();
  }
  TrialSpec spec(std::uint64_t point) const override {
    const auto [moment, fraction] = place(point);
    return ground_.reference.spec(moment, fraction);
  }
  TrialRecord run(std::uint64_t point, const TrialSpec& spec) const override {
    const auto [moment, fraction] = place(point);
    return judge(ground_, spec, moment, fraction);
  }

 private:
  struct Place {
    std::size_t moment;
    double fraction;
  };
  Place place(std::uint64_t point) const {
    const auto& fractions = ground_.plan.fractions;
    return {point / fractions.size(), fractions[point % fractions.size()]};
  }

  Ground ground_;
};

class FlashDraws final : public Points {
 public:
  explicit FlashDraws(const Ground& ground) : ground_(ground) {}

  std::uint64_t size() const override {
    return ground_.reference.moments.empty() ? 0 : ground_.plan.count;
  }
  TrialSpec spec(std::uint64_t point) const override {
    const Draw draw = this->draw(point);
    return numbered(ground_.reference.spec(draw.moment, draw.fraction, draw.then),
                    point);
  }
  TrialRecord run(std::uint64_t point, const TrialSpec& spec) const override {
    const Draw draw = this->draw(point);
    return judge(ground_, spec, draw.moment, draw.fraction);
  }

 private:
  struct Draw {
    std::size_t moment;
    double fraction;
    std::vector<Cut> then;
  };
  Draw draw(std::uint64_t point) const {
    const SweepPlan& plan = ground_.plan;
    Random random = random_of(ground_, point);
    Draw draw;
    draw.moment = random.below(ground_.reference.moments.size());
    draw.fraction = plan.fractions.empty()
                        ? random.unit()
                        : plan.fractions[random.below(plan.fractions.size())];
    draw.then = later_cuts(plan, random);
    return draw;
  }

  Ground ground_;
};

/// Every step of time or bytes.
class Line final : public Points {
 public:
  explicit Line(const Ground& ground) : ground_(ground) {}

  std::uint64_t size() const override {
    const SweepPlan& plan = ground_.plan;
    return (plan.to - plan.from + plan.step - 1) / plan.step;
  }
  TrialSpec spec(std::uint64_t point) const override {
    const std::uint64_t where = ground_.plan.from + point * ground_.plan.step;
    return with_cuts(ground_.base, cut_on_line(ground_, where), {});
  }
  TrialRecord run(std::uint64_t, const TrialSpec& spec) const override {
    return run_trial(spec, ground_.bench, ground_.baselines);
  }

 private:
  Ground ground_;
};

class LineDraws final : public Points {
 public:
  explicit LineDraws(const Ground& ground) : ground_(ground) {}

  std::uint64_t size() const override { return ground_.plan.count; }
  TrialSpec spec(std::uint64_t point) const override {
    const SweepPlan& plan = ground_.plan;
    Random random = random_of(ground_, point);
    const std::uint64_t where = plan.from + random.below(plan.to - plan.from);
    return numbered(
        with_cuts(ground_.base, cut_on_line(ground_, where), later_cuts(plan, random)),
        point);
  }
  TrialRecord run(std::uint64_t, const TrialSpec& spec) const override {
    return run_trial(spec, ground_.bench, ground_.baselines);
  }

 private:
  Ground ground_;
};

}  // namespace

std::unique_ptr<Points> points_in_order(const Ground& ground) {
  if (ground.plan.axis == Axis::flash_ops) return std::make_unique<FlashGrid>(ground);
  return std::make_unique<Line>(ground);
}

std::unique_ptr<Points> independent_draws(const Ground& ground) {
  if (ground.plan.axis == Axis::flash_ops) return std::make_unique<FlashDraws>(ground);
  return std::make_unique<LineDraws>(ground);
}

}  // namespace lockrig::trial
