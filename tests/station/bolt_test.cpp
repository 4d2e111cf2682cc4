#include "rig/station/bolt.hpp"

#include "tests/station/rig.hpp"

namespace lockrig::station {
namespace {

using Position = Bolt::Position;
using testing::ElementsAre;

TEST(Bolt, travels_from_one_end_to_the_other) {
  Rig rig("6000i");
  EXPECT_EQ(rig.station.bolt.position(), Position::extended);
  rig.chip.input("bolt_extended", false, Instant(1s));
  rig.chip.input("bolt_retracted", true, Instant(1400ms));
  EXPECT_TRUE(rig.run(rig.station.bolt.wait_for(Position::between, Instant(2s))));
  EXPECT_EQ(rig.station.bolt.position(), Position::between);
  EXPECT_TRUE(rig.run(rig.station.bolt.wait_for(Position::retracted, Instant(2s))));
  EXPECT_LE(rig.world.now(), Instant(1400ms) + Gpio::kWaitedChunk);
  EXPECT_EQ(rig.station.bolt.position(), Position::retracted);
  EXPECT_THAT(
      rig.station.bolt.motions(),
      ElementsAre(
          Bolt::Motion{Instant(1s), Position::extended, Position::between},
          Bolt::Motion{Instant(1400ms), Position::between, Position::retracted}));
  EXPECT_TRUE(rig.station.bolt.left_extended(Instant(1s), Instant(1s)));
  EXPECT_FALSE(rig.station.bolt.left_extended(Instant(1001ms), Instant(5s)));
  EXPECT_FALSE(rig.station.bolt.left_extended(Instant(0s), Instant(999ms)));
}

TEST(Bolt, a_wait_that_is_not_met_ends_at_its_limit) {
  Rig rig("6000i");
  EXPECT_FALSE(rig.run(rig.station.bolt.wait_for(Position::retracted, Instant(3s))));
  EXPECT_LE(rig.world.now(), Instant(3s) + Gpio::kWaitedChunk);
}

TEST(Bolt, coming_from_between_is_motion_though_it_left_no_end) {
  Rig rig("6000i");
  rig.chip.input("bolt_extended", false, Instant(1s));
  rig.chip.input("bolt_retracted", true, Instant(10s));
  rig.run(rig.station.gpio.sampled(Instant(11s)));
  EXPECT_FALSE(rig.station.bolt.left_extended(Instant(5s), Instant(11s)));
  EXPECT_TRUE(rig.station.bolt.moved_towards_open(Instant(5s), Instant(11s)));
}

TEST(Bolt, closing_is_no_motion_towards_open) {
  Rig rig("6000i");
  rig.chip.input("bolt_extended", false, Instant(1s));
  rig.chip.input("bolt_retracted", true, Instant(2s));
  rig.chip.input("bolt_retracted", false, Instant(5s));
  rig.chip.input("bolt_extended", true, Instant(6s));
  rig.run(rig.station.gpio.sampled(Instant(7s)));
  EXPECT_FALSE(rig.station.bolt.moved_towards_open(Instant(3s), Instant(7s)));
  EXPECT_TRUE(rig.station.bolt.moved_towards_open(Instant(0s), Instant(3s)));
  EXPECT_EQ(rig.station.bolt.position(), Position::extended);
}

TEST(Bolt, both_sensors_at_once_are_the_rigs_fault_and_no_motion) {
  Rig rig("6000i");
  rig.chip.input("bolt_retracted", true, Instant(1s));
  EXPECT_THROW(rig.run(rig.station.bolt.wait_for(Position::retracted, Instant(3s))),
               RigError);
  EXPECT_EQ(rig.station.bolt.position(), Position::contradictory);
  EXPECT_TRUE(rig.run(rig.station.bolt.wait_for(Position::contradictory, Instant(3s))));
  EXPECT_THAT(rig.station.bolt.motions(), ElementsAre());
}

}  // namespace
}  // namespace lockrig::station
