#include "rig/twin/harness.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace lockrig::twin {
namespace {

using mpsse::Wiring;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Remembers what its wires did.
class FakeBoard final : public Board {
 public:
  explicit FakeBoard(World& world)
      : to_rig_(std::make_shared<Pipe>(world, 1us, 0us)),
        to_board_(std::make_shared<Pipe>(world, 1us, 0us)),
        rig_end_(to_rig_, to_board_),
        board_end_(to_board_, to_rig_) {}

  void set_supply(Supply s) override { supply = s; }
  void set_contact(int contact, bool closed) override {
    contacts.push_back((closed ? "+" : "-") + std::to_string(contact));
  }
  void set_console_isolated(bool isolated) override { console_isolated = isolated; }
  bool output(Output o) const override { return outputs_[static_cast<std::size_t>(o)]; }
  void watch_outputs(std::function<void(Output, bool)> f) override {
    watch_ = std::move(f);
  }
  ByteStream& console() override { return rig_end_; }
  FlashProbe* flash_probe() override { return nullptr; }

  void show(Output o, bool active) {
    outputs_[static_cast<std::size_t>(o)] = active;
    if (watch_) watch_(o, active);
  }
  ByteStream& uart() { return board_end_; }

  Supply supply = Supply::connected;
  bool console_isolated = false;
  std::vector<std::string> contacts;

 private:
  std::array<bool, kOutputs> outputs_{};
  std::function<void(Output, bool)> watch_;
  std::shared_ptr<Pipe> to_rig_;
  std::shared_ptr<Pipe> to_board_;
  PipeEnd rig_end_;
  PipeEnd board_end_;
};

Task<std::string> read_line(ByteStream& stream, Instant until) {
  std::string all;
  std::uint8_t buffer[64];
  for (;;) {
    const ReadResult read = co_await stream.read_some(buffer, until);
    if (read.status != StreamStatus::ok) co_return all;
    all.append(buffer, buffer + read.count);
  }
}

/// A station of either model; the lines are set through the chip as a station would.
struct Bench {
  explicit Bench(const std::string& model)
      : wiring(mpsse::load_wiring(LOCKRIG_ROOT "/fixtures/boards/" + model +
                                  "/wiring.csv")),
        pins(wiring.idle_pins()),
        board(world),
        chip(world),
        harness(world, chip, board, wiring) {}

  void mpsse() {
    world.run(chip.set_bit_mode(BitMode::mpsse), 1s, "mode");
    write();
  }
  void reset() { world.run(chip.set_bit_mode(BitMode::reset), 1s, "mode"); }
  void write() {
    Bytes commands;
    mpsse::append_set_low(commands, pins);
    mpsse::append_set_high(commands, pins);
    world.run(chip.write(commands), 1s, "write");
  }
  void set(const char* line, bool active) {
    pins.value = Wiring::with(pins.value, wiring.at(line), active);
    write();
  }
  void pulse(const char* line) {
    set(line, true);
    set(line, false);
  }
  void load(int switches) {
    for (int i = 15; i >= 0; --i) {
      set("keypad_data", (switches >> i & 1) != 0);
      pulse("keypad_clock");
    }
    pulse("keypad_latch");
  }
  std::uint16_t read() {
    Bytes commands;
    mpsse::append_sample(commands);
    world.run(chip.write(commands), 1s, "write");
    std::uint8_t answer[2];
    EXPECT_EQ(world.run(chip.read_some(answer, kNever), 1s, "read").count, 2u);
    return static_cast<std::uint16_t>(answer[0] | answer[1] << 8);
  }
  bool reads(const char* line) { return Wiring::active(read(), wiring.at(line)); }
  std::string hear(ByteStream& stream, Duration time) {
    return world.run(read_line(stream, world.now() + time), time + 1s, "hear");
  }
  void say(ByteStream& stream, const std::string& text) {
    const Bytes bytes(text.begin(), text.end());
    world.run(stream.write(bytes), 1s, "say");
  }

  World world{1};
  Wiring wiring;
  mpsse::Pins pins;
  FakeBoard board;
  Ft2232h chip;
  Harness harness;
};

class BothModels : public testing::TestWithParam<const char*> {
 protected:
  Bench bench{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Models, BothModels, testing::Values("6000i", "7000i"));

TEST_P(BothModels, a_chip_at_power_up_leaves_the_board_off_and_isolated) {
  EXPECT_EQ(bench.board.supply, Supply::open);
  EXPECT_TRUE(bench.board.console_isolated);
  EXPECT_THAT(bench.board.contacts, IsEmpty());
}

TEST_P(BothModels, idle_pins_keep_it_off_and_join_the_console) {
  bench.mpsse();
  EXPECT_EQ(bench.board.supply, Supply::open);
  EXPECT_FALSE(bench.board.console_isolated);
  EXPECT_THAT(bench.board.contacts, IsEmpty());
}

TEST_P(BothModels, power_and_discharge_make_the_supply) {
  bench.mpsse();
  bench.set("power", true);
  EXPECT_EQ(bench.board.supply, Supply::connected);
  bench.set("discharge", true);
  EXPECT_EQ(bench.board.supply, Supply::connected);
  bench.set("power", false);
  EXPECT_EQ(bench.board.supply, Supply::discharged);
  bench.set("discharge", false);
  EXPECT_EQ(bench.board.supply, Supply::open);
}

TEST_P(BothModels, reset_and_close_make_it_safe) {
  bench.mpsse();
  bench.set("power", true);
  bench.reset();
  EXPECT_EQ(bench.board.supply, Supply::open);
  EXPECT_TRUE(bench.board.console_isolated);
  bench.mpsse();
  EXPECT_EQ(bench.board.supply, Supply::connected);
  bench.chip.close();
  EXPECT_EQ(bench.board.supply, Supply::open);
}

TEST_P(BothModels, shows_every_sensor_with_its_polarity) {
  bench.mpsse();
  const std::pair<const char*, Output> sensors[] = {
      {"rail", Output::rail},
      {"bolt_extended", Output::bolt_extended},
      {"bolt_retracted", Output::bolt_retracted},
      {"led_red", Output::led_red},
      {"led_green", Output::led_green},
      {"beeper", Output::beeper},
      {"busy", Output::busy}};
  for (const auto& [line, output] : sensors) {
    EXPECT_FALSE(bench.reads(line)) << line;
    const std::uint16_t before = bench.read();
    bench.board.show(output, true);
    EXPECT_TRUE(bench.reads(line)) << line;
    EXPECT_EQ(bench.read() ^ before, bench.wiring.at(line).mask()) << line;
    bench.board.show(output, false);
    EXPECT_EQ(bench.read(), before) << line;
  }
}

TEST_P(BothModels, a_pulled_sensor_wire_reads_inactive) {
  bench.mpsse();
  for (const auto& [line, output] : {std::pair("bolt_extended", Output::bolt_extended),
                                     std::pair("rail", Output::rail)}) {
    bench.board.show(output, true);
    bench.harness.unplug(line);
    EXPECT_FALSE(bench.reads(line));
    bench.board.show(output, false);
    bench.board.show(output, true);
    EXPECT_FALSE(bench.reads(line));
    bench.harness.replug(line);
    EXPECT_TRUE(bench.reads(line));
  }
}

TEST_P(BothModels, a_pulled_output_wire_is_at_its_pull) {
  bench.mpsse();
  bench.set("power", true);
  bench.harness.unplug("power");
  EXPECT_EQ(bench.board.supply, Supply::open);
  bench.harness.replug("power");
  EXPECT_EQ(bench.board.supply, Supply::connected);
  bench.harness.unplug("isolate");
  EXPECT_TRUE(bench.board.console_isolated);
}

TEST_P(BothModels, pins_that_are_inputs_read_the_safe_pulls) {
  bench.pins.direction = 0;
  bench.mpsse();
  for (const mpsse::Line& line : bench.wiring.lines()) {
    if (!line.output) continue;
    EXPECT_EQ(bench.reads(line.name.c_str()), line.name == "isolate") << line.name;
  }
  bench.harness.unplug("power");  // no pull but the chip's own
  EXPECT_TRUE(bench.reads("power"));
  bench.harness.replug("power");
  EXPECT_FALSE(bench.reads("power"));
}

TEST_P(BothModels, an_unknown_wire_lists_those_there_are) {
  for (const auto& pull : {&Harness::unplug, &Harness::replug}) {
    try {
      (bench.harness.*pull)("bolt");
      FAIL() << "accepted";
    } catch (const std::invalid_argument& mistake) {
      EXPECT_THAT(mistake.what(), HasSubstr("\"bolt\""));
      EXPECT_THAT(mistake.what(), HasSubstr("bolt_extended, "));
      EXPECT_THAT(mistake.what(), HasSubstr(", console"));
    }
  }
}

TEST_P(BothModels, an_output_on_a_sensor_wire_is_refused) {
  bench.pins.direction |= bench.wiring.at("rail").mask();
  EXPECT_THROW(bench.mpsse(), std::logic_error);
}

TEST_P(BothModels, the_console_passes_bytes_both_ways) {
  bench.say(bench.harness.console(), "echo");
  EXPECT_EQ(bench.hear(bench.board.uart(), 1ms), "echo");
  bench.say(bench.board.uart(), "boot");
  EXPECT_EQ(bench.hear(bench.harness.console(), 1ms), "boot");
}

TEST_P(BothModels, an_unplugged_console_loses_bytes_both_ways) {
  bench.harness.unplug("console");
  bench.say(bench.harness.console(), "lost");
  bench.say(bench.board.uart(), "gone");
  EXPECT_EQ(bench.hear(bench.harness.console(), 1ms), "");
  bench.say(bench.board.uart(), "gone too");
  bench.harness.replug("console");
  bench.say(bench.board.uart(), "here");
  EXPECT_EQ(bench.hear(bench.harness.console(), 1ms), "here");
  EXPECT_EQ(bench.hear(bench.board.uart(), 1ms), "");
}

TEST_P(BothModels, a_reader_that_waits_through_an_unplugging_hears_the_rest) {
  Life board_life(bench.world, "board");
  const Bytes one = {'1'}, two = {'2'}, three = {'3'};
  board_life.spawn(
      [](Bench& b, const Bytes& x, const Bytes& y, const Bytes& z) -> Task<void> {
        co_await b.board.uart().write(x);
        co_await b.world.sleep_until(Instant(1ms), "a");
        b.harness.unplug("console");
        co_await b.board.uart().write(y);
        co_await b.world.sleep_until(Instant(2ms), "b");
        b.harness.replug("console");
        co_await b.board.uart().write(z);
      }(bench, one, two, three));
  EXPECT_EQ(bench.hear(bench.harness.console(), 5ms), "13");
}

TEST_P(BothModels, without_an_isolator_that_isolates_the_board_is_fed_on) {
  bench.mpsse();
  bench.set("power", true);
  bench.set("isolate", true);
  EXPECT_TRUE(bench.board.console_isolated);
  bench.harness.set_fault("back_powered");
  EXPECT_FALSE(bench.board.console_isolated);
  bench.set("isolate", false);
  bench.set("isolate", true);
  bench.set("power", false);
  EXPECT_EQ(bench.board.supply, Supply::open);
  EXPECT_FALSE(bench.board.console_isolated);
  bench.reset();
  EXPECT_FALSE(bench.board.console_isolated);
}

TEST_P(BothModels, a_wire_that_is_shorted_does_not_follow_the_chip) {
  bench.mpsse();
  bench.harness.set_fault("shorted_low:power");
  bench.set("power", true);
  EXPECT_EQ(bench.board.supply, Supply::open);
  const std::uint16_t power = bench.wiring.at("power").mask();
  EXPECT_EQ(bench.chip.pins() & power, 0);
  EXPECT_EQ(bench.chip.levels() & power, power) << "it drives it all the same";
  bench.set("power", false);
  bench.harness.set_fault("shorted_high:discharge");
  EXPECT_EQ(bench.board.supply, Supply::discharged);
}

TEST_P(BothModels, an_unknown_fault_of_the_station_is_refused) {
  for (const char* fault : {"backpowered", "shorted_high:rail", "shorted_low:none"}) {
    EXPECT_THROW(bench.harness.set_fault(fault), std::invalid_argument) << fault;
  }
}

TEST_P(BothModels, other_wires_are_pulled_by_their_name) {
  std::vector<bool> in;
  bench.harness.add_wire("supply", [&](bool plugged) { in.push_back(plugged); });
  bench.harness.unplug("supply");
  bench.harness.replug("supply");
  EXPECT_THAT(in, ElementsAre(false, true));
  for (const char* taken : {"supply", "console", "rail"}) {
    EXPECT_THROW(bench.harness.add_wire(taken, {}), std::invalid_argument) << taken;
  }
  try {
    bench.harness.unplug("supplies");
    FAIL() << "accepted";
  } catch (const std::invalid_argument& mistake) {
    EXPECT_THAT(mistake.what(), HasSubstr("supply, console"));
  }
}

TEST(Harness6000i, the_dip_line_chooses_the_rail_behind_the_power_switch) {
  Bench bench("6000i");
  bench.mpsse();
  bench.set("dip", true);
  EXPECT_EQ(bench.board.supply, Supply::open);
  bench.set("power", true);
  EXPECT_EQ(bench.board.supply, Supply::dipped);
  bench.set("dip", false);
  EXPECT_EQ(bench.board.supply, Supply::connected);
  bench.set("dip", true);
  bench.harness.unplug("dip");
  EXPECT_EQ(bench.board.supply, Supply::connected) << "its pull is to the battery";
  bench.harness.replug("dip");
  bench.set("discharge", true);
  bench.set("power", false);
  EXPECT_EQ(bench.board.supply, Supply::discharged);
  bench.set("power", true);
  EXPECT_EQ(bench.board.supply, Supply::dipped);
  bench.reset();
  EXPECT_EQ(bench.board.supply, Supply::open);
}

TEST(Harness6000i, keys_are_pressed_through_the_shift_register) {
  Bench bench("6000i");
  bench.mpsse();
  bench.load(1 << 4 | 1 << 10);
  EXPECT_THAT(bench.board.contacts, IsEmpty());
  bench.set("keypad_enable", true);
  EXPECT_THAT(bench.board.contacts, ElementsAre("+4", "+10"));
  bench.set("keypad_enable", false);
  EXPECT_THAT(bench.board.contacts, ElementsAre("+4", "+10", "-4", "-10"));
}

TEST(Harness6000i, enabling_before_loading_presses_something) {
  Bench bench("6000i");
  bench.mpsse();
  bench.set("keypad_enable", true);
  EXPECT_FALSE(bench.board.contacts.empty());
}

TEST(Harness6000i, keys_open_when_the_chip_lets_go) {
  Bench bench("6000i");
  bench.mpsse();
  bench.load(1);
  bench.set("keypad_enable", true);
  bench.reset();
  EXPECT_THAT(bench.board.contacts, ElementsAre("+0", "-0"));
}

TEST(Harness6000i, keys_open_when_the_enable_wire_is_pulled) {
  Bench bench("6000i");
  bench.mpsse();
  bench.load(1);
  bench.set("keypad_enable", true);
  bench.harness.unplug("keypad_enable");
  EXPECT_THAT(bench.board.contacts, ElementsAre("+0", "-0"));
}

TEST(Harness6000i, the_isolator_takes_the_keys_off_the_board) {
  Bench bench("6000i");
  bench.mpsse();
  bench.load(1 << 3);
  bench.set("isolate", true);
  bench.set("keypad_enable", true);
  EXPECT_THAT(bench.board.contacts, IsEmpty());
  bench.set("isolate", false);
  bench.set("isolate", true);
  EXPECT_THAT(bench.board.contacts, ElementsAre("+3", "-3"));
}

TEST(Harness7000i, keys_are_pressed_through_the_multiplexer) {
  Bench bench("7000i");
  bench.mpsse();
  bench.set("key_a0", true);
  bench.set("key_a3", true);
  EXPECT_THAT(bench.board.contacts, IsEmpty());
  bench.set("key_strobe", true);
  EXPECT_THAT(bench.board.contacts, ElementsAre("+9"));
  bench.set("key_a1", true);
  EXPECT_THAT(bench.board.contacts, ElementsAre("+9", "-9", "+11"));
  bench.reset();
  EXPECT_THAT(bench.board.contacts, ElementsAre("+9", "-9", "+11", "-11"));
}

}  // namespace
}  // namespace lockrig::twin
