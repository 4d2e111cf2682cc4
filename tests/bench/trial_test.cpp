// Whole trials on the virtual bench: the code path that hardware runs too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rig/bench/virtual_bench.hpp"
#include "rig/trial/run_trial.hpp"

namespace lockrig::bench {
namespace {

using testing::ElementsAre;
using trial::Cut;
using trial::TrialRecord;
using trial::TrialSpec;
using trial::Verdict;

class TrialTest : public testing::Test {
 protected:
  VirtualBench bench{LOCKRIG_ROOT "/fixtures/benches/virtual.toml"};
  trial::Baselines baselines{bench};

  TrialSpec push(const std::string& station, const std::string& image = "2.4.0") {
    TrialSpec spec;
    spec.station = station;
    spec.board = bench.facts(station).board;
    spec.stimulus = trial::Stimulus::push;
    spec.image =
        image.find('/') == std::string::npos ? spec.board + "/" + image : image;
    spec.seed = 7;
    return spec;
  }
  TrialRecord run(const TrialSpec& spec) {
    return trial::run_trial(spec, bench, baselines);
  }
};

Cut inside(std::uint64_t operation, double fraction) {
  Cut cut;
  cut.at = operation;
  cut.fraction = fraction;
  return cut;
}

std::string describe(const TrialRecord& record) {
  std::string text =
      std::string(to_string(record.verdict)) + " (" + record.note + ")\n";
  for (const auto& a : record.answers) {
    text += "  " + a.question + ": " + to_string(a.outcome) + " " + a.detail + "\n";
  }
  for (const auto& c : record.cuts) {
    text += "  cut " + c.requested + (c.proven ? " proven " : " NOT PROVEN ") +
            c.reset + "\n";
  }
  return text;
}

TEST_F(TrialTest, an_update_that_nothing_disturbs_recovers_on_every_station) {
  for (const char* station : {"A1", "A2", "B1"}) {
    const TrialRecord record = run(push(station));
    EXPECT_EQ(record.verdict, Verdict::recovered) << station << describe(record);
    EXPECT_EQ(record.observed.at("version"), "2.4.0");
    for (const auto& a : record.answers) {
      EXPECT_EQ(a.outcome, trial::Outcome::ok) << station << " " << a.question;
    }
  }
}

TEST_F(TrialTest, a_wrong_model_image_is_refused_before_anything_is_written) {
  const TrialRecord record = run(push("A1", "7000i-A/2.4.0"));
  EXPECT_EQ(record.verdict, Verdict::recovered) << describe(record);
  EXPECT_EQ(record.observed.at("refusal"), "MODEL");
  EXPECT_EQ(record.observed.at("slot_writes"), "0");
}

TEST_F(TrialTest, the_2017_lock_is_bricked_by_a_wrong_model_image) {
  TrialSpec spec = push("A1", "7000i-A/2.4.0");
  spec.defects = {"lockstate-2017"};
  const TrialRecord record = run(spec);
  EXPECT_EQ(record.verdict, Verdict::bricked) << describe(record);
}

TEST_F(TrialTest, a_cut_in_the_middle_of_the_swap_is_proven_and_survived) {
  TrialSpec spec = push("A1");
  spec.counts_from = "stimulus";
  spec.cuts = {inside(700, 0.3)};
  const TrialRecord record = run(spec);
  EXPECT_EQ(record.verdict, Verdict::recovered) << describe(record);
  ASSERT_EQ(record.cuts.size(), 1u);
  EXPECT_TRUE(record.cuts[0].proven) << describe(record);
}

TEST_F(TrialTest, the_same_spec_gives_the_same_trace) {
  TrialSpec spec = push("B1");
  spec.cuts = {inside(150, 0.7)};
  EXPECT_EQ(run(spec).trace_hash, run(spec).trace_hash);
}

}  // namespace
}  // namespace lockrig::bench
