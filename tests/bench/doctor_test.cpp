// The doctor on whole virtual stations: what it says of a good one, and that each thing
// that may be wrong is found and named.
#include "rig/trial/doctor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rig/bench/virtual_bench.hpp"

namespace lockrig::bench {
namespace {

using testing::HasSubstr;
using trial::Examination;
using trial::Finding;
using Status = Finding::Status;

/// A station whose bench file says something else of its lock.
class Mistaken final : public trial::Rig {
 public:
  Mistaken(std::unique_ptr<trial::Rig> rig, trial::LockFacts facts)
      : rig_(std::move(rig)), facts_(std::move(facts)) {}
  World& world() override { return rig_->world(); }
  station::Station& station() override { return rig_->station(); }
  lock::Firmware* client() override { return has_console ? rig_->client() : nullptr; }
  portal::Portal& portal() override { return rig_->portal(); }
  Network& network() override { return rig_->network(); }
  FlashProbe* probe() override { return rig_->probe(); }
  Operator* person() override { return rig_->person(); }
  station::Supply* supply() override { return rig_->supply(); }
  const trial::LockFacts& facts() override { return facts_; }
  trial::Images& images() override { return others ? *others : rig_->images(); }
  std::shared_ptr<const Durable> durable() override { return rig_->durable(); }

  bool has_console = true;
  trial::Images* others = nullptr;

 private:
  std::unique_ptr<trial::Rig> rig_;
  trial::LockFacts facts_;
};

class DoctorTest : public testing::Test {
 protected:
  VirtualBench bench{LOCKRIG_ROOT "/fixtures/benches/virtual.toml"};

  Examination examine(const std::vector<std::string>& unplugged = {}) {
    return trial::examine(bench, "A1", 7, unplugged);
  }
  std::unique_ptr<Mistaken> mistaken(trial::LockFacts facts) {
    return std::make_unique<Mistaken>(bench.set_up("A1", 7, {}, nullptr),
                                      std::move(facts));
  }
  static Examination examine(trial::Rig& rig) {
    return rig.world().run(trial::examine(rig), 1h, "an examination");
  }
};

TEST_F(DoctorTest, finds_nothing_wrong_with_good_stations_and_asks_everything) {
  for (const char* station : {"A1", "A2", "B1"}) {
    const Examination seen = trial::examine(bench, station, 7);
    for (const Finding& finding : seen.findings) {
      EXPECT_EQ(finding.status, Status::ok)
          << station << " " << finding.check << ": " << finding.detail;
    }
    EXPECT_EQ(seen.refusal(), nullptr);
    EXPECT_EQ(seen.at("serial").detail, bench.facts(station).serial);
  }
}

TEST_F(DoctorTest, measures_what_the_board_file_says_of_the_rail) {
  const Examination seen = examine();
  ASSERT_TRUE(seen.calibration);
  // fixtures/boards/6000i/board.toml, rail; seen by samples a millisecond apart.
  EXPECT_NEAR(seen.calibration->fall_hard_ms, 2.15 + 0.5, 0.6);
  EXPECT_NEAR(seen.calibration->fall_pull_ms, 50 + 0.5, 0.6);
  EXPECT_NEAR(seen.calibration->rise_ms, 1 + 0.5, 0.6);
  EXPECT_EQ(seen.calibration->uncertainty_us, 1000);
  EXPECT_GE(seen.calibration->latency_p99_us, seen.calibration->latency_p50_us);
}

TEST_F(DoctorTest, leaves_the_station_off) {
  const auto rig = mistaken(bench.facts("A1"));
  examine(*rig);
  EXPECT_FALSE(rig->station().power.rail_up());
  EXPECT_FALSE(rig->station().power.commanded_on());
}

TEST_F(DoctorTest, refuses_another_lock_than_the_bench_file_names) {
  trial::LockFacts facts = bench.facts("A1");
  facts.serial = "VL6A-0002";
  auto rig = mistaken(facts);
  Examination seen = examine(*rig);
  ASSERT_NE(seen.refusal(), nullptr);
  EXPECT_EQ(seen.refusal()->check, "serial");
  EXPECT_EQ(seen.refusal()->detail,
            "the board says VL6A-0001, the bench file VL6A-0002");

  facts = bench.facts("A1");
  facts.board = "6000i-B";
  rig = mistaken(facts);
  seen = examine(*rig);
  ASSERT_NE(seen.refusal(), nullptr);
  EXPECT_EQ(seen.refusal()->check, "revision");
  EXPECT_EQ(seen.at("model").status, Status::ok);

  facts.board = "7000i-A";
  rig = mistaken(facts);
  EXPECT_EQ(examine(*rig).refusal()->check, "model");
}

TEST_F(DoctorTest, names_the_device_behind_a_wire_that_is_off) {
  const std::vector<std::pair<std::string, std::string>> wires = {
      {"rail", "power_on"},      {"power", "power_on"},
      {"console", "console"},    {"keypad_enable", "keypad"},
      {"bolt_extended", "bolt"}, {"bolt_retracted", "bolt"},
      {"isolate", "console"},
  };
  for (const auto& [wire, check] : wires) {
    const Examination seen = examine({wire});
    ASSERT_NE(seen.refusal(), nullptr) << wire;
    EXPECT_EQ(seen.refusal()->check, check) << wire << ": " << seen.refusal()->detail;
  }
}

TEST_F(DoctorTest, a_silent_console_does_not_hide_the_rest) {
  const Examination seen = examine({"console"});
  EXPECT_EQ(seen.at("console").status, Status::failed);
  EXPECT_EQ(seen.at("serial").status, Status::not_asked);
  EXPECT_EQ(seen.at("keypad").status, Status::ok) << seen.at("keypad").detail;
  EXPECT_EQ(seen.at("bolt").status, Status::ok) << seen.at("bolt").detail;
  EXPECT_TRUE(seen.calibration);
}

TEST_F(DoctorTest, a_station_without_a_console_is_not_asked_for_one) {
  const auto rig = mistaken(bench.facts("A1"));
  rig->has_console = false;
  const Examination seen = examine(*rig);
  EXPECT_EQ(seen.refusal(), nullptr);
  for (const char* check : {"console", "model", "revision", "serial", "version"}) {
    EXPECT_EQ(seen.at(check).status, Status::not_asked) << check;
  }
  EXPECT_EQ(seen.at("keypad").status, Status::ok);
}

TEST_F(DoctorTest, a_lock_whose_codes_nobody_knows_is_asked_for_its_position_only) {
  trial::LockFacts facts = bench.facts("A1");
  facts.slip_user = "111222";
  const auto rig = mistaken(facts);
  const Examination seen = examine(*rig);
  EXPECT_EQ(seen.at("bolt").status, Status::not_asked);
  EXPECT_EQ(seen.at("bolt_sensors").status, Status::ok);
  EXPECT_EQ(seen.refusal(), nullptr);
}

TEST_F(DoctorTest, a_rail_that_falls_too_slowly_is_fed_by_something_else) {
  trial::LockFacts facts = bench.facts("A1");
  facts.limits.fall_pull_max = 50ms;  // it takes 55 ms
  const auto rig = mistaken(facts);
  const Examination seen = examine(*rig);
  ASSERT_NE(seen.refusal(), nullptr);
  EXPECT_EQ(seen.refusal()->check, "power_off_pull");
  EXPECT_THAT(seen.refusal()->detail, HasSubstr("feeds the board"));
  EXPECT_EQ(seen.at("power_off_hard").status, Status::ok);
  EXPECT_FALSE(seen.calibration);
}

TEST_F(DoctorTest, finds_a_station_that_feeds_its_board_backwards) {
  BenchFile file = load_bench(LOCKRIG_ROOT "/fixtures/benches/virtual.toml");
  file.stations.front().station_faults = {"back_powered"};
  VirtualBench back_powered(std::move(file));
  const Examination seen = trial::examine(back_powered, "A1", 7);
  ASSERT_NE(seen.refusal(), nullptr);
  EXPECT_EQ(seen.refusal()->check, "power_off_pull");
  EXPECT_THAT(seen.refusal()->detail, HasSubstr("did not fall"));
  EXPECT_FALSE(seen.calibration);
}

TEST_F(DoctorTest, names_the_output_that_is_held_and_its_pin) {
  const struct {
    const char* station;
    const char* fault;
    const char* detail;
    const char* look_at;
  } cases[] = {
      {"A1", "shorted_high:power", "power (ACBUS6) is driven low and reads high",
       "pin ACBUS6 and the wire power: a short to a supply"},
      {"A1", "shorted_low:power", "power (ACBUS6) is driven high and reads low",
       "pin ACBUS6 and the wire power: a short to ground"},
      {"A1", "shorted_low:discharge", "discharge (ACBUS1) is driven high and reads low",
       "pin ACBUS1 and the wire discharge: a short to ground"},
      {"A1", "shorted_high:isolate", "isolate (ACBUS5) is driven low and reads high",
       "a short to a supply"},
      {"A1", "shorted_low:dip", "dip (ACBUS2) is driven high and reads low", "ground"},
      {"A1", "shorted_low:keypad_data", "keypad_data (ADBUS1) is driven high",
       "ground"},
      {"A1", "shorted_low:keypad_enable", "keypad_enable (ADBUS7) is driven high",
       "ground"},
      {"A1", "shorted_high:keypad_enable", "keypad_enable (ADBUS7) is driven low",
       "a supply"},
      {"B1", "shorted_high:key_a3", "key_a3 (ACBUS5) is driven low", "a supply"},
      {"B1", "shorted_low:key_strobe", "key_strobe (ACBUS6) is driven high", "ground"},
  };
  for (const auto& each : cases) {
    BenchFile file = load_bench(LOCKRIG_ROOT "/fixtures/benches/virtual.toml");
    for (StationEntry& entry : file.stations) {
      if (entry.name == each.station) entry.station_faults = {each.fault};
    }
    VirtualBench faulty(std::move(file));
    const Examination seen = trial::examine(faulty, each.station, 7);
    ASSERT_NE(seen.refusal(), nullptr) << each.fault;
    EXPECT_EQ(seen.refusal()->check, "outputs") << each.fault;
    EXPECT_THAT(seen.refusal()->detail, HasSubstr(each.detail));
    EXPECT_THAT(seen.refusal()->look_at, HasSubstr(each.look_at));
    EXPECT_EQ(seen.refusal()->detail.find(';'), std::string::npos)
        << "and no other: " << seen.refusal()->detail;
    EXPECT_EQ(seen.at("console").status, Status::not_asked)
        << each.fault << ": a board is not powered through outputs that are held";
    EXPECT_FALSE(seen.calibration);
  }
}

TEST_F(DoctorTest, a_version_that_was_never_released_is_told_and_does_not_refuse) {
  class Others final : public trial::Images {
   public:
    std::shared_ptr<const Bytes> get(const std::string&) override { return nullptr; }
    std::vector<std::string> released(const std::string&) override {
      return {"6000i-A/9.9.9"};
    }
  };
  const auto rig = mistaken(bench.facts("A1"));
  Others others;
  rig->others = &others;
  const Examination seen = examine(*rig);
  EXPECT_EQ(seen.at("version").status, Status::failed);
  EXPECT_EQ(seen.at("version").detail, "2.3.0 was never released for a 6000i-A");
  EXPECT_EQ(seen.refusal(), nullptr);
}

TEST_F(DoctorTest, a_bench_that_cannot_open_a_device_is_a_finding) {
  class Broken final : public trial::Bench {
   public:
    explicit Broken(trial::Images& images) : images_(images) {}
    std::unique_ptr<trial::Rig> set_up(const std::string& station, std::uint64_t,
                                       const std::vector<std::string>&,
                                       const trial::Snapshot*) override {
      throw RigError(station, "gpio", "no FT2232H with serial LR0001", "its USB cable");
    }
    trial::Images& images() override { return images_; }

   private:
    trial::Images& images_;
  } broken(bench.images());
  const Examination seen = trial::examine(broken, "A1", 7);
  ASSERT_NE(seen.refusal(), nullptr);
  EXPECT_EQ(seen.refusal()->check, "devices");
  EXPECT_THAT(seen.refusal()->detail, HasSubstr("LR0001"));
}

}  // namespace
}  // namespace lockrig::bench
