// The programmable supply end to end: the rig's SCPI, the instrument's twin, the lock.
#include "rig/station/supply.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "rig/bench/virtual_bench.hpp"
#include "rig/core/error.hpp"
#include "rig/trial/run_trial.hpp"

namespace lockrig::bench {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr Duration kLimit = 1h;

class SupplyTest : public testing::Test {
 protected:
  // The process number keeps tests that run side by side apart.
  const fs::path path_ = fs::path(testing::TempDir()) /
                         ("lockrig_supply_" + std::to_string(getpid()) + ".toml");

  void TearDown() override { fs::remove(path_); }

  fs::path write(const std::string& supply, const std::string& kind = "virtual",
                 const std::string& more = "") const {
    std::ofstream(path_) << "kind = \"" << kind
                         << "\"\nboards = \"" LOCKRIG_ROOT "/fixtures/boards\"\n"
                         << "[stations.S1]\nboard = \"6000i-A\"\nserial = \"T-S1\"\n"
                         << "user_code = \"2580\"\nprogramming_code = \"70418263\"\n"
                         << more << "\n[stations.S1.supply]\n"
                         << supply;
    return path_;
  }
  std::string mistake(const std::string& supply, const std::string& kind = "virtual",
                      const std::string& more = "") const {
    try {
      load_bench(write(supply, kind, more));
    } catch (const BadInput& error) {
      return error.what();
    }
    return "accepted";
  }
};

const char* const kReal =
    "gpio = { usb_serial = \"LR1\" }\nportal = \"127.0.0.1:18081\"";
const char* const kLine = "path = \"/dev/null\"\nbaud = 9600\n";

TEST_F(SupplyTest, gives_a_full_battery_unless_the_file_says_otherwise) {
  const auto config = [](const BenchFile& bench) {
    return bench.stations.at(0).supply->config;
  };
  const auto usual = config(load_bench(write("max_mv = 6500\nmax_ma = 900\n")));
  EXPECT_EQ(usual.max_mv, 6500);
  EXPECT_EQ(usual.max_ma, 900);
  EXPECT_EQ(usual.battery_mv, 6000);
  const auto own =
      config(load_bench(write("max_mv = 5000\nmax_ma = 900\nbattery_mv = 4800\n")));
  EXPECT_EQ(own.battery_mv, 4800);
  EXPECT_THAT(mistake("max_mv = 5000\nmax_ma = 900\n"),
              HasSubstr("battery_mv: a full battery gives 6000 mV, more than max_mv"));
}

TEST_F(SupplyTest, a_real_one_may_have_its_own_words_for_a_trip) {
  const std::string limits = std::string(kLine) + "max_mv = 6500\nmax_ma = 900\n";
  const BenchFile bench =
      load_bench(write(limits + "trip_enable = \"CURR:PROT:STAT 1\"\n"
                                "trip_query = \"CURR:PROT:TRIP?\"\n"
                                "trip_clear = \"CURR:PROT:CLE\"\n",
                       "hardware", kReal));
  const scpi::Protection expected{.enable = "CURR:PROT:STAT 1",
                                  .tripped = "CURR:PROT:TRIP?",
                                  .clear = "CURR:PROT:CLE"};
  EXPECT_EQ(bench.stations.at(0).supply->config.protection, expected);
  EXPECT_THAT(mistake(limits + "trip_query = \"T\\tRIP?\"\n", "hardware", kReal),
              HasSubstr("trip_query: a SCPI command is one line of printable ASCII"));
  EXPECT_THAT(mistake("max_mv = 6500\nmax_ma = 900\ntrip_query = \"TRIP?\"\n"),
              HasSubstr("trip_query: unknown key"));
}

class SuppliedLock : public SupplyTest {
 protected:
  SuppliedLock() {
    rig->world().trace().keep_events();
    run(rig->station().open());
    EXPECT_TRUE(run(trial::power_up(*rig)));
    EXPECT_TRUE(run(hand.signal(rig->facts().limits.signal_max)));
  }

  template <typename T>
  T run(Task<T> task) {
    return rig->world().run(std::move(task), kLimit, "test");
  }
  void run(Task<void> task) { rig->world().run(std::move(task), kLimit, "test"); }

  station::Supply& supply() { return *rig->supply(); }
  bool answers() {
    return std::holds_alternative<lock::State>(run(rig->client()->state()));
  }
  std::optional<lock::Banner> banner() {
    const Instant until = rig->world().now() + rig->facts().limits.boot_max;
    while (const auto line = run(rig->client()->next_text(until))) {
      if (const auto found = lock::parse_banner(*line)) return found;
    }
    return std::nullopt;
  }
  std::vector<std::string> notes() {
    std::vector<std::string> all;
    for (const Trace::Event& event : rig->world().trace().events()) {
      if (rig->world().trace().channels()[event.channel] == "S1/supply") {
        all.push_back(event.data);
      }
    }
    return all;
  }

  VirtualBench bench{write("max_mv = 6500\nmax_ma = 1500\n")};
  std::unique_ptr<trial::Rig> rig = bench.set_up("S1", 7, {}, nullptr);
  trial::Hand hand{*rig};
};

TEST_F(SuppliedLock, is_something_that_scenarios_can_ask_for) {
  EXPECT_THAT(bench.capabilities("S1"), Contains("supply"));
  const VirtualBench usual(LOCKRIG_ROOT "/fixtures/benches/virtual.toml");
  EXPECT_THAT(usual.capabilities("A1"), Not(Contains("supply")));
}

TEST_F(SuppliedLock, a_battery_that_runs_down_ends_in_a_brown_out_and_a_new_one_boots) {
  run(supply().ramp(6000, 3600, 3s, 12));
  ASSERT_TRUE(answers()) << "3.6 V still run it";
  const auto measured = run(supply().measure());
  EXPECT_EQ(measured.mv, 3600);
  EXPECT_EQ(measured.ma, 20);

  const auto down = run(supply().ramp(3600, 3400, 1s, 2));
  EXPECT_EQ(down.reached_mv, 3400);
  EXPECT_FALSE(down.tripped);
  EXPECT_FALSE(answers()) << "it runs on below its brown-out";
  EXPECT_TRUE(rig->station().power.rail_up()) << "a brown-out is no power-on reset";

  run(supply().ramp(3400, 0, 2s, 4));
  run(rig->world().sleep_for(1s, "the rail to be sampled"));
  EXPECT_FALSE(rig->station().power.rail_up());
  rig->client()->discard();

  run(supply().ramp(0, 6000, 3s, 12));
  const auto booted = banner();
  ASSERT_TRUE(booted);
  EXPECT_EQ(booted->cause, "power_on");
  run(hand.signal(rig->facts().limits.signal_max));
  EXPECT_EQ(run(hand.enter("2580", true)).result, trial::Entry::Result::opened);
  EXPECT_THAT(notes(), Contains("3400 mV"));
}

TEST_F(SuppliedLock, a_bolt_that_draws_too_much_trips_it_and_the_trace_says_so) {
  run(supply().set_current_limit(200));
  EXPECT_FALSE(run(supply().tripped()));
  EXPECT_NE(run(hand.enter("2580", true)).result, trial::Entry::Result::opened);
  EXPECT_TRUE(run(supply().tripped()));
  EXPECT_THAT(notes(), Contains("tripped: over-current"));
  EXPECT_FALSE(answers());
  EXPECT_EQ(run(supply().measure()).mv, 0);

  run(supply().clear_trip());
  EXPECT_FALSE(run(supply().tripped()));
  run(supply().set_current_limit(1500));
  rig->client()->discard();
  run(supply().output(true));
  EXPECT_TRUE(banner());
  EXPECT_FALSE(run(supply().tripped()));
}

TEST_F(SuppliedLock, a_cable_that_is_out_is_the_rigs_fault) {
  rig->person()->unplug("supply");
  try {
    run(supply().measure());
    FAIL() << "somebody answered";
  } catch (const RigError& error) {
    EXPECT_EQ(error.station(), "S1");
    EXPECT_EQ(error.device(), "supply");
  }
  EXPECT_TRUE(answers()) << "the output does not hang on the cable";
}

TEST_F(SuppliedLock, trials_run_from_it_and_repeat) {
  trial::Baselines baselines(bench);
  trial::TrialSpec spec;
  spec.station = "S1";
  spec.board = "6000i-A";
  spec.stimulus = trial::Stimulus::unlock;
  const auto first = trial::run_trial(spec, bench, baselines);
  EXPECT_EQ(first.verdict, trial::Verdict::recovered) << first.note;
  EXPECT_EQ(trial::run_trial(spec, bench, baselines).trace_hash, first.trace_hash);
}

}  // namespace
}  // namespace lockrig::bench
