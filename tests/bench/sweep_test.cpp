// Sweeps on the virtual bench: what is cut, what comes of it, and what a resumed or
// stopped sweep shows.
#include "rig/trial/sweep.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "rig/bench/virtual_bench.hpp"

namespace lockrig::bench {
namespace {

using testing::SizeIs;
using trial::Axis;
using trial::Choose;
using trial::Cut;
using trial::SweepPlan;
using trial::SweepResult;
using trial::TrialRecord;
using trial::TrialSpec;
using trial::Verdict;

class SweepTest : public testing::Test {
 protected:
  VirtualBench bench{LOCKRIG_ROOT "/fixtures/benches/virtual.toml"};
  trial::Baselines baselines{bench};
  std::map<std::string, TrialRecord> records;  // by identifier

  TrialSpec push(const std::string& station, std::vector<std::string> defects = {}) {
    TrialSpec spec;
    spec.station = station;
    spec.board = bench.facts(station).board;
    spec.defects = std::move(defects);
    spec.stimulus = trial::Stimulus::push;
    spec.image = spec.board + "/2.4.0";
    spec.seed = 7;
    return spec;
  }
  static SweepPlan confirming() {
    SweepPlan plan;
    plan.operations.phases = {"confirm", "trailer"};
    plan.check_every = 0;
    return plan;
  }
  SweepResult run(const TrialSpec& spec, const SweepPlan& plan, unsigned workers = 2,
                  const trial::OnBatch& and_then = {},
                  const trial::Recall& recall = {}) {
    records.clear();
    return trial::sweep(
        spec, plan, workers, bench, baselines,
        [&](std::vector<TrialRecord>&& batch, std::uint64_t done, std::uint64_t total) {
          for (TrialRecord& each : batch) records[each.id] = each;
          return !and_then || and_then(std::move(batch), done, total);
        },
        recall);
  }
};

TEST_F(SweepTest, independent_draws_do_not_depend_on_how_many_there_are) {
  SweepPlan plan = confirming();
  plan.operations = {};
  plan.choose = Choose::random;
  plan.fractions = {};
  plan.count = 10;
  ASSERT_EQ(run(push("B1"), plan).trials, 10u);
  const auto ten = records;
  plan.count = 25;
  ASSERT_EQ(run(push("B1"), plan).trials, 25u);
  for (const auto& [id, record] : ten) {
    ASSERT_TRUE(records.contains(id));
    EXPECT_EQ(records.at(id).trace_hash, record.trace_hash);
  }
}

TEST_F(SweepTest, a_random_chain_has_all_its_cuts_proven) {
  SweepPlan plan = confirming();
  plan.operations = {};
  plan.choose = Choose::random;
  plan.fractions = {};
  plan.cuts = 3;
  plan.count = 12;
  plan.check_every = 3;
  const SweepResult result = run(push("A1"), plan);
  EXPECT_EQ(result.counts.at("recovered"), 12u);
  EXPECT_GT(result.checked, 0u) << "some also ran whole, and agreed";
  for (const auto& [id, record] : records) {
    ASSERT_THAT(record.cuts, SizeIs(3));
    for (const trial::CutEvidence& cut : record.cuts) {
      EXPECT_TRUE(cut.proven) << id << " " << cut.requested;
    }
  }
}

TEST_F(SweepTest, the_recovery_from_a_cut_is_swept_operation_by_operation) {
  // The first cut is in the middle of a swap: what recovers from it finishes the swap.
  TrialSpec spec = push("A1");
  SweepPlan first = confirming();
  first.operations.phases = {"swap"};
  first.choose = Choose::linear;
  first.count = 3;
  run(spec, first);
  Cut middle;
  for (const auto& [id, record] : records) {
    if (record.spec.cuts[0].fraction == 0.3) middle = record.spec.cuts[0];
  }
  middle.fraction = 0.3;
  spec.cuts = {middle};
  SweepPlan second = confirming();
  second.operations.phases = {"swap"};
  second.operations.kinds = {FlashOp::Kind::erase};
  second.check_every = 10;
  const SweepResult result = run(spec, second);
  EXPECT_GT(result.operations, 10u);
  EXPECT_EQ(result.trials, result.operations * 3);
  EXPECT_EQ(result.counts.at("recovered"), result.trials);
  EXPECT_GT(result.checked, 0u) << "chains run whole agree with forked ones";
  for (const auto& [id, record] : records) {
    ASSERT_THAT(record.spec.cuts, SizeIs(2));
    EXPECT_TRUE(record.cuts[0].proven && record.cuts[1].proven) << id;
  }
}

TEST_F(SweepTest, bisecting_time_finds_when_a_lock_without_roll_back_is_lost) {
  // Until the image is asked to be tried nothing is lost; then it crashes for ever.
  TrialSpec spec = push("A1", {"no-rollback"});
  spec.image += "+crash-at-start";
  SweepPlan plan;
  plan.axis = Axis::time;
  plan.from = 0;
  plan.to = 12'000'000'000;
  plan.step = 100'000'000;
  plan.choose = Choose::bisect;
  plan.count = 3;
  plan.repeats = 2;
  const SweepResult result = run(spec, plan);
  ASSERT_THAT(result.boundaries, SizeIs(1));
  const trial::Boundary& boundary = result.boundaries[0];
  EXPECT_TRUE(boundary.adjacent);
  EXPECT_EQ(boundary.after.cut.delay - boundary.before.cut.delay, 100ms);
  EXPECT_EQ(boundary.before.verdict, Verdict::recovered);
  EXPECT_EQ(boundary.after.verdict, Verdict::bricked);
  EXPECT_EQ(boundary.before.failed, 0u);
  EXPECT_EQ(boundary.after.failed, 2u);
  EXPECT_EQ(boundary.after.judged, 2u);
}

TEST_F(SweepTest, it_stops_at_the_first_catch) {
  TrialSpec spec = push("A1", {"no-rollback"});
  spec.image += "+crash-at-start";
  SweepPlan plan;
  plan.operations.phases = {"swap"};
  plan.check_every = 0;
  plan.stop_at_first = true;
  const SweepResult result = run(spec, plan);
  EXPECT_FALSE(result.complete);
  EXPECT_GE(result.counts.at("bricked"), 1u);
  EXPECT_LT(result.trials, result.points);
}

TEST_F(SweepTest, a_resumed_sweep_comes_to_what_one_comes_to_that_ran_through) {
  for (const Choose choose : {Choose::all, Choose::adaptive, Choose::bisect}) {
    SweepPlan plan = confirming();
    plan.choose = choose;
    plan.count = choose == Choose::bisect ? 3 : 30;
    const SweepResult whole = run(push("A1", {"torn-settings"}), plan, 2);
    const auto all = records;

    // Stopped at every tenth trial, and gone on with by one worker.
    for (std::size_t stop = 0; stop < all.size(); stop += 10) {
      std::map<std::string, TrialRecord> kept;
      for (const auto& [id, record] : all) {
        if (kept.size() < stop) kept[id] = record;
      }
      std::uint64_t run_anew = 0;
      const SweepResult resumed =
          run(push("A1", {"torn-settings"}), plan, 1, {},
              [&](const std::string& id) -> std::optional<TrialRecord> {
                const auto found = kept.find(id);
                if (found == kept.end()) return ++run_anew, std::nullopt;
                return found->second;
              });
      EXPECT_EQ(resumed.recalled, stop);
      EXPECT_EQ(run_anew + stop, all.size());
      EXPECT_EQ(resumed.trials, whole.trials);
      EXPECT_EQ(resumed.counts, whole.counts);
      EXPECT_EQ(resumed.boundaries.size(), whole.boundaries.size());
      for (const auto& [id, record] : all) {
        ASSERT_TRUE(records.contains(id)) << id;
        EXPECT_EQ(records.at(id).trace_hash, record.trace_hash);
      }
    }
  }
}

TEST_F(SweepTest, log_writes_and_code_changes_are_swept_by_region) {
  TrialSpec spec = push("A1");
  spec.image.clear();
  spec.stimulus = trial::Stimulus::unlock;
  SweepPlan plan;
  plan.operations.regions = {"log"};
  const SweepResult log = run(spec, plan);
  EXPECT_GT(log.operations, 0u);
  EXPECT_EQ(log.counts.at("recovered"), log.trials);
  for (const auto& [id, record] : records) {
    EXPECT_THAT(record.operation, testing::EndsWith(" log"));
  }
  spec.stimulus = trial::Stimulus::change_code;
  plan.operations.regions = {"settings"};
  const SweepResult codes = run(spec, plan);
  EXPECT_GT(codes.operations, 0u);
  EXPECT_EQ(codes.counts.at("recovered"), codes.trials);
}

TEST_F(SweepTest, plans_without_sense_are_refused) {
  const auto refused = [&](auto change) {
    SweepPlan plan = confirming();
    change(plan);
    EXPECT_THROW(run(push("A1"), plan), std::invalid_argument);
  };
  refused([](SweepPlan& p) { p.fractions = {}; });
  refused([](SweepPlan& p) { p.fractions = {1.5}; });
  refused([](SweepPlan& p) { p.choose = Choose::random; });
  refused([](SweepPlan& p) { p.choose = Choose::adaptive; });
  refused([](SweepPlan& p) { p.cuts = 2; });
  refused([](SweepPlan& p) { p.repeats = 0; });
  refused([](SweepPlan& p) { p.axis = Axis::time; });
  refused([](SweepPlan& p) { p.style = Cut::Style::dip; });
}

}  // namespace
}  // namespace lockrig::bench
