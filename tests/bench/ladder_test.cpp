// Stations whose locks nothing brings back: with a ladder they climb, without one they
// go one way.
#include "rig/trial/ladder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "rig/bench/virtual_bench.hpp"
#include "rig/trial/sweep.hpp"

namespace lockrig::bench {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using trial::Verdict;

class LadderTest : public testing::Test {
 protected:
  /// A bench with one station, of that baseline.
  VirtualBench& open(const std::string& baseline) {
    file_ = std::filesystem::temp_directory_path() /
            ("lockrig-ladder-" + std::to_string(::getpid()) + ".toml");
    std::ofstream(file_) << "kind = \"virtual\"\nboards = \"" LOCKRIG_ROOT
                            "/fixtures/boards\"\n[stations.L1]\nboard = \"6000i-A\"\n"
                            "serial = \"6A-0001\"\nuser_code = \"4971\"\n"
                            "programming_code = \"82640915\"\nbaseline = \""
                         << baseline << "\"\n";
    bench_.emplace(file_);
    baselines_.emplace(*bench_);
    return *bench_;
  }
  ~LadderTest() override { std::filesystem::remove(file_); }

  trial::TrialSpec push(std::uint64_t repeat = 0) {
    trial::TrialSpec spec;
    spec.station = "L1";
    spec.board = "6000i-A";
    spec.stimulus = trial::Stimulus::push;
    spec.image = "6000i-A/2.4.0";
    spec.repeat = repeat;
    return spec;
  }

  std::filesystem::path file_;
  std::optional<VirtualBench> bench_;
  std::optional<trial::Baselines> baselines_;
};

TEST_F(LadderTest, each_trial_begins_where_the_last_one_ended_and_climbs) {
  VirtualBench& bench = open("ladder");
  std::vector<std::string> pushed;
  for (std::uint64_t i = 0; i < 3; ++i) {
    const auto record = trial::run_trial(push(i), bench, *baselines_);
    EXPECT_EQ(record.verdict, Verdict::recovered) << record.note;
    pushed.push_back(record.observed.at("pushed"));
  }
  // The oracle takes a rung too.
  EXPECT_THAT(pushed, ElementsAre("6000i-A/2.3.1", "6000i-A/2.3.3", "6000i-A/2.3.5"));
}

TEST_F(LadderTest, a_ladder_is_swept_one_whole_trial_after_the_other) {
  VirtualBench& bench = open("ladder");
  trial::SweepPlan plan;
  plan.operations.phases = {"swap"};
  plan.fractions = {0.3};
  plan.choose = trial::Choose::linear;
  plan.count = 6;
  std::uint64_t forked = 0, proven = 0;
  const auto result = trial::sweep(
      push(), plan, 4, bench, *baselines_,
      [&](std::vector<trial::TrialRecord>&& batch, std::uint64_t, std::uint64_t) {
        for (const auto& record : batch) {
          forked += record.forked;
          proven += record.cuts.at(0).proven;
        }
        return true;
      });
  EXPECT_EQ(result.counts.at("recovered"), 6u);
  EXPECT_EQ(forked, 0u);
  EXPECT_EQ(proven, 6u);
}

TEST_F(LadderTest, a_lock_that_is_lost_on_the_ladder_stays_lost) {
  VirtualBench& bench = open("ladder");
  trial::TrialSpec spec = push();
  spec.defects = {"no-rollback"};
  spec.image += "+crash-at-start";
  EXPECT_EQ(trial::run_trial(spec, bench, *baselines_).verdict, Verdict::bricked);
  spec.repeat = 1;
  const auto next = trial::run_trial(spec, bench, *baselines_);
  EXPECT_EQ(next.verdict, Verdict::inconclusive) << "the rig cannot begin";
}

TEST_F(LadderTest, a_station_that_cannot_return_is_not_swept) {
  VirtualBench& bench = open("none");
  EXPECT_THROW(trial::sweep(push(), {}, 1, bench, *baselines_, {}),
               std::invalid_argument);
  EXPECT_EQ(trial::run_trial(push(), bench, *baselines_).verdict, Verdict::recovered)
      << "once, it may be tried";
}

TEST_F(LadderTest, another_baseline_is_refused) { EXPECT_ANY_THROW(open("elevator")); }

TEST(Rungs, stand_in_for_the_released_images) {
  EXPECT_THAT(trial::rungs("6000i-A", "2.5.3"),
              ElementsAre("6000i-A/2.5.3", "6000i-A/2.5.4", "6000i-A/2.5.5"));
  EXPECT_THAT(trial::rungs("6000i-A", "2.5.65535"), IsEmpty());
  EXPECT_THAT(trial::rungs("6000i-A", "?"), IsEmpty());
}

TEST(Rungs, move_an_update_up_and_leave_all_else) {
  const std::vector<std::string> released = {"6000i-A/2.3.0", "6000i-A/2.4.0",
                                             "6000i-A/2.5.0"};
  const auto rungs = trial::rungs("6000i-A", "2.3.7");
  const auto moved = [&](const char* image) {
    return trial::on_rung(image, released, rungs);
  };
  EXPECT_EQ(moved("6000i-A/2.4.0"), "6000i-A/2.3.8");
  EXPECT_EQ(moved("6000i-A/2.4.0+crash-at-start?kib=8"),
            "6000i-A/2.3.8+crash-at-start?kib=8");
  EXPECT_EQ(moved("7000i-A/2.4.0"), "7000i-A/2.4.0");
  EXPECT_EQ(moved("6000i-A/2.2.0"), "6000i-A/2.2.0");
}

}  // namespace
}  // namespace lockrig::bench
