#include "rig/station/supply.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "rig/core/error.hpp"

namespace lockrig::station {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Duration kBytePeriod = 1041667ns;  // 9600 baud, 8N1
const SupplyConfig kConfig{.max_mv = 7000, .max_ma = 1500, .protection = {}};

/// Answers as it is told to, by what it was asked; keeps an error queue.
class FakeInstrument {
 public:
  explicit FakeInstrument(World& world)
      : world_(world),
        to_rig(std::make_shared<Pipe>(world, kBytePeriod, 0ns)),
        to_instrument(std::make_shared<Pipe>(world, kBytePeriod, 0ns)),
        rig_end(to_rig, to_instrument),
        end_(to_instrument, to_rig),
        life_(world, "instrument") {
    life_.spawn(serve());
  }

 private:
  World& world_;

 public:
  std::map<std::string, std::string> answers = {{"*IDN?", "MAKER,PS-1,7,1.0"},
                                                {"MEAS:VOLT?", "+5.99900000E+00"},
                                                {"MEAS:CURR?", "+2.10000000E-02"},
                                                {"OUTP:PROT:TRIP?", "0"}};
  /// By command: what it leaves in the error queue instead of being done.
  std::map<std::string, std::string> refused;
  std::vector<std::string> errors;
  std::vector<std::string> heard;
  std::vector<Instant> heard_at;
  int lives_for = 1'000'000;  // commands
  bool breaks_line = false;   // and does not just fall silent
  std::string trips_at;       // a command that over-current follows
  std::shared_ptr<Pipe> to_rig, to_instrument;
  PipeEnd rig_end;

  Instant when(const std::string& command) const {
    const auto found = std::find(heard.begin(), heard.end(), command);
    EXPECT_NE(found, heard.end()) << command;
    return heard_at[static_cast<std::size_t>(found - heard.begin())];
  }

 private:
  Task<void> serve() {
    std::string line;
    for (;;) {
      std::uint8_t byte[1];
      const ReadResult read = co_await end_.read_some(byte, kNever);
      if (read.status != StreamStatus::ok) co_return;
      if (byte[0] != '\n') {
        line += static_cast<char>(byte[0]);
        continue;
      }
      const std::string answer = obey(line);
      line.clear();
      const Bytes bytes(answer.begin(), answer.end());
      if (!bytes.empty()) co_await end_.write(bytes);
    }
  }

  std::string obey(const std::string& command) {
    if (lives_for-- <= 0) {
      if (breaks_line) {
        to_rig->fail();
        to_instrument->fail();
      }
      return {};
    }
    heard.push_back(command);
    heard_at.push_back(world_.now());
    if (const auto bad = refused.find(command); bad != refused.end()) {
      errors.push_back(bad->second);
      return {};
    }
    if (command == trips_at) answers["OUTP:PROT:TRIP?"] = "1";
    if (command == "*CLS") errors.clear();
    if (const auto found = answers.find(command); found != answers.end()) {
      return found->second + "\r\n";
    }
    if (command != "SYST:ERR?") return {};
    if (errors.empty()) return "+0,\"No error\"\r\n";
    const std::string first = errors.front();
    errors.erase(errors.begin());
    return first + "\r\n";
  }

  PipeEnd end_;
  Life life_;
};

class SupplyTest : public testing::Test {
 protected:
  SupplyTest() { world.trace().keep_events(); }

  template <typename T>
  T run(Task<T> task) {
    return world.run(std::move(task), 1h, "test");
  }
  void run(Task<void> task) { world.run(std::move(task), 1h, "test"); }

  void identify() {
    run(supply.identify());
    instrument.heard.clear();
    instrument.heard_at.clear();
  }
  template <typename T>
  std::string error_of(Task<T> task) {
    try {
      run(std::move(task));
    } catch (const RigError& e) {
      EXPECT_EQ(e.station(), "A1");
      EXPECT_EQ(e.device(), "supply");
      return e.what();
    }
    return "no error";
  }
  std::vector<std::string> notes() {
    std::vector<std::string> all;
    for (const Trace::Event& event : world.trace().events()) {
      EXPECT_EQ(event.kind, Trace::Kind::note);
      EXPECT_EQ(world.trace().channels()[event.channel], "A1/supply");
      all.push_back(event.data);
    }
    return all;
  }

  World world{1};
  FakeInstrument instrument{world};
  Supply supply{world, instrument.rig_end, "A1", kConfig};
};

TEST_F(SupplyTest, identifies_itself_and_turns_its_protection_on) {
  instrument.errors = {"-410,\"of yesterday\"", "-410,\"and before\""};
  EXPECT_EQ(run(supply.identify()), (scpi::Identity{"MAKER", "PS-1", "7", "1.0"}));
  EXPECT_THAT(instrument.heard, ElementsAre("*CLS", "SYST:ERR?", "*IDN?", "SYST:ERR?",
                                            "CURR:PROT:STAT ON", "SYST:ERR?"));
  EXPECT_THAT(notes(), ElementsAre("MAKER PS-1"));
}

TEST_F(SupplyTest, open_makes_it_a_full_battery) {
  run(supply.open());
  EXPECT_THAT(
      std::vector<std::string>(instrument.heard.begin() + 6, instrument.heard.end()),
      ElementsAre("VOLT 6.000", "SYST:ERR?", "CURR 1.500", "SYST:ERR?", "OUTP:PROT:CLE",
                  "SYST:ERR?", "OUTP ON", "SYST:ERR?"));
  EXPECT_THAT(notes(), ElementsAre("MAKER PS-1", "6000 mV", "at most 1500 mA",
                                   "trip cleared", "output on"));
}

TEST_F(SupplyTest, every_command_is_followed_by_the_question_for_errors) {
  identify();
  run(supply.set_voltage(4250));
  run(supply.set_current_limit(800));
  run(supply.output(true));
  run(supply.output(false));
  run(supply.clear_trip());
  EXPECT_THAT(
      instrument.heard,
      ElementsAre("VOLT 4.250", "SYST:ERR?", "CURR 0.800", "SYST:ERR?", "OUTP ON",
                  "SYST:ERR?", "OUTP OFF", "SYST:ERR?", "OUTP:PROT:CLE", "SYST:ERR?"));
}

TEST_F(SupplyTest, measures_in_thousandths) {
  identify();
  const Supply::Measured measured = run(supply.measure());
  EXPECT_EQ(measured.mv, 5999);
  EXPECT_EQ(measured.ma, 21);
}

TEST_F(SupplyTest, a_request_beyond_the_limits_never_reaches_the_instrument) {
  identify();
  EXPECT_THROW(run(supply.set_voltage(7001)), std::invalid_argument);
  EXPECT_THROW(run(supply.set_voltage(-1)), std::invalid_argument);
  EXPECT_THROW(run(supply.set_current_limit(1501)), std::invalid_argument);
  EXPECT_THROW(run(supply.set_current_limit(-1)), std::invalid_argument);
  EXPECT_THROW(run(supply.ramp(6000, 7001, 10s, 10)), std::invalid_argument);
  EXPECT_THROW(run(supply.ramp(-1, 6000, 10s, 10)), std::invalid_argument);
  EXPECT_THROW(run(supply.ramp(6000, 4000, 10s, 0)), std::invalid_argument);
  EXPECT_THROW(run(supply.ramp(6000, 4000, 999ms, 10)), std::invalid_argument);
  EXPECT_THAT(instrument.heard, IsEmpty());
  run(supply.set_voltage(7000));
  run(supply.set_current_limit(1500));
  EXPECT_EQ(instrument.heard.size(), 4u);
}

TEST_F(SupplyTest, nothing_is_done_with_an_instrument_that_is_not_identified) {
  EXPECT_THROW(run(supply.set_voltage(6000)), std::invalid_argument);
  EXPECT_THROW(run(supply.set_current_limit(100)), std::invalid_argument);
  EXPECT_THROW(run(supply.output(true)), std::invalid_argument);
  EXPECT_THROW(run(supply.measure()), std::invalid_argument);
  EXPECT_THROW(run(supply.tripped()), std::invalid_argument);
  EXPECT_THROW(run(supply.clear_trip()), std::invalid_argument);
  EXPECT_THROW(run(supply.ramp(6000, 4000, 10s, 10)), std::invalid_argument);
  EXPECT_THAT(instrument.heard, IsEmpty());
}

TEST_F(SupplyTest, a_configuration_that_cannot_work_is_refused) {
  const auto with = [&](auto change) {
    SupplyConfig config = kConfig;
    change(config);
    const Supply it(world, instrument.rig_end, "A1", config);
  };
  EXPECT_NO_THROW(with([](SupplyConfig&) {}));
  EXPECT_THROW(with([](SupplyConfig& c) { c.max_mv = 5999; }), std::invalid_argument);
  EXPECT_THROW(with([](SupplyConfig& c) { c.max_ma = 0; }), std::invalid_argument);
  EXPECT_THROW(with([](SupplyConfig& c) { c.protection.clear = "A\nB"; }),
               std::invalid_argument);
  EXPECT_THROW(with([](SupplyConfig& c) { c.protection.tripped = ""; }),
               std::invalid_argument);
}

TEST_F(SupplyTest, a_refusal_says_what_was_refused_and_why) {
  identify();
  instrument.refused["VOLT 6.500"] = "-222,\"Data out of range\"";
  EXPECT_THAT(error_of(supply.set_voltage(6500)),
              AllOf(HasSubstr("station A1, supply: it refused \"VOLT 6.500\""),
                    HasSubstr("-222, \"Data out of range\""), HasSubstr("check")));
}

TEST_F(SupplyTest, the_next_command_is_not_blamed_for_the_last) {
  identify();
  instrument.refused["VOLT 6.500"] = "-222,\"Data out of range\"";
  instrument.errors = {"521,\"fan\""};
  EXPECT_THAT(error_of(supply.set_voltage(6500)), HasSubstr("521, \"fan\""));
  EXPECT_EQ(error_of(supply.set_current_limit(100)), "no error");
}

TEST_F(SupplyTest, a_query_that_is_unknown_there_is_a_refusal_not_silence) {
  identify();
  instrument.refused["OUTP:PROT:TRIP?"] = "-113,\"Undefined header\"";
  EXPECT_THAT(error_of(supply.tripped()),
              HasSubstr("it refused \"OUTP:PROT:TRIP?\": -113, \"Undefined header\""));
}

TEST_F(SupplyTest, malformed_answers_are_quoted) {
  identify();
  const auto answers = [&](const char* query, const char* answer) {
    instrument.answers[query] = answer;
  };
  for (const char* bad : {"6V", "9.91E37", "-9.9E37", "nan", "1E300"}) {
    answers("MEAS:VOLT?", bad);
    EXPECT_THAT(error_of(supply.measure()), HasSubstr(std::string("it answered \"") +
                                                      bad + "\" to \"MEAS:VOLT?\""));
  }
  answers("MEAS:VOLT?", "6.0");
  answers("MEAS:CURR?", "9.91E37");
  EXPECT_THAT(error_of(supply.measure()), HasSubstr("to \"MEAS:CURR?\""));
  answers("OUTP:PROT:TRIP?", "OCP");
  EXPECT_THAT(error_of(supply.tripped()), HasSubstr("it answered \"OCP\""));
  answers("*IDN?", "who");
  EXPECT_THAT(error_of(supply.identify()), HasSubstr("it answered \"who\""));
  answers("SYST:ERR?", "fine");
  EXPECT_THAT(error_of(supply.set_voltage(1)),
              HasSubstr("it answered \"fine\" to \"SYST:ERR?\", after \"VOLT 0.001\""));
}

TEST_F(SupplyTest, bytes_that_are_no_text_are_garbage) {
  identify();
  instrument.answers["MEAS:VOLT?"] = "5\xff";
  EXPECT_THAT(error_of(supply.measure()), HasSubstr("garbage: \"5?\""));
  instrument.answers["MEAS:VOLT?"] = std::string(300, '5');
  EXPECT_THAT(error_of(supply.measure()), HasSubstr("garbage: \"555"));
}

TEST_F(SupplyTest, empty_lines_and_late_answers_are_no_answers) {
  identify();
  instrument.answers["MEAS:VOLT?"] = "\r\n\r\n5.5";
  EXPECT_EQ(run(supply.measure()).mv, 5500);
  const Bytes stale = {'7', '\n', '8'};
  run(instrument.to_rig->write(stale));
  EXPECT_EQ(run(supply.measure()).mv, 5500);
}

TEST_F(SupplyTest, a_line_that_never_ends_ends_the_call) {
  identify();
  Life noise(world, "noise");
  noise.spawn([](World& w, FakeInstrument& from) -> Task<void> {
    const Bytes one = {'x'};
    for (;;) {
      co_await from.to_rig->write(one);
      if (w.now() > Instant(1h)) co_return;
    }
  }(world, instrument));
  const Instant begun = world.now();
  EXPECT_NE(error_of(supply.tripped()), "no error");
  EXPECT_LT(world.now() - begun, 2 * Supply::kAnswerLimit + 1s);
}

/// Everything that a supply can be asked for.
std::map<std::string, std::function<Task<void>(Supply&)>> calls() {
  return {
      {"identify", [](Supply& s) -> Task<void> { co_await s.identify(); }},
      {"open", [](Supply& s) -> Task<void> { co_await s.open(); }},
      {"voltage", [](Supply& s) { return s.set_voltage(5000); }},
      {"current", [](Supply& s) { return s.set_current_limit(500); }},
      {"output", [](Supply& s) { return s.output(true); }},
      {"measure", [](Supply& s) -> Task<void> { co_await s.measure(); }},
      {"tripped", [](Supply& s) -> Task<void> { co_await s.tripped(); }},
      {"clear", [](Supply& s) { return s.clear_trip(); }},
      {"ramp", [](Supply& s) -> Task<void> { co_await s.ramp(6000, 5000, 1s, 2); }}};
}

TEST_F(SupplyTest, an_instrument_that_dies_at_any_step_is_named) {
  identify();
  for (const bool breaks : {false, true}) {
    for (const auto& [name, call] : calls()) {
      instrument.heard.clear();
      run(call(supply));
      const int commands = static_cast<int>(instrument.heard.size());
      ASSERT_GT(commands, 0) << name;
      for (int step = 0; step < commands; ++step) {
        World world2(1);
        FakeInstrument dying(world2);
        Supply victim(world2, dying.rig_end, "A1", kConfig);
        world2.run(calls().at("identify")(victim), 1h, "identify");
        dying.lives_for = step;
        dying.breaks_line = breaks;
        const Instant begun = world2.now();
        try {
          world2.run(call(victim), 1h, "call");
          ADD_FAILURE() << name << " succeeded without its command " << step;
        } catch (const RigError& e) {
          EXPECT_THAT(e.what(), HasSubstr("station A1, supply: "));
          EXPECT_THAT(e.what(), HasSubstr(breaks ? "failed" : "no answer")) << name;
        }
        EXPECT_LT(world2.now() - begun, 2 * Supply::kAnswerLimit + 2s) << name;
      }
    }
  }
}

TEST_F(SupplyTest, a_trip_is_a_value_and_is_noted_once) {
  identify();
  EXPECT_FALSE(run(supply.tripped()));
  instrument.answers["OUTP:PROT:TRIP?"] = "1";
  EXPECT_TRUE(run(supply.tripped()));
  EXPECT_TRUE(run(supply.tripped()));
  EXPECT_THAT(notes(), ElementsAre("MAKER PS-1", "tripped: over-current"));
  run(supply.clear_trip());
  EXPECT_TRUE(run(supply.tripped())) << "it trips again at once";
  EXPECT_THAT(notes(), ElementsAre("MAKER PS-1", "tripped: over-current",
                                   "trip cleared", "tripped: over-current"));
}

TEST_F(SupplyTest, a_ramp_sets_equal_steps_at_equal_times) {
  identify();
  const Instant start = world.now();
  const Supply::Ramp ramp = run(supply.ramp(6000, 3000, 10s, 4));
  EXPECT_EQ(ramp.reached_mv, 3000);
  EXPECT_FALSE(ramp.tripped);
  EXPECT_EQ(ramp.late, 0ns);
  const Duration sent = 11 * kBytePeriod;
  EXPECT_EQ(instrument.when("VOLT 6.000"), start + sent);
  EXPECT_EQ(instrument.when("VOLT 5.250"), start + 2500ms + sent);
  EXPECT_EQ(instrument.when("VOLT 4.500"), start + 5s + sent);
  EXPECT_EQ(instrument.when("VOLT 3.750"), start + 7500ms + sent);
  EXPECT_EQ(instrument.when("VOLT 3.000"), start + 10s + sent);
  EXPECT_LT(world.now(), start + 10s + Supply::kShortestStep);
  EXPECT_THAT(notes(), ElementsAre("MAKER PS-1", "6000 mV", "5250 mV", "4500 mV",
                                   "3750 mV", "3000 mV"));
}

TEST_F(SupplyTest, the_shortest_steps_are_kept_at_9600_baud) {
  identify();
  const Supply::Ramp ramp = run(supply.ramp(3000, 6001, 1s, 10));
  EXPECT_EQ(ramp.reached_mv, 6001);
  EXPECT_EQ(ramp.late, 0ns);
  instrument.when("VOLT 3.300");
  instrument.when("VOLT 5.700");
}

TEST_F(SupplyTest, a_ramp_says_how_late_it_was) {
  identify();
  instrument.to_rig->set_byte_period(10 * kBytePeriod);
  const Supply::Ramp ramp = run(supply.ramp(6000, 5000, 1s, 10));
  EXPECT_EQ(ramp.reached_mv, 5000);
  EXPECT_GT(ramp.late, 1s);
}

TEST_F(SupplyTest, a_trip_ends_a_ramp_where_it_was_seen) {
  identify();
  instrument.trips_at = "VOLT 4.500";
  const Supply::Ramp ramp = run(supply.ramp(6000, 3000, 10s, 4));
  EXPECT_TRUE(ramp.tripped);
  EXPECT_EQ(ramp.reached_mv, 4500);
  EXPECT_THAT(notes(), ElementsAre("MAKER PS-1", "6000 mV", "5250 mV", "4500 mV",
                                   "tripped: over-current"));
}

TEST_F(SupplyTest, others_take_their_turn_between_the_steps_of_a_ramp) {
  identify();
  Life ramping(world, "ramp");
  bool done = false;
  ramping.spawn([](Supply& s, bool& ended) -> Task<void> {
    co_await s.ramp(6000, 5000, 1s, 10);
    ended = true;
  }(supply, done));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(run(supply.measure()).mv, 5999);
  EXPECT_FALSE(done);
  run(world.sleep_for(3s, "the ramp"));
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace lockrig::station
