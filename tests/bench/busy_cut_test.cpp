// Cuts that the chip makes by itself at flash activity, in whole trials; and dips.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "rig/bench/virtual_bench.hpp"
#include "rig/trial/run_trial.hpp"

namespace lockrig::bench {
namespace {

using testing::Contains;
using testing::Field;
using testing::Not;
using trial::Cut;
using trial::TrialRecord;
using trial::TrialSpec;
using trial::Verdict;

Cut on_busy(Duration delay, Cut::Style style = Cut::Style::hard) {
  Cut cut;
  cut.trigger = Cut::Trigger::pin;
  cut.delay = delay;
  cut.style = style;
  return cut;
}

/// A flash operation as the probe saw it begin.
struct Begun {
  Instant at;
  FlashOp::Kind kind;
  std::string phase;
};

struct Seen {
  TrialRecord record;
  std::vector<Begun> operations;
  std::vector<Instant> power_off;  // by the chip's clock
};

class BusyCut : public testing::Test {
 protected:
  VirtualBench bench{LOCKRIG_ROOT "/fixtures/benches/virtual.toml"};
  trial::Baselines baselines{bench};

  TrialSpec spec(const std::string& station, std::vector<Cut> cuts) {
    TrialSpec s;
    s.station = station;
    s.board = bench.facts(station).board;
    s.stimulus = trial::Stimulus::push;
    s.image = s.board + "/2.4.0";
    s.cuts = std::move(cuts);
    s.seed = 7;
    return s;
  }
  TrialRecord run(const TrialSpec& s) { return trial::run_trial(s, bench, baselines); }
  Seen see(const TrialSpec& s) {
    Seen seen;
    const auto observer = [&](trial::Rig& rig, const trial::Known&, const FlashOp& op) {
      seen.operations.push_back({rig.world().now(), op.kind, std::string(op.phase)});
    };
    const auto with_trace = [&](const Trace& trace) {
      for (const Trace::Event& event : trace.events()) {
        const bool is_power = trace.channels()[event.channel] == s.station + "/power";
        if (is_power && event.kind == Trace::Kind::edge && !event.level) {
          seen.power_off.push_back(event.at);
        }
      }
    };
    seen.record = trial::run_trial(s, bench, baselines, observer, true, with_trace);
    return seen;
  }
};

TEST_F(BusyCut, in_staging_it_falls_as_a_flash_operation_begins_and_is_proven) {
  for (const char* station : {"A1", "B1"}) {
    for (const Duration delay : {Duration(0), Duration(3s)}) {
      const Seen seen = see(spec(station, {on_busy(delay)}));
      ASSERT_EQ(seen.record.cuts.size(), 1u) << seen.record.note;
      const trial::CutEvidence& cut = seen.record.cuts[0];
      EXPECT_TRUE(cut.proven) << station << seen.record.note;
      EXPECT_TRUE(cut.by_chip);
      EXPECT_EQ(seen.record.verdict, Verdict::recovered) << station;
      ASSERT_FALSE(seen.operations.empty());
      const Begun& last = seen.operations.back();
      EXPECT_EQ(last.phase, "staging");
      EXPECT_EQ(last.kind,
                delay == Duration(0) ? FlashOp::Kind::erase : FlashOp::Kind::program);
      // Power opens as an operation begins, and the rail needs 320 us from there: it
      // dies in that operation or, if that was a short one, in the next.
      ASSERT_GE(seen.power_off.size(), 2u);
      const Instant off = seen.power_off[1];  // the first is how every world begins
      const auto begins_there = [&](const Begun& op) {
        return abs(op.at - off) < 20us;
      };
      EXPECT_TRUE(
          std::any_of(seen.operations.begin(), seen.operations.end(), begins_there))
          << station;
      const Duration torn = off + 320us - last.at;
      EXPECT_GT(torn, 0us) << station;
      EXPECT_LT(torn, last.kind == FlashOp::Kind::erase ? 45ms : 667us) << station;
    }
  }
}

TEST_F(BusyCut, replays_exactly) {
  for (const auto style : {Cut::Style::hard, Cut::Style::pull}) {
    const TrialSpec s = spec("A2", {on_busy(2500ms, style)});
    const TrialRecord first = run(s);
    EXPECT_TRUE(first.cuts.at(0).proven);
    EXPECT_EQ(run(s).trace_hash, first.trace_hash);
  }
}

TEST_F(BusyCut, without_activity_it_is_inconclusive_and_the_station_works_on) {
  TrialSpec s = spec("A1", {on_busy(0s)});
  s.stimulus = trial::Stimulus::none;
  s.image.clear();
  const TrialRecord record = run(s);
  EXPECT_EQ(record.verdict, Verdict::inconclusive) << record.note;
  ASSERT_EQ(record.cuts.size(), 1u);
  EXPECT_FALSE(record.cuts[0].proven);
  EXPECT_FALSE(record.cuts[0].by_chip);
  EXPECT_FALSE(record.cuts[0].achieved_s);
  // The lock was judged all the same, by lines that are driven and sampled again.
  for (const trial::Answer& answer : record.answers) {
    if (answer.question == "cut_proven") continue;
    EXPECT_EQ(answer.outcome, trial::Outcome::ok) << answer.question << answer.detail;
  }
  EXPECT_THAT(record.answers, Contains(Field(&trial::Answer::question, "boots")));
}

TEST_F(BusyCut, a_second_one_waits_for_the_boot_loader) {
  Cut first;
  first.trigger = Cut::Trigger::event;
  first.event = "stimulus";
  first.delay = 9s;  // in the swap
  const Seen seen = see(spec("A1", {first, on_busy(0s)}));
  EXPECT_EQ(seen.record.verdict, Verdict::recovered) << seen.record.note;
  ASSERT_EQ(seen.record.cuts.size(), 2u);
  EXPECT_TRUE(seen.record.cuts[1].proven);
  EXPECT_TRUE(seen.record.cuts[1].by_chip);
  EXPECT_THAT(seen.operations.back().phase, testing::AnyOf("boot", "swap"));
}

TEST_F(BusyCut, that_is_withheld_proves_nothing) {
  TrialSpec s = spec("A1", {on_busy(1s)});
  s.sham = trial::Sham::cut;
  const TrialRecord record = run(s);
  EXPECT_EQ(record.verdict, Verdict::inconclusive) << record.note;
  EXPECT_FALSE(record.cuts.at(0).proven);
}

TEST_F(BusyCut, is_asked_for_only_where_there_is_such_a_line) {
  EXPECT_THAT(bench.capabilities("A1"), Contains("busy"));
  EXPECT_THAT(bench.capabilities("A1"), Contains("dip"));
  EXPECT_THAT(bench.capabilities("B1"), Contains("busy"));
  EXPECT_THAT(bench.capabilities("B1"), Not(Contains("dip")));
}

/// Whether a running lock was reset by a dip.
bool resets(VirtualBench& bench, Duration time) {
  const auto rig = bench.set_up("A1", 7, {}, nullptr);
  World& world = rig->world();
  const auto boots = [&] {
    const auto reply = world.run(rig->client()->state(), 1min, "state");
    return std::get<lock::State>(reply).boots;
  };
  world.run(rig->station().open(), 1min, "open");
  EXPECT_TRUE(world.run(trial::power_up(*rig), 1min, "on"));
  const auto before = boots();
  const auto dip = world.run(rig->station().power.dip(time), 1min, "dip");
  EXPECT_EQ(dip.asked, time);
  EXPECT_FALSE(dip.rail_fell) << "2 V are above power-on reset";
  world.run(world.sleep_for(rig->facts().limits.boot_max, "a boot"), 1min, "boot");
  return boots() > before;
}

TEST(Dip, a_short_one_is_ridden_through_and_a_long_one_resets) {
  VirtualBench bench(LOCKRIG_ROOT "/fixtures/benches/virtual.toml");
  // The hold-up is 5 ms (fixtures/boards/6000i, rail).
  for (const Duration time : {1ms, 4ms}) EXPECT_FALSE(resets(bench, time));
  for (const Duration time : {6ms, 50ms, 1000ms}) EXPECT_TRUE(resets(bench, time));
}

}  // namespace
}  // namespace lockrig::bench
