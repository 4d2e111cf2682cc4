#include "rig/twin/scpi_supply.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/twin/test_lock.hpp"

namespace lockrig::twin {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ScpiSupplyTest : public testing::Test {
 protected:
  void pass(Duration time) {
    world.run(world.sleep_for(time, "time"), time + 1s, "pass");
  }
  void raw(const std::string& bytes) {
    const Bytes line(bytes.begin(), bytes.end());
    world.run(supply.line().write(line), 10s, "tell");
    pass(10ms);
  }
  void tell(const std::string& command) { raw(command + "\n"); }
  std::string hear() {
    return world.run(
        [](World& w, ByteStream& line) -> Task<std::string> {
          std::string all;
          std::uint8_t buffer[64];
          for (;;) {
            const ReadResult read = co_await line.read_some(buffer, w.now() + 100ms);
            if (read.status != StreamStatus::ok) co_return all;
            all.append(buffer, buffer + read.count);
          }
        }(world, supply.line()),
        10s, "hear");
  }
  std::string ask(const std::string& query) {
    tell(query);
    std::string answer = hear();
    if (answer.ends_with('\n')) answer.pop_back();
    return answer;
  }
  std::string error() { return ask("SYST:ERR?"); }
  void give(int mv) {
    tell("VOLT " + std::to_string(mv) + "E-3");
    tell("OUTP ON");
    pass(1s);
  }

  World world{1};
  double load_ma = 20;
  std::vector<std::pair<Instant, int>> fed;
  ScpiSupply supply{world, [this] { return load_ma; },
                    [this](int mv) { fed.emplace_back(world.now(), mv); }};
};

TEST_F(ScpiSupplyTest, begins_off_and_feeds_nothing) {
  EXPECT_FALSE(supply.output_on());
  EXPECT_THAT(fed, ElementsAre(std::pair(Instant(0ns), 0)));
  EXPECT_EQ(ask("OUTP?"), "0");
  EXPECT_EQ(ask("MEAS:VOLT?"), "+0.00000000E+00");
  EXPECT_EQ(ask("MEAS:CURR?"), "+0.00000000E+00");
}

TEST_F(ScpiSupplyTest, says_who_it_is_at_9600_baud) {
  tell("*IDN?");
  const Instant asked = world.now();
  EXPECT_EQ(hear(), "LOCKRIG,EMULATED SUPPLY,0,1.0\n");
  // 30 bytes less the 8 ms that tell() went on for, and the wait for more.
  EXPECT_EQ((world.now() - asked) / 1ms, 30 * 1041667 / 1000000 - 8 + 100);
}

TEST_F(ScpiSupplyTest, the_output_slews_to_its_setting) {
  tell("VOLT 0.300");
  fed.clear();
  tell("OUTP ON");
  pass(1s);
  ASSERT_EQ(fed.size(), 3u);
  EXPECT_EQ(fed[0].second, 120);
  EXPECT_EQ(fed[1], std::pair(fed[0].first + 1ms, 240));
  EXPECT_EQ(fed[2], std::pair(fed[0].first + 2ms, 300));
  tell("VOLT 0.1");
  pass(1s);
  EXPECT_EQ(fed.back().second, 100);
  EXPECT_EQ(fed.size(), 5u);
  EXPECT_EQ(ask("MEAS:VOLT?"), "+1.00000000E-01");
  EXPECT_EQ(ask("VOLT?"), "+1.00000000E-01");
}

TEST_F(ScpiSupplyTest, off_is_at_once) {
  give(6000);
  EXPECT_EQ(supply.output_mv(), 6000);
  fed.clear();
  tell("OUTP OFF");
  EXPECT_EQ(fed.size(), 1u);
  EXPECT_EQ(fed.back().second, 0);
}

TEST_F(ScpiSupplyTest, measures_the_load) {
  give(6000);
  load_ma = 123.4;
  EXPECT_EQ(ask("MEAS:CURR?"), "+1.23400000E-01");
}

TEST_F(ScpiSupplyTest, over_current_trips_the_moment_it_comes) {
  tell("CURR 0.5");
  give(6000);
  load_ma = 500;
  supply.load_changed();
  EXPECT_TRUE(supply.output_on());
  EXPECT_EQ(ask("OUTP:PROT:TRIP?"), "0");
  load_ma = 501;
  supply.load_changed();
  EXPECT_FALSE(supply.output_on());
  EXPECT_EQ(fed.back(), std::pair(world.now(), 0));
  for (const char* query : {"OUTP:PROT:TRIP?", "CURR:PROT:TRIP?"}) {
    EXPECT_EQ(ask(query), "1");
  }
}

TEST_F(ScpiSupplyTest, a_load_nobody_spoke_of_is_seen_at_the_next_command) {
  tell("CURR 0.5");
  give(6000);
  load_ma = 501;
  EXPECT_EQ(ask("OUTP:PROT:TRIP?"), "1");
}

TEST_F(ScpiSupplyTest, a_trip_holds_the_output_off_until_it_is_cleared) {
  tell("CURR 0.01");
  give(6000);
  EXPECT_TRUE(supply.tripped());
  tell("CURR 1");
  tell("OUTP ON");
  EXPECT_EQ(error(), "-221,\"Settings conflict\"");
  EXPECT_FALSE(supply.output_on());
  tell("OUTP:PROT:CLE");
  EXPECT_FALSE(supply.output_on());
  tell("OUTP ON");
  EXPECT_TRUE(supply.output_on());
  EXPECT_EQ(ask("OUTP:PROT:TRIP?"), "0");
  EXPECT_EQ(error(), "+0,\"No error\"");
}

TEST_F(ScpiSupplyTest, without_protection_the_voltage_folds_back) {
  tell("CURR:PROT:STAT OFF");
  EXPECT_EQ(ask("CURR:PROT:STAT?"), "0");
  tell("CURR 0.1");
  give(6000);
  load_ma = 200;
  supply.load_changed();
  EXPECT_TRUE(supply.output_on());
  EXPECT_EQ(supply.output_mv(), 3000);
  EXPECT_EQ(ask("MEAS:CURR?"), "+1.00000000E-01");
  load_ma = 50;
  supply.load_changed();
  EXPECT_EQ(supply.output_mv(), 6000);
  load_ma = 200;
  tell("CURR:PROT:STAT ON");
  EXPECT_TRUE(supply.tripped());
}

TEST_F(ScpiSupplyTest, takes_short_and_long_headers_in_any_case) {
  for (const char* query : {"MEASure:VOLTage?", "meas:volt?", ":MEAS:VOLTAGE?"}) {
    EXPECT_EQ(ask(query), "+0.00000000E+00") << query;
  }
  tell("  voltage   1.5E0  \r");
  EXPECT_EQ(ask("VOLT?"), "+1.50000000E+00");
  EXPECT_EQ(error(), "+0,\"No error\"");
}

TEST_F(ScpiSupplyTest, refuses_what_it_does_not_know) {
  const std::pair<const char*, const char*> wrong[] = {
      {"VOLTA 1", "-113,\"Undefined header\""},
      {"VOLT:LEVEL 1", "-113,\"Undefined header\""},
      {"MEAS:POW?", "-113,\"Undefined header\""},
      {"MEAS?", "-113,\"Undefined header\""},
      {"OUTP:PROT:TRIP", "-113,\"Undefined header\""},
      {"?", "-113,\"Undefined header\""},
      {":", "-113,\"Undefined header\""},
      {"hello", "-113,\"Undefined header\""},
      {"VOLT", "-109,\"Missing parameter\""},
      {"OUTP", "-109,\"Missing parameter\""},
      {"VOLT six", "-104,\"Data type error\""},
      {"VOLT 9.91E37", "-104,\"Data type error\""},
      {"VOLT -1", "-222,\"Data out of range\""},
      {"VOLT 15.001", "-222,\"Data out of range\""},
      {"CURR 3.001", "-222,\"Data out of range\""},
      {"OUTP MAYBE", "-224,\"Illegal parameter value\""},
      {"*CLS now", "-108,\"Parameter not allowed\""},
      {"MEAS:VOLT? 1", "-108,\"Parameter not allowed\""},
      {"VOLT\t1", "-101,\"Invalid character\""}};
  for (const auto& [command, answer] : wrong) {
    tell(command);
    EXPECT_EQ(hear(), "") << command;
    EXPECT_EQ(error(), answer) << command;
    EXPECT_EQ(error(), "+0,\"No error\"") << command;
  }
  EXPECT_EQ(ask("VOLT?"), "+0.00000000E+00");
  EXPECT_FALSE(supply.output_on());
}

TEST_F(ScpiSupplyTest, survives_garbage_and_answers_the_next_line) {
  std::string garbage(1000, '\xff');
  for (std::size_t i = 0; i < garbage.size(); ++i) {
    if (i % 50 != 49) garbage[i] = static_cast<char>(i * 37);
  }
  raw(garbage + "\n");
  tell("*CLS");
  hear();
  EXPECT_EQ(error(), "+0,\"No error\"");
}

TEST_F(ScpiSupplyTest, a_full_error_queue_says_so_at_its_end) {
  for (int i = 0; i < 30; ++i) tell("hello");
  for (int i = 0; i < 19; ++i) EXPECT_EQ(error(), "-113,\"Undefined header\"") << i;
  EXPECT_EQ(error(), "-350,\"Queue overflow\"");
  EXPECT_EQ(error(), "+0,\"No error\"");
}

TEST_F(ScpiSupplyTest, reset_puts_everything_back) {
  tell("CURR 0.01");
  give(6000);
  tell("*RST");
  EXPECT_FALSE(supply.tripped());
  EXPECT_EQ(ask("CURR?"), "+3.00000000E+00");
  EXPECT_EQ(ask("VOLT?"), "+0.00000000E+00");
  EXPECT_EQ(ask("CURR:PROT:STAT?"), "1");
}

TEST_F(ScpiSupplyTest, a_pulled_cable_loses_bytes_but_not_the_output) {
  give(6000);
  supply.plug(false);
  EXPECT_EQ(ask("*IDN?"), "");
  tell("OUTP OFF");
  EXPECT_EQ(supply.output_mv(), 6000);
  supply.plug(true);
  EXPECT_EQ(ask("OUTP?"), "1");
}

TEST_F(ScpiSupplyTest, its_own_mains_take_the_output_and_the_settings) {
  give(6000);
  supply.set_mains(false);
  EXPECT_EQ(fed.back(), std::pair(world.now(), 0));
  EXPECT_EQ(ask("*IDN?"), "");
  supply.set_mains(true);
  EXPECT_EQ(ask("OUTP?"), "0");
  EXPECT_EQ(ask("VOLT?"), "+0.00000000E+00");
}

/// A virtual lock fed by it.
class FedLock : public testing::Test {
 protected:
  FedLock() {
    lock.watch_draw([this] { supply.load_changed(); });
    lock.watch_outputs([this](Output output, bool active) {
      if (output == Output::rail) rail.push_back(active ? "up" : "down");
    });
    lock.set_supply(Supply::connected);
  }
  void pass(Duration time) {
    world.run(world.sleep_for(time, "time"), time + 1s, "pass");
  }
  void tell(const std::string& command) {
    const Bytes line = scpi::to_line(command);
    world.run(supply.line().write(line), 10s, "tell");
    pass(1s);
  }

  World world{1};
  LockModel model = test_model(Strategy::swap_move);
  Unit unit{"VL-1", "2580", "70418263"};
  SimNetwork network{world};
  LockBoard lock{world,   model,
                 unit,    Defects(std::vector<std::string>{}),
                 network, *factory_fresh(model, unit, test_image(model, 1))};
  ScpiSupply supply{world, [this] { return lock.draw_ma(); },
                    [this](int mv) { lock.set_feed_mv(mv); }};
  std::vector<std::string> rail;
};

TEST_F(FedLock, runs_from_the_instrument_alone) {
  pass(1s);
  EXPECT_THAT(rail, IsEmpty());
  tell("VOLT 6");
  tell("OUTP ON");
  EXPECT_THAT(rail, ElementsAre("up"));
  EXPECT_EQ(lock.draw_ma(), 20);
  tell("OUTP OFF");
  EXPECT_THAT(rail, ElementsAre("up", "down"));
  EXPECT_EQ(lock.draw_ma(), 0);
}

TEST_F(FedLock, dies_below_its_brown_out_and_loses_the_rail_below_reset) {
  tell("VOLT 3.5");
  tell("OUTP ON");
  EXPECT_EQ(lock.draw_ma(), 20);
  tell("VOLT 3.499");
  EXPECT_EQ(lock.draw_ma(), 1) << "dead, but not below power-on reset";
  EXPECT_THAT(rail, ElementsAre("up"));
  tell("VOLT 0.599");
  EXPECT_THAT(rail, ElementsAre("up", "down"));
  tell("VOLT 2");
  EXPECT_EQ(lock.draw_ma(), 1);
  tell("VOLT 4");
  EXPECT_EQ(lock.draw_ma(), 20);
  EXPECT_THAT(rail, ElementsAre("up", "down", "up"));
}

TEST_F(FedLock, a_limit_below_its_draw_trips_when_it_boots) {
  tell("CURR 0.019");
  tell("VOLT 6");
  tell("OUTP ON");
  EXPECT_TRUE(supply.tripped());
  EXPECT_THAT(rail, ElementsAre("up", "down"));
}

TEST_F(FedLock, folded_back_below_brown_out_it_boots_over_and_over) {
  tell("CURR:PROT:STAT OFF");
  tell("CURR 0.010");
  tell("VOLT 6");
  tell("OUTP ON");
  const std::uint64_t before = lock.durable()->power_ups;
  pass(100ms);
  EXPECT_GT(lock.durable()->power_ups, before + 2);
  EXPECT_FALSE(supply.tripped());
}

TEST_F(FedLock, an_open_switch_draws_nothing) {
  tell("VOLT 6");
  tell("OUTP ON");
  lock.set_supply(Supply::open);
  EXPECT_EQ(lock.draw_ma(), 0);
  lock.set_supply(Supply::dipped);
  EXPECT_EQ(lock.draw_ma(), 0) << "another rail's";
}

}  // namespace
}  // namespace lockrig::twin
