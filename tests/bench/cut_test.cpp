// The triggers and styles of a cut, each in a whole trial on the virtual bench.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rig/bench/virtual_bench.hpp"
#include "rig/trial/run_trial.hpp"

namespace lockrig::bench {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using trial::Cut;
using trial::TrialRecord;
using trial::TrialSpec;
using trial::Verdict;

class CutTest : public testing::Test {
 protected:
  VirtualBench bench{LOCKRIG_ROOT "/fixtures/benches/virtual.toml"};
  trial::Baselines baselines{bench};

  TrialRecord run(std::vector<Cut> cuts,
                  trial::Stimulus stimulus = trial::Stimulus::push) {
    TrialSpec spec;
    spec.station = "A1";
    spec.board = bench.facts("A1").board;
    spec.stimulus = stimulus;
    if (stimulus == trial::Stimulus::push) spec.image = spec.board + "/2.4.0";
    spec.cuts = std::move(cuts);
    spec.seed = 7;
    return trial::run_trial(spec, bench, baselines);
  }
  static Cut at(Cut::Trigger trigger, std::uint64_t n, const std::string& event = "") {
    Cut cut;
    cut.trigger = trigger;
    cut.at = n;
    cut.event = event;
    return cut;
  }
  static void expect_survived(const TrialRecord& record, std::size_t cuts) {
    EXPECT_EQ(record.verdict, Verdict::recovered) << record.note;
    ASSERT_THAT(record.cuts, SizeIs(cuts));
    for (const trial::CutEvidence& cut : record.cuts) {
      EXPECT_TRUE(cut.proven) << cut.requested << ": " << cut.reset;
    }
  }
};

TEST_F(CutTest, a_frame_that_is_acknowledged_triggers_it) {
  expect_survived(run({at(Cut::Trigger::frames, 5)}), 1);
}

TEST_F(CutTest, later_frames_come_later) {
  const auto early = run({at(Cut::Trigger::frames, 2)});
  const auto late = run({at(Cut::Trigger::frames, 20)});
  EXPECT_LT(*early.cuts.at(0).achieved_s, *late.cuts.at(0).achieved_s);
}

TEST_F(CutTest, a_line_on_the_console_triggers_it) {
  // The new image's own banner.
  const auto record = run({at(Cut::Trigger::console, 0, "2.4.0")});
  expect_survived(record, 1);
}

TEST_F(CutTest, a_line_on_the_console_after_the_first_cut_triggers_the_second) {
  const auto record =
      run({at(Cut::Trigger::frames, 5), at(Cut::Trigger::console, 0, "boot ")});
  expect_survived(record, 2);
}

TEST_F(CutTest, a_line_that_never_comes_makes_it_inconclusive) {
  const auto record = run({at(Cut::Trigger::console, 0, "no such line")});
  EXPECT_EQ(record.verdict, Verdict::inconclusive);
}

TEST_F(CutTest, the_portal_hearing_from_the_lock_triggers_it) {
  expect_survived(run({at(Cut::Trigger::event, 0, "check_in")}, trial::Stimulus::sync),
                  1);
}

TEST_F(CutTest, contacts_that_bounce_are_one_proven_cut) {
  for (const Duration bounce : {Duration(500us), Duration(4ms), Duration(8ms)}) {
    Cut cut = at(Cut::Trigger::frames, 5);
    cut.style = Cut::Style::chatter;
    cut.bounces = 6;
    cut.bounce = bounce;
    const auto record = run({cut});
    expect_survived(record, 1);
    EXPECT_THAT(record.cuts[0].requested, HasSubstr("6 bounces"));
  }
}

TEST_F(CutTest, a_dip_that_resets_is_proven_by_the_start_it_causes) {
  Cut cut = at(Cut::Trigger::frames, 5);
  cut.style = Cut::Style::dip;
  cut.off = 50ms;
  const auto record = run({cut});
  expect_survived(record, 1);
  EXPECT_THAT(record.cuts[0].reset, HasSubstr("boot banner"));
}

TEST_F(CutTest, a_dip_that_is_ridden_through_proves_nothing) {
  Cut cut = at(Cut::Trigger::frames, 5);
  cut.style = Cut::Style::dip;
  cut.off = 1ms;
  EXPECT_EQ(run({cut}).verdict, Verdict::inconclusive);
}

TEST_F(CutTest, mistakes_are_refused_in_one_line) {
  const auto refused = [&](std::vector<Cut> cuts) {
    EXPECT_THROW(run(std::move(cuts)), std::invalid_argument);
  };
  const Cut first = at(Cut::Trigger::frames, 2);
  refused({at(Cut::Trigger::event, 0, "sunrise")});
  refused({at(Cut::Trigger::event, 0, "power_on")});
  refused({first, at(Cut::Trigger::event, 0, "stimulus")});
  refused({first, at(Cut::Trigger::bytes, 9)});
  refused({at(Cut::Trigger::console, 0, "")});
  Cut chatter = first;
  chatter.style = Cut::Style::chatter;
  refused({chatter});
}

}  // namespace
}  // namespace lockrig::bench
