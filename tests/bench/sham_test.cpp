// Trials from which something is withheld: their verdict is known in advance.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rig/bench/virtual_bench.hpp"
#include "rig/trial/run_trial.hpp"
#include "rig/trial/sweep.hpp"

namespace lockrig::bench {
namespace {

using testing::Contains;
using testing::ElementsAre;
using trial::Sham;
using trial::Verdict;

class ShamTest : public testing::Test {
 protected:
  VirtualBench bench{LOCKRIG_ROOT "/fixtures/benches/virtual.toml"};
  trial::Baselines baselines{bench};

  trial::TrialSpec spec(const std::string& station, Sham sham) {
    trial::TrialSpec s;
    s.station = station;
    s.board = bench.facts(station).board;
    s.stimulus = trial::Stimulus::unlock;
    trial::Cut cut;
    cut.trigger = trial::Cut::Trigger::event;
    cut.event = "stimulus";
    cut.delay = 300ms;
    s.cuts = {cut};
    s.seed = 7;
    s.sham = sham;
    return s;
  }
  trial::TrialRecord run(const trial::TrialSpec& s) {
    return trial::run_trial(s, bench, baselines);
  }
};

TEST_F(ShamTest, without_one_the_lock_recovers_and_with_one_the_verdict_is_known) {
  const std::vector<std::pair<Sham, Verdict>> known = {
      {Sham::none, Verdict::recovered},           {Sham::power, Verdict::bricked},
      {Sham::portal, Verdict::degraded},          {Sham::code, Verdict::bricked},
      {Sham::bolt_sensor, Verdict::inconclusive}, {Sham::cut, Verdict::inconclusive},
  };
  for (const std::string station : {"A1", "A2", "B1"}) {
    for (const auto& [sham, verdict] : known) {
      const auto record = run(spec(station, sham));
      EXPECT_EQ(to_string(record.verdict), std::string(to_string(verdict)))
          << station << " sham " << static_cast<int>(sham) << ": " << record.note;
    }
  }
}

TEST_F(ShamTest, each_is_seen_where_it_was_done) {
  EXPECT_THAT(trial::lost(run(spec("A1", Sham::power)).answers), ElementsAre("boots"));
  EXPECT_THAT(trial::lost(run(spec("A1", Sham::portal)).answers),
              Contains("checks_in"));
  EXPECT_THAT(trial::lost(run(spec("A1", Sham::code)).answers), ElementsAre("unlocks"));
  const auto sensor = run(spec("A1", Sham::bolt_sensor));
  EXPECT_THAT(
      sensor.answers,
      Contains(testing::AllOf(
          testing::Field(&trial::Answer::question, "unlocks"),
          testing::Field(&trial::Answer::outcome, trial::Outcome::could_not_look))));
  const auto cut = run(spec("A1", Sham::cut));
  ASSERT_EQ(cut.cuts.size(), 1u);
  EXPECT_FALSE(cut.cuts[0].proven);
  EXPECT_FALSE(cut.cuts[0].achieved_s);
  EXPECT_THAT(trial::lost(cut.answers), ElementsAre());
}

TEST_F(ShamTest, a_portal_that_nobody_asks_for_is_not_missed) {
  trial::TrialSpec s = spec("B1", Sham::portal);
  s.blind = {"checks_in", "updates"};
  EXPECT_EQ(run(s).verdict, Verdict::recovered);
}

TEST_F(ShamTest, one_without_its_cut_is_the_callers_mistake) {
  trial::TrialSpec s = spec("A1", Sham::cut);
  s.cuts.clear();
  EXPECT_THROW(run(s), std::invalid_argument);
}

TEST_F(ShamTest, none_is_swept) {
  trial::TrialSpec s = spec("A1", Sham::power);
  s.cuts.clear();
  EXPECT_THROW(trial::sweep(s, {}, 1, bench, baselines, {}), std::invalid_argument);
}

}  // namespace
}  // namespace lockrig::bench
