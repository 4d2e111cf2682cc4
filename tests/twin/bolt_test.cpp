#include "rig/twin/bolt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>
#include <vector>

namespace lockrig::twin {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Change = std::tuple<Output, bool, Instant>;

class BoltTest : public testing::Test {
 protected:
  void pass(Duration time) {
    world.run(world.sleep_for(time, "time"), time + 1s, "pass");
  }

  World world{1};
  std::vector<Change> changes;
  BoltMechanics bolt{world, [this](Output sensor, bool active) {
                       changes.emplace_back(sensor, active, world.now());
                     }};
};

TEST_F(BoltTest, retracts_in_its_travel_time) {
  bolt.drive(Motor::retract);
  pass(1s);
  EXPECT_THAT(changes,
              ElementsAre(Change{Output::bolt_extended, false, Instant(8ms + 1ns)},
                          Change{Output::bolt_retracted, true, Instant(392ms)}));
  EXPECT_EQ(bolt.position(), 1.0);
}

TEST_F(BoltTest, extends_in_its_travel_time) {
  bolt.set_position(1);
  changes.clear();
  bolt.drive(Motor::extend);
  pass(1s);
  EXPECT_THAT(changes,
              ElementsAre(Change{Output::bolt_retracted, false, Instant(8ms + 1ns)},
                          Change{Output::bolt_extended, true, Instant(392ms)}));
  EXPECT_EQ(bolt.position(), 0.0);
}

TEST_F(BoltTest, stops_in_mid_travel_and_reads_between) {
  bolt.drive(Motor::retract);
  pass(100ms);
  bolt.drive(Motor::off);
  pass(1h);
  EXPECT_EQ(bolt.position(), 0.25);
  EXPECT_FALSE(bolt.extended());
  EXPECT_FALSE(bolt.retracted());
  EXPECT_EQ(changes.size(), 1u);
}

TEST_F(BoltTest, turns_round_in_mid_travel) {
  bolt.drive(Motor::retract);
  pass(100ms);
  bolt.drive(Motor::extend);
  pass(1s);
  EXPECT_THAT(changes,
              ElementsAre(Change{Output::bolt_extended, false, Instant(8ms + 1ns)},
                          Change{Output::bolt_extended, true, Instant(192ms)}));
}

TEST_F(BoltTest, a_position_carries_over) {
  bolt.set_position(0.5);
  BoltMechanics other(world, [](Output, bool) {});
  other.set_position(bolt.position());
  EXPECT_EQ(other.position(), 0.5);
  EXPECT_FALSE(other.extended());
  EXPECT_FALSE(other.retracted());
}

TEST_F(BoltTest, the_sensors_trip_within_two_percent) {
  for (const auto& [position, extended, retracted] :
       {std::tuple(0.02, true, false), std::tuple(0.021, false, false),
        std::tuple(0.979, false, false), std::tuple(0.98, false, true)}) {
    bolt.set_position(position);
    EXPECT_EQ(bolt.extended(), extended) << position;
    EXPECT_EQ(bolt.retracted(), retracted) << position;
  }
}

TEST_F(BoltTest, is_stopped_by_what_stands_in_its_way_from_either_side) {
  bolt.block(0.5);
  bolt.drive(Motor::retract);
  pass(1s);
  EXPECT_EQ(bolt.position(), 0.5);
  bolt.drive(Motor::extend);
  pass(1s);
  EXPECT_EQ(bolt.position(), 0.0);
  bolt.set_position(1);
  bolt.block(0.5);
  bolt.drive(Motor::extend);
  pass(1s);
  EXPECT_EQ(bolt.position(), 0.5);
  EXPECT_FALSE(bolt.extended());
  bolt.unblock();
  pass(1s);  // the motor still pushes
  EXPECT_EQ(bolt.position(), 0.0);
  EXPECT_TRUE(bolt.extended());
}

TEST_F(BoltTest, what_touches_it_shut_keeps_it_shut) {
  bolt.block(0);
  bolt.drive(Motor::retract);
  pass(1h);
  EXPECT_TRUE(bolt.extended());
  EXPECT_THAT(changes, IsEmpty());
}

TEST_F(BoltTest, a_motor_that_runs_against_its_end_changes_nothing) {
  bolt.drive(Motor::extend);
  pass(1h);
  EXPECT_THAT(changes, IsEmpty());
  EXPECT_EQ(bolt.position(), 0.0);
}

}  // namespace
}  // namespace lockrig::twin
