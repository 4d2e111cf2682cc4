// The oracle on whole virtual locks: what it says of good and of bad ones, and that it
// stays within their wrong-entry budget.
#include "rig/trial/oracle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rig/bench/virtual_bench.hpp"
#include "rig/trial/run_trial.hpp"

namespace lockrig::bench {
namespace {

using trial::Verdict;

class OracleTest : public testing::Test {
 protected:
  VirtualBench bench{LOCKRIG_ROOT "/fixtures/benches/virtual.toml"};
  trial::Baselines baselines{bench};

  trial::TrialSpec spec(const std::string& station) {
    trial::TrialSpec s;
    s.station = station;
    s.board = bench.facts(station).board;
    s.seed = 7;
    return s;
  }
  trial::TrialSpec push(const std::string& station, const std::string& image) {
    trial::TrialSpec s = spec(station);
    s.stimulus = trial::Stimulus::push;
    s.image = s.board + "/" + image;
    return s;
  }
  trial::TrialRecord run(const trial::TrialSpec& s) {
    return trial::run_trial(s, bench, baselines);
  }
};

TEST_F(OracleTest, fifty_in_a_row_give_fifty_right_verdicts_on_a_lock_that_locks_out) {
  for (const std::string station : {"A1", "B1"}) {
    ASSERT_EQ(bench.facts(station).limits.wrong_code_limit, 3);
    const auto baseline = baselines.get(station, {});
    const auto rig = bench.set_up(station, 7, {}, baseline.get());
    const auto fifty = [&]() -> Task<int> {
      co_await rig->station().open();
      int recovered = 0;
      for (int i = 0; i < 50; ++i) {
        trial::Hand hand(*rig);
        trial::Oracle oracle(*rig, hand, baseline->known, {}, rig->world().now());
        const auto answers = co_await oracle.judge();
        if (trial::judge(answers) == Verdict::recovered) ++recovered;
        co_await rig->station().power.off(station::Power::Style::hard);
        co_await rig->world().sleep_for(trial::kOffTime, "the off time");
      }
      co_return recovered;
    };
    EXPECT_EQ(rig->world().run(fifty(), 48h, "fifty oracles"), 50) << station;
  }
}

TEST_F(OracleTest, never_takes_locked_out_for_bricked) {
  const auto baseline = baselines.get("A1", {});
  const auto rig = bench.set_up("A1", 7, {}, baseline.get());
  const auto lock_out_then_judge = [&]() -> Task<Verdict> {
    co_await rig->station().open();
    co_await trial::power_up(*rig);
    trial::Hand hand(*rig);
    co_await hand.signal(2s);
    const std::string wrong = "9999";
    for (int i = 0; i < 3; ++i) co_await hand.enter(wrong, false);
    co_await rig->station().power.off(station::Power::Style::hard);
    co_await rig->world().sleep_for(trial::kOffTime, "the off time");
    trial::Oracle oracle(*rig, hand, baseline->known, {}, rig->world().now());
    const auto answers = co_await oracle.judge();
    co_return trial::judge(answers);
  };
  EXPECT_EQ(rig->world().run(lock_out_then_judge(), 1h, "lock-out"),
            Verdict::recovered);
}

TEST_F(OracleTest, a_lock_that_takes_shared_codes_is_unsafe) {
  trial::TrialSpec s = spec("A2");
  s.defects = {"shared-codes"};
  const auto record = run(s);
  EXPECT_EQ(record.verdict, Verdict::unsafe);
  // The door that a default code opened moved unasked, too.
  EXPECT_THAT(trial::lost(record.answers),
              testing::IsSupersetOf({"refuses_defaults", "bolt_still"}));
}

TEST_F(OracleTest, a_lock_that_never_checks_in_again_is_degraded) {
  trial::TrialSpec s = push("B1", "2.4.0");
  s.defects = {"no-reconnect"};
  const auto record = run(s);
  EXPECT_EQ(record.verdict, Verdict::degraded);
  EXPECT_EQ(trial::lost(record.answers), std::vector<std::string>{"checks_in"});
}

TEST_F(OracleTest, a_blinded_question_is_not_asked_and_never_a_failure) {
  trial::TrialSpec s = push("B1", "2.4.0");
  s.defects = {"no-reconnect"};
  s.blind = {"checks_in"};
  const auto record = run(s);
  EXPECT_EQ(record.verdict, Verdict::recovered);
  for (const auto& answer : record.answers) {
    EXPECT_EQ(answer.outcome == trial::Outcome::not_asked,
              answer.question == "checks_in");
  }
}

TEST_F(OracleTest, an_image_that_crashes_bricks_a_lock_without_roll_back) {
  for (const std::string station : {"A1", "B1"}) {
    trial::TrialSpec s = push(station, "2.4.0+crash-at-start");
    s.defects = {"no-rollback"};
    EXPECT_EQ(run(s).verdict, Verdict::bricked) << station;
  }
}

TEST_F(OracleTest, a_wire_that_is_off_is_the_rigs_fault_and_is_named) {
  const std::vector<std::pair<std::string, std::string>> wires = {
      {"bolt_extended", "bolt"},   {"bolt_retracted", "bolt"},
      {"keypad_enable", "keypad"}, {"rail", "rail"},
      {"console", "console"},
  };
  for (const auto& [wire, device] : wires) {
    trial::TrialSpec s = spec("A1");
    s.unplugged = {wire};
    const auto record = run(s);
    EXPECT_EQ(record.verdict, Verdict::inconclusive) << wire;
    EXPECT_NE(record.note.find(device), std::string::npos)
        << wire << ": " << record.note;
    EXPECT_NE(record.note.find("station A1"), std::string::npos) << record.note;
  }
}

TEST_F(OracleTest, a_cut_that_is_never_reached_is_inconclusive) {
  trial::TrialSpec s = push("B1", "2.4.0");
  trial::Cut cut;
  cut.at = 1'000'000;
  s.cuts = {cut};
  EXPECT_EQ(run(s).verdict, Verdict::inconclusive);
}

TEST_F(OracleTest, cuts_by_bytes_by_event_and_in_chains_are_proven) {
  trial::Cut bytes;
  bytes.trigger = trial::Cut::Trigger::bytes;
  bytes.at = 20'000;
  bytes.style = trial::Cut::Style::pull;
  trial::Cut again;
  again.trigger = trial::Cut::Trigger::event;
  again.event = "power_on";
  again.delay = 120ms;
  trial::TrialSpec s = push("A2", "2.4.0");
  s.cuts = {bytes, again};
  const auto record = run(s);
  EXPECT_EQ(record.verdict, Verdict::recovered) << record.note;
  ASSERT_EQ(record.cuts.size(), 2u);
  for (const auto& cut : record.cuts) EXPECT_TRUE(cut.proven) << cut.requested;
}

/// A lock whose console leads nowhere.
class BlackBox final : public trial::Rig {
 public:
  explicit BlackBox(std::unique_ptr<trial::Rig> rig) : rig_(std::move(rig)) {}
  World& world() override { return rig_->world(); }
  station::Station& station() override { return rig_->station(); }
  lock::Firmware* client() override { return nullptr; }
  portal::Portal& portal() override { return rig_->portal(); }
  Network& network() override { return rig_->network(); }
  FlashProbe* probe() override { return rig_->probe(); }
  Operator* person() override { return rig_->person(); }
  station::Supply* supply() override { return rig_->supply(); }
  const trial::LockFacts& facts() override { return rig_->facts(); }
  trial::Images& images() override { return rig_->images(); }
  std::shared_ptr<const Durable> durable() override { return rig_->durable(); }

 private:
  std::unique_ptr<trial::Rig> rig_;
};

class BlackBoxes final : public trial::Bench {
 public:
  std::unique_ptr<trial::Rig> set_up(const std::string& station, std::uint64_t seed,
                                     const std::vector<std::string>& defects,
                                     const trial::Snapshot* start) override {
    return std::make_unique<BlackBox>(bench.set_up(station, seed, defects, start));
  }
  trial::Images& images() override { return bench.images(); }

  VirtualBench bench{LOCKRIG_ROOT "/fixtures/benches/virtual.toml"};
};

class BlackBoxTest : public testing::Test {
 protected:
  trial::TrialRecord run(const std::vector<std::string>& defects) {
    trial::TrialSpec s;
    s.station = "B1";
    s.board = boxes.bench.facts("B1").board;
    s.seed = 7;
    s.defects = defects;
    return trial::run_trial(s, boxes, baselines);
  }

  BlackBoxes boxes;
  trial::Baselines baselines{boxes};
};

TEST_F(BlackBoxTest, is_judged_by_keypad_bolt_signals_and_portal) {
  const auto record = run({});
  EXPECT_EQ(record.verdict, Verdict::recovered) << record.note;
  std::vector<std::string> ok, not_asked;
  for (const trial::Answer& answer : record.answers) {
    auto& list = answer.outcome == trial::Outcome::not_asked ? not_asked : ok;
    list.push_back(answer.question);
    if (answer.outcome == trial::Outcome::not_asked) continue;
    EXPECT_EQ(answer.outcome, trial::Outcome::ok) << answer.question;
  }
  EXPECT_THAT(ok, testing::UnorderedElementsAre(
                      "boots", "unlocks", "locks", "refuses_wrong", "relocks",
                      "refuses_defaults", "checks_in", "bolt_still"));
  EXPECT_THAT(not_asked,
              testing::UnorderedElementsAre("image", "keeps_codes", "keeps_log",
                                            "keeps_counters", "updates"));
}

TEST_F(BlackBoxTest, shows_what_keypad_and_bolt_can_show) {
  const auto record = run({"shared-codes"});
  EXPECT_EQ(record.verdict, Verdict::unsafe) << record.note;
  EXPECT_THAT(trial::lost(record.answers), testing::Contains("refuses_defaults"));
}

}  // namespace
}  // namespace lockrig::bench
