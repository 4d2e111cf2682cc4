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

}  // namespace
}  // namespace lockrig::station
