#include "rig/station/power.hpp"

#include "tests/station/rig.hpp"

namespace lockrig::station {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Power, on_connects_the_console_only_once_the_rail_is_up) {
  Rig rig("6000i");
  rig.run(rig.station.power.off(Power::Style::hard));
  EXPECT_TRUE(rig.chip.commanded("isolate"));
  rig.run(rig.station.power.on());
  EXPECT_TRUE(rig.station.power.rail_up());
  EXPECT_TRUE(rig.station.power.commanded_on());
  const Instant power = rig.chip.times("power", true).back();
  const Instant connected = rig.chip.times("isolate", false).back();
  EXPECT_GE(connected, power + *rig.chip.rail_delay);
  EXPECT_LE(connected, power + *rig.chip.rail_delay + 3 * Gpio::kAttentiveChunk);
  EXPECT_LT(rig.chip.times("discharge", false).back(), power);
  EXPECT_TRUE(rig.station.console->live());
}

TEST(Power, on_without_a_rail_names_the_sense_and_the_supply) {
  Rig rig("7000i");
  rig.chip.rail_delay.reset();
  const Instant begun = rig.world.now();
  try {
    rig.run(rig.station.power.on());
    FAIL() << "no error";
  } catch (const RigError& e) {
    EXPECT_THAT(e.what(), HasSubstr("rail sense wire and the supply"));
  }
  EXPECT_LE(rig.world.now() - begun, Power::kRiseLimit + 100ms);
  EXPECT_FALSE(rig.station.console->live());
}

TEST(Power, off_releases_keys_and_isolates_the_console_before_power_drops) {
  for (const char* model : {"6000i", "7000i"}) {
    Rig rig(model);
    const std::string gate =
        rig.wiring.has("key_strobe") ? "key_strobe" : "keypad_enable";
    rig.run(rig.station.power.on());
    rig.run(rig.station.keypad.hold("5"));
    ASSERT_TRUE(rig.chip.commanded(gate));
    const Power::Off off = rig.run(rig.station.power.off(Power::Style::hard));
    const Instant released = rig.chip.times(gate, false).back();
    const Instant isolated = rig.chip.times("isolate", true).back();
    const Instant down = rig.chip.times("power", false).back();
    const Instant discharged = rig.chip.times("discharge", true).back();
    EXPECT_LT(released, down);
    EXPECT_LT(isolated, down);
    EXPECT_LT(down, discharged);
    EXPECT_EQ(off.commanded, down);
    for (const mpsse::Line& line : rig.wiring.lines()) {
      if (line.name.starts_with("key")) {
        EXPECT_FALSE(rig.chip.commanded(line.name)) << line.name;
      }
    }
    rig.run(rig.station.power.on());
    EXPECT_FALSE(rig.chip.commanded(gate)) << "the held key came back with the power";
  }
}

TEST(Power, off_tells_when_the_rail_fell_to_the_millisecond) {
  Rig rig("6000i");
  rig.run(rig.station.power.on());
  rig.chip.rail_delay = 7300us;
  const Power::Off off = rig.run(rig.station.power.off(Power::Style::hard));
  ASSERT_TRUE(off.rail_fell.has_value());
  EXPECT_GE(*off.rail_fell, off.commanded + 7300us);
  EXPECT_LE(*off.rail_fell, off.commanded + 7300us + Gpio::kAttentivePeriod);
}

TEST(Power, a_pulled_board_is_not_discharged_and_may_decay_slowly) {
  Rig rig("6000i");
  rig.run(rig.station.power.on());
  rig.chip.rail_delay = 3s;
  const Power::Off off = rig.run(rig.station.power.off(Power::Style::pull));
  EXPECT_THAT(rig.chip.times("discharge", true), ElementsAre());
  ASSERT_TRUE(off.rail_fell.has_value());
  EXPECT_GE(*off.rail_fell, off.commanded + 3s);
  EXPECT_LE(*off.rail_fell, off.commanded + 3s + Gpio::kSamplePeriod);
}

TEST(Power, a_rail_that_does_not_fall_is_a_cut_not_proven) {
  Rig rig("6000i");
  rig.run(rig.station.power.on());
  rig.chip.rail_delay.reset();
  const Power::Off off = rig.run(rig.station.power.off(Power::Style::hard));
  EXPECT_FALSE(off.rail_fell.has_value());
  EXPECT_GE(rig.world.now() - off.commanded, Power::kFallLimit);
  EXPECT_FALSE(rig.station.power.commanded_on());
}

TEST(Power, a_rail_sense_unplugged_before_the_cut_proves_nothing) {
  Rig rig("6000i");
  rig.run(rig.station.power.on());
  rig.chip.rail_delay.reset();
  const Instant unplugged = rig.world.now() + 1s;
  rig.chip.input("rail", false, unplugged);
  rig.sleep(5s);
  const Power::Off off = rig.run(rig.station.power.off(Power::Style::hard));
  EXPECT_FALSE(off.rail_fell.has_value());
  EXPECT_TRUE(rig.station.power.rail_fell(unplugged).has_value());
}

TEST(Power, off_twice_is_off) {
  Rig rig("6000i");
  rig.run(rig.station.power.on());
  rig.run(rig.station.power.off(Power::Style::hard));
  const Power::Off again = rig.run(rig.station.power.off(Power::Style::hard));
  EXPECT_EQ(again.rail_fell, again.commanded);
}

TEST(Power, a_cycle_counts_its_time_from_the_falling_rail) {
  Rig rig("6000i");
  rig.run(rig.station.power.on());
  rig.chip.rail_delay = 40ms;
  const Power::Off off = rig.run(rig.station.power.cycle(300ms, Power::Style::pull));
  const Instant up = rig.chip.times("power", true).back();
  EXPECT_GE(up, *off.rail_fell + 300ms);
  EXPECT_LE(up, *off.rail_fell + 300ms + Gpio::kLongestChunk);
  EXPECT_TRUE(rig.station.power.rail_up());
}

TEST(Power, a_cycle_below_the_minimum_off_time_is_refused) {
  Rig rig("6000i");
  EXPECT_THROW(rig.run(rig.station.power.cycle(99ms, Power::Style::hard)),
               std::invalid_argument);
}

TEST(Power, power_cut_by_another_task_keeps_the_console_isolated) {
  Rig rig("6000i");
  rig.chip.rail_delay = 50ms;
  Life other(rig.world, "other");
  other.spawn([](Rig& r) -> Task<void> {
    co_await r.world.sleep_for(60ms, "on to be under way");
    co_await r.station.power.off(Power::Style::hard);
  }(rig));
  rig.run(rig.station.power.on());
  rig.sleep(1s);
  EXPECT_FALSE(rig.chip.commanded("power"));
  EXPECT_TRUE(rig.chip.commanded("isolate"));
  EXPECT_FALSE(rig.station.console->live());
}

TEST(Power, a_cut_armed_in_the_chip_falls_with_the_edge_whatever_the_latency) {
  for (const Duration latency : {0us, 3000us, 6000us}) {
    Rig rig("6000i");
    rig.run(rig.station.power.on());
    rig.chip.command_latency = rig.chip.answer_latency = latency;
    const Instant edge = rig.world.now() + 777'777us;
    rig.chip.input("busy", true, edge);
    const auto result = rig.run(
        rig.station.power.off_on_busy(Power::Style::hard, rig.world.now() + 5s));
    EXPECT_TRUE(result.came);
    EXPECT_EQ(rig.chip.times("power", false).back(), edge);
    EXPECT_EQ(rig.chip.times("discharge", true).back(), edge + 100us);
    ASSERT_TRUE(result.off.rail_fell.has_value());
    const Duration fall = *result.off.rail_fell - result.off.commanded;
    EXPECT_GE(fall, *rig.chip.rail_delay);
    EXPECT_LE(fall, *rig.chip.rail_delay + Gpio::kAttentivePeriod);
    EXPECT_FALSE(rig.station.power.commanded_on());
    EXPECT_FALSE(rig.station.console->live());
  }
}

TEST(Power, an_armed_cut_whose_edge_never_comes_is_off_by_the_pull) {
  Rig rig("6000i");
  rig.run(rig.station.power.on());
  const Instant until = rig.world.now() + 2s;
  const auto result = rig.run(rig.station.power.off_on_busy(Power::Style::pull, until));
  EXPECT_FALSE(result.came);
  EXPECT_EQ(result.off.commanded, rig.chip.times("power", false).back());
  EXPECT_TRUE(result.off.rail_fell.has_value());
  EXPECT_FALSE(rig.station.power.commanded_on());
  rig.run(rig.station.power.on());
  EXPECT_TRUE(rig.station.power.rail_up());
}

TEST(Power, a_cut_is_not_armed_while_a_key_is_held) {
  Rig rig("6000i");
  rig.run(rig.station.keypad.hold("5"));
  EXPECT_THROW(
      rig.run(rig.station.power.off_on_busy(Power::Style::hard, rig.world.now() + 1s)),
      std::invalid_argument);
}

TEST(Power, an_interruption_is_as_long_as_asked_to_the_microsecond) {
  for (const auto style : {Power::Style::hard, Power::Style::pull}) {
    Rig rig("6000i");
    rig.run(rig.station.power.on());
    rig.chip.rail_delay = 200us;
    for (const Duration off : {1ms, 2ms, 5ms, 11ms, 50ms, 333ms, 1000ms}) {
      const auto result = rig.run(rig.station.power.interrupt(off, style));
      const Instant down = rig.chip.times("power", false).back();
      EXPECT_EQ(rig.chip.times("power", true).back() - down, off);
      EXPECT_EQ(result.commanded, down);
      ASSERT_TRUE(result.achieved.has_value());
      const Duration error = *result.achieved - off;
      const Duration step = off <= 10ms ? Duration(200us) : Duration(1ms);
      EXPECT_LE(error, step);
      EXPECT_GE(error, -step);
      EXPECT_FALSE(rig.chip.commanded("discharge"));
      EXPECT_TRUE(rig.station.console->live());
    }
  }
}

TEST(Power, an_armed_cut_that_is_in_vain_ends_long_before_its_limit) {
  Rig rig("6000i");
  rig.run(rig.station.power.on());
  const Instant begun = rig.world.now();
  const Instant over = begun + 2s;
  const auto in_vain = [&] { return rig.world.now() >= over; };
  const auto result =
      rig.run(rig.station.power.off_on_busy(Power::Style::pull, begun + 1h, in_vain));
  EXPECT_FALSE(result.came);
  EXPECT_GE(result.off.commanded, over);
  EXPECT_LE(result.off.commanded, over + 200ms);
  rig.run(rig.station.power.on());
  EXPECT_TRUE(rig.station.power.rail_up());
}

TEST(Power, an_armed_cut_that_somebody_waits_for_comes_as_any_other) {
  Rig rig("6000i");
  rig.run(rig.station.power.on());
  const Instant edge = rig.world.now() + 777'777us;
  rig.chip.input("busy", true, edge);
  const auto never = [] { return false; };
  const auto result = rig.run(
      rig.station.power.off_on_busy(Power::Style::hard, rig.world.now() + 5s, never));
  EXPECT_TRUE(result.came);
  EXPECT_EQ(rig.chip.times("power", false).back(), edge);
}

TEST(Power, a_dip_is_as_long_as_asked_to_the_microsecond_and_nothing_else_moves) {
  Rig rig("6000i");
  rig.run(rig.station.power.on());
  rig.run(rig.station.keypad.hold("5"));
  for (const Duration time : {1ms, 2ms, 11ms, 333ms, 1000ms}) {
    const std::size_t before = rig.chip.outputs.size();
    const auto dip = rig.run(rig.station.power.dip(time));
    const Instant down = rig.chip.times("dip", true).back();
    EXPECT_EQ(rig.chip.times("dip", false).back() - down, time);
    EXPECT_EQ(dip.commanded, down);
    EXPECT_EQ(dip.asked, time);
    EXPECT_FALSE(dip.rail_fell);
    EXPECT_EQ(rig.chip.outputs.size(), before + 2) << "the dip line alone, twice";
    EXPECT_TRUE(rig.station.console->live());
  }
}

TEST(Power, a_dip_below_power_on_reset_is_seen) {
  Rig rig("6000i");
  rig.run(rig.station.power.on());
  const Instant fall = rig.world.now() + 700ms;
  rig.chip.input("rail", false, fall);
  const auto dip = rig.run(rig.station.power.dip(1s));
  ASSERT_TRUE(dip.rail_fell);
  EXPECT_GE(*dip.rail_fell, fall);
  EXPECT_LE(*dip.rail_fell, fall + Gpio::kAttentivePeriod);
}

TEST(Power, a_dip_needs_its_line_a_fed_board_and_1_ms_to_1_s) {
  Rig rig("6000i");
  EXPECT_THROW(rig.run(rig.station.power.dip(1ms)), std::invalid_argument);
  rig.run(rig.station.power.on());
  for (const Duration time : {Duration(999us), Duration(1s + 1us)}) {
    EXPECT_THROW(rig.run(rig.station.power.dip(time)), std::invalid_argument);
  }
  Rig other("7000i");
  other.run(other.station.power.on());
  EXPECT_THROW(other.run(other.station.power.dip(1ms)), std::invalid_argument);
}

TEST(Power, an_interruption_that_the_rail_does_not_see_says_so) {
  Rig rig("6000i");
  rig.run(rig.station.power.on());
  rig.chip.rail_delay.reset();
  const auto result = rig.run(rig.station.power.interrupt(1ms, Power::Style::hard));
  EXPECT_FALSE(result.achieved.has_value());
  for (const Duration off : {Duration(999us), Duration(1s + 1us)}) {
    EXPECT_THROW(rig.run(rig.station.power.interrupt(off, Power::Style::hard)),
                 std::invalid_argument);
  }
  rig.run(rig.station.power.off(Power::Style::hard));
  EXPECT_THROW(rig.run(rig.station.power.interrupt(1ms, Power::Style::hard)),
               std::invalid_argument);
}

TEST(Power, the_minimum_off_time_is_kept_also_after_open) {
  World world{1};
  const mpsse::Wiring wiring = wiring_of("6000i");
  FakeChip chip(world, wiring);
  Gpio gpio(world, chip, "A1", wiring);
  Power power(gpio, {.minimum_off = 2s});
  world.run(gpio.open(), kLimit, "open");
  world.run(power.on(), kLimit, "on");
  EXPECT_GE(chip.times("power", true).back(), Instant(2s));
  const Power::Off off = world.run(power.off(Power::Style::hard), kLimit, "off");
  world.run(power.on(), kLimit, "on");
  EXPECT_GE(chip.times("power", true).back(), off.commanded + 2s);
  EXPECT_LE(chip.times("power", true).back(), off.commanded + 3s);
}

TEST(Power, withheld_it_is_on_for_all_but_the_board) {
  Rig rig("6000i");
  rig.station.power.withhold_on();
  rig.run(rig.station.power.on());
  EXPECT_THAT(rig.chip.times("power", true), ElementsAre());
  EXPECT_TRUE(rig.station.power.commanded_on());
  EXPECT_TRUE(rig.station.console->live());
  EXPECT_FALSE(rig.station.power.rail_up());
}

TEST(Power, a_suppressed_cut_leaves_the_board_fed_and_is_not_proven) {
  Rig rig("6000i");
  rig.run(rig.station.power.on());
  rig.station.power.withhold_off();
  for (const auto style : {Power::Style::hard, Power::Style::pull}) {
    const Power::Off off = rig.run(rig.station.power.off(style));
    EXPECT_FALSE(off.rail_fell.has_value());
    EXPECT_TRUE(rig.chip.commanded("power"));
    EXPECT_FALSE(rig.chip.commanded("discharge"));
  }
}

}  // namespace
}  // namespace lockrig::station
