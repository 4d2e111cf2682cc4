#include "rig/station/station.hpp"

#include "tests/station/rig.hpp"

namespace lockrig::station {
namespace {

using testing::ElementsAre;

struct Parts {
  World world{1};
  mpsse::Wiring wiring = wiring_of("6000i");
  mpsse::KeypadMap map =
      mpsse::load_keypad_map(LOCKRIG_ROOT "/fixtures/boards/6000i/keypad.csv");
  FakeChip chip{world, wiring};

  StationConfig config(std::set<std::string> fitted) {
    return {.name = "A1", .wiring = wiring, .keypad = map, .fitted = std::move(fitted)};
  }
};

TEST(Station, lists_what_it_has) {
  Rig rig("6000i");
  EXPECT_EQ(rig.station.name(), "A1");
  EXPECT_THAT(rig.station.capabilities(),
              ElementsAre("bolt", "console", "keypad", "power", "smp"));
}

TEST(Station, works_without_a_console) {
  Parts parts;
  Station station(parts.world, parts.chip, nullptr, parts.config({"operator"}));
  EXPECT_FALSE(station.console.has_value());
  EXPECT_THAT(station.capabilities(),
              ElementsAre("bolt", "keypad", "operator", "power"));
  parts.world.run(station.open(), kLimit, "open");
  parts.world.run(station.power.on(), kLimit, "on");
  EXPECT_TRUE(station.power.rail_up());
}

TEST(Station, refuses_capabilities_that_cannot_be) {
  Parts parts;
  EXPECT_THROW(Station(parts.world, parts.chip, nullptr, parts.config({"levitation"})),
               std::invalid_argument);
  EXPECT_THROW(Station(parts.world, parts.chip, nullptr, parts.config({"smp"})),
               std::invalid_argument);
}

TEST(Station, the_same_actions_give_the_same_trace) {
  const auto play = [] {
    Rig rig("6000i");
    rig.run(rig.station.power.on());
    rig.run(rig.station.keypad.enter("2580"));
    rig.run(rig.station.power.cycle(1s, Power::Style::pull));
    return rig.world.trace().hash();
  };
  EXPECT_EQ(play(), play());
}

TEST(Station, check_throws_what_failed_even_if_it_works_again) {
  Rig rig("6000i");
  EXPECT_NO_THROW(rig.station.check());
  rig.to_rig->fail();
  rig.sleep(1ms);
  EXPECT_THROW(rig.station.check(), RigError);

  Rig other("6000i");
  other.chip.fault = FakeChip::Fault::write_fails;
  other.chip.fault_at = other.chip.exchanges;
  other.sleep(1s);
  other.chip.fault = FakeChip::Fault::none;
  other.run(other.station.open());
  EXPECT_THROW(other.station.check(), RigError);
}

TEST(Station, leaves_with_keys_released_and_power_as_asked) {
  for (const bool keep : {true, false}) {
    Rig rig("6000i");
    rig.run(rig.station.power.on());
    rig.run(rig.station.keypad.hold("5"));
    rig.station.power.withhold_off();
    const Instant asked = rig.world.now();
    rig.run(rig.station.leave(keep));
    EXPECT_LE(rig.world.now() - asked, 1s);
    EXPECT_FALSE(rig.chip.commanded("keypad_enable"));
    EXPECT_EQ(rig.chip.commanded("power"), keep);
    EXPECT_EQ(rig.station.power.commanded_on(), keep);
  }
}

TEST(Station, leaves_without_an_error_when_the_chip_is_gone) {
  Rig rig("6000i");
  rig.chip.fault = FakeChip::Fault::write_fails;
  rig.chip.fault_at = rig.chip.exchanges;
  EXPECT_NO_THROW(rig.run(rig.station.leave(false)));
}

TEST(Station, a_withheld_input_reads_inactive_from_the_last_sample_on) {
  Rig rig("6000i");
  rig.sleep(1s);
  const int sensor = rig.station.gpio.line("bolt_extended");
  ASSERT_TRUE(rig.station.gpio.active(sensor));
  rig.station.gpio.withhold(sensor);
  EXPECT_EQ(rig.station.bolt.position(), Bolt::Position::between);
  const std::size_t edges = rig.station.gpio.edges().size();
  rig.chip.blink("bolt_extended", rig.world.now() + 1s, 3, 100ms, 100ms);
  rig.sleep(5s);
  EXPECT_FALSE(rig.station.gpio.active(sensor));
  EXPECT_EQ(rig.station.gpio.edges().size(), edges);
  EXPECT_THROW(rig.station.gpio.withhold(rig.station.gpio.line("power")),
               std::invalid_argument);
}

}  // namespace
}  // namespace lockrig::station
