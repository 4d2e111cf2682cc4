// A trial says which defects could have made a difference to it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rig/bench/virtual_bench.hpp"
#include "rig/trial/sweep.hpp"

namespace lockrig::bench {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::IsSupersetOf;
using testing::Not;

class ConsultedTest : public testing::Test {
 protected:
  VirtualBench bench{LOCKRIG_ROOT "/fixtures/benches/virtual.toml"};
  trial::Baselines baselines{bench};

  trial::TrialSpec spec(const std::string& image) {
    trial::TrialSpec spec;
    spec.station = "A1";
    spec.board = "6000i-A";
    if (!image.empty()) {
      spec.stimulus = trial::Stimulus::push;
      spec.image = "6000i-A/" + image;
    }
    spec.seed = 7;
    return spec;
  }
  trial::TrialRecord run(const trial::TrialSpec& spec) {
    return trial::run_trial(spec, bench, baselines);
  }
};

TEST_F(ConsultedTest, a_trial_is_told_from_another_by_what_it_asked) {
  const auto update = run(spec("2.4.0")).consulted;
  EXPECT_THAT(update, AllOf(Contains("lockstate-2017"), Contains("no-reconnect")));
  EXPECT_THAT(update, Not(Contains("no-rollback")));
  EXPECT_THAT(run(spec("2.4.0+crash-at-start")).consulted, Contains("no-rollback"));
}

TEST_F(ConsultedTest, what_made_the_baseline_counts) {
  // Codes are written while the lock is set up, and by no trial without a change of
  // one.
  const auto baseline = baselines.get("A1", {});
  EXPECT_THAT(baseline->consulted, Contains("torn-settings"));
  EXPECT_THAT(run(spec("")).consulted, IsSupersetOf(baseline->consulted));
}

TEST_F(ConsultedTest, the_codes_of_2017_are_in_the_lock_before_it_ever_starts) {
  const auto rig = bench.set_up("A1", 1, {}, nullptr);
  EXPECT_THAT(rig->consulted(), testing::ElementsAre("shared-codes"));
}

TEST_F(ConsultedTest, a_sweep_has_what_any_of_its_trials_asked) {
  trial::SweepPlan plan;
  plan.operations.phases = {"trial"};
  plan.fractions = {0.3};
  plan.choose = trial::Choose::linear;
  plan.count = 3;
  const auto swept = trial::sweep(spec("2.4.0"), plan, 1, bench, baselines, {});
  // Cut on its first start, an image is taken back: the uncut update never asked.
  EXPECT_THAT(swept.reference.consulted, Not(Contains("no-rollback")));
  EXPECT_THAT(swept.consulted, Contains("no-rollback"));
  EXPECT_THAT(swept.consulted, IsSupersetOf(swept.reference.consulted));
}

TEST_F(ConsultedTest, a_defect_that_nobody_asked_for_leaves_the_same_trace) {
  for (const auto path : {trial::Path::serial, trial::Path::portal}) {
    auto spec = this->spec("2.4.0");
    spec.path = path;
    const auto good = run(spec);
    ASSERT_THAT(good.consulted, Not(Contains("no-rollback")));
    spec.defects = {"no-rollback"};
    EXPECT_EQ(run(spec).trace_hash, good.trace_hash);
    // ... and one that was asked for need not.
    spec.defects = {"no-reconnect"};
    EXPECT_NE(run(spec).trace_hash, good.trace_hash);
  }
}

}  // namespace
}  // namespace lockrig::bench
