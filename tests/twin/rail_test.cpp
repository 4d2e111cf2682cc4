#include "rig/twin/rail.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lockrig::twin {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Event = std::pair<std::string, Instant>;

class RailTest : public testing::Test {
 protected:
  static constexpr RailModel kModel{.rise = 1ms,
                                    .hold_up_open = 10ms,
                                    .fall_open = 60ms,
                                    .hold_up_discharged = 200us,
                                    .fall_discharged = 2ms};

  void SetUp() override {
    rail.set_supply(Supply::connected);
    pass(1s);
    EXPECT_THAT(events, ElementsAre(Event{"above reset", Instant(1ms)},
                                    Event{"power good", Instant(1ms)}));
    events.clear();
  }
  void pass(Duration time) {
    world.run(world.sleep_for(time, "time"), time + 1s, "pass");
  }
  std::function<void()> note(const char* name) {
    return [this, name] { events.emplace_back(name, world.now()); };
  }

  World world{1};
  std::vector<Event> events;
  Rail rail{world,
            kModel,
            {.above_reset = note("above reset"),
             .power_good = note("power good"),
             .brown_out = note("brown-out"),
             .below_reset = note("below reset")}};
};

TEST_F(RailTest, open_contacts_decay_slowly) {
  rail.set_supply(Supply::open);
  pass(1s);
  EXPECT_THAT(events, ElementsAre(Event{"brown-out", Instant(1s + 10ms)},
                                  Event{"below reset", Instant(1s + 60ms)}));
  EXPECT_FALSE(rail.good());
  EXPECT_FALSE(rail.above_reset());
}

TEST_F(RailTest, a_bleed_decays_fast) {
  rail.set_supply(Supply::discharged);
  pass(1s);
  EXPECT_THAT(events, ElementsAre(Event{"brown-out", Instant(1s + 200us)},
                                  Event{"below reset", Instant(1s + 2ms)}));
}

TEST_F(RailTest, rides_through_a_gap_shorter_than_its_hold_up) {
  for (int i = 0; i < 3; ++i) {
    rail.set_supply(Supply::open);
    pass(9999us);
    rail.set_supply(Supply::connected);
    pass(1s);
  }
  EXPECT_THAT(events, IsEmpty());
}

TEST_F(RailTest, a_gap_between_brown_out_and_reset_restarts_without_a_power_on_reset) {
  rail.set_supply(Supply::open);
  pass(30ms);
  rail.set_supply(Supply::connected);
  pass(1s);
  EXPECT_THAT(events, ElementsAre(Event{"brown-out", Instant(1s + 10ms)},
                                  Event{"power good", Instant(1s + 31ms)}));
}

TEST_F(RailTest, a_back_fed_rail_never_dies) {
  rail.set_back_fed(true);
  for (const Supply supply : {Supply::open, Supply::discharged}) {
    rail.set_supply(supply);
    pass(10min);
    EXPECT_TRUE(rail.above_reset());
  }
  EXPECT_THAT(events, IsEmpty());
  rail.set_back_fed(false);
  pass(1s);
  EXPECT_EQ(events.size(), 2u);
}

TEST_F(RailTest, feeding_it_holds_it_where_it_is) {
  rail.set_supply(Supply::open);
  pass(35ms);  // half-way from brown-out to reset
  events.clear();
  rail.set_back_fed(true);
  pass(1s);
  EXPECT_THAT(events, IsEmpty());
  rail.set_back_fed(false);
  pass(1s);
  EXPECT_THAT(events, ElementsAre(Event{"below reset", Instant(2s + 60ms)}));
}

TEST_F(RailTest, a_heavier_load_falls_sooner_from_the_moment_it_comes) {
  rail.set_supply(Supply::open);
  pass(5ms);
  rail.set_load(2);
  pass(1s);
  EXPECT_THAT(events, ElementsAre(Event{"brown-out", Instant(1s + 7500us)},
                                  Event{"below reset", Instant(1s + 32500us)}));
}

TEST_F(RailTest, without_a_load_only_the_bleed_empties_it) {
  rail.set_load(0);
  rail.set_supply(Supply::open);
  pass(1h);
  EXPECT_THAT(events, IsEmpty());
  rail.set_supply(Supply::discharged);
  pass(1s);
  EXPECT_EQ(events.size(), 2u);
}

TEST_F(RailTest, a_bleed_that_comes_late_goes_on_from_where_the_rail_is) {
  rail.set_supply(Supply::open);
  pass(5ms);  // half of the hold-up is left
  rail.set_supply(Supply::discharged);
  pass(1s);
  EXPECT_THAT(events, ElementsAre(Event{"brown-out", Instant(1s + 5100us)},
                                  Event{"below reset", Instant(1s + 6900us)}));
}

TEST_F(RailTest, a_connection_shorter_than_the_rise_starts_nothing) {
  rail.set_supply(Supply::discharged);
  pass(1s);
  events.clear();
  rail.set_supply(Supply::connected);
  pass(999us);
  rail.set_supply(Supply::open);
  pass(1s);
  EXPECT_THAT(events, IsEmpty());
}

TEST_F(RailTest, a_dip_shorter_than_the_hold_up_rides_through) {
  for (const Duration dip : {Duration(1ms), Duration(9999us)}) {
    rail.set_supply(Supply::dipped);
    pass(dip);
    rail.set_supply(Supply::connected);
    pass(1s);
  }
  EXPECT_THAT(events, IsEmpty());
}

TEST_F(RailTest, a_longer_dip_browns_out_above_reset_however_long_it_is) {
  for (const Duration dip : {Duration(20ms), Duration(1h)}) {
    events.clear();
    const Instant start = world.now();
    rail.set_supply(Supply::dipped);
    pass(dip);
    EXPECT_TRUE(rail.above_reset());
    rail.set_supply(Supply::connected);
    pass(1s);
    EXPECT_THAT(events, ElementsAre(Event{"brown-out", start + 10ms},
                                    Event{"power good", start + dip + 1ms}));
  }
}

TEST_F(RailTest, opened_after_a_dip_it_falls_from_the_lower_rail) {
  rail.set_supply(Supply::dipped);
  pass(1h);
  events.clear();
  const Instant start = world.now();
  rail.set_supply(Supply::open);
  pass(1s);
  // 2.0 V on the way of 50 ms from 3.5 V to 0.6 V.
  EXPECT_THAT(events, ElementsAre(Event{"below reset", start + 24137931ns}));
}

TEST_F(RailTest, a_lower_rail_below_reset_ends_in_a_reset) {
  RailModel deep = kModel;
  deep.dip_mv = 500;
  Rail low(world, deep,
           {.above_reset = note("up"),
            .power_good = note("good"),
            .brown_out = note("dead"),
            .below_reset = note("gone")});
  low.set_supply(Supply::connected);
  pass(1s);
  events.clear();
  const Instant start = world.now();
  low.set_supply(Supply::dipped);
  pass(1s);
  low.set_supply(Supply::connected);
  pass(1s);
  EXPECT_THAT(
      events,
      ElementsAre(Event{"dead", start + 10ms}, Event{"gone", start + 60ms},
                  Event{"up", start + 1s + 1ms}, Event{"good", start + 1s + 1ms}));
}

TEST_F(RailTest, any_feed_above_brown_out_runs_it_without_an_event) {
  for (const int mv : {5000, 3500, 6400, 3500, 6000}) {
    rail.set_feed_mv(mv);
    pass(1s);
  }
  EXPECT_TRUE(rail.good());
  EXPECT_THAT(events, IsEmpty());
}

TEST_F(RailTest, a_feed_below_brown_out_kills_it_and_one_below_reset_empties_it) {
  rail.set_feed_mv(3499);
  pass(1s);
  EXPECT_THAT(events, ElementsAre(Event{"brown-out", Instant(1s + 10ms)}));
  rail.set_feed_mv(600);
  pass(1s);
  EXPECT_EQ(events.size(), 1u);
  EXPECT_TRUE(rail.above_reset());
  rail.set_feed_mv(599);
  pass(1s);
  EXPECT_EQ(events.size(), 2u);
  EXPECT_EQ(events.back().first, "below reset");
  EXPECT_FALSE(rail.above_reset());
}

TEST_F(RailTest, a_weak_battery_has_less_hold_up) {
  rail.set_feed_mv(4750);  // half of what is to spare
  pass(1s);
  rail.set_supply(Supply::open);
  pass(6ms);
  EXPECT_THAT(events, ElementsAre(Event{"brown-out", Instant(2s + 5ms)}));
}

TEST_F(RailTest, a_feed_that_rises_shows_the_sensor_before_it_runs) {
  rail.set_feed_mv(0);
  pass(1s);
  events.clear();
  const Instant start = world.now();
  for (int mv = 120; mv <= 6000; mv += 120) {
    rail.set_feed_mv(mv);
    pass(1ms);
  }
  pass(1s);
  // 600 mV stand 4 ms after the start, 3600 mV after 29; each takes the rise.
  EXPECT_THAT(events, ElementsAre(Event{"above reset", start + 5ms},
                                  Event{"power good", start + 30ms}));
}

TEST_F(RailTest, a_feed_that_climbs_on_while_it_rises_does_not_put_it_off) {
  rail.set_feed_mv(0);
  pass(1s);
  events.clear();
  const Instant start = world.now();
  for (int i = 0; i < 20; ++i) {
    rail.set_feed_mv(5000 + i);
    pass(100us);
  }
  EXPECT_THAT(events, ElementsAre(Event{"above reset", start + 1ms},
                                  Event{"power good", start + 1ms}));
}

TEST_F(RailTest, a_feed_that_comes_back_in_time_rides_through) {
  rail.set_feed_mv(0);
  pass(9999us);
  rail.set_feed_mv(6000);
  pass(1s);
  EXPECT_THAT(events, IsEmpty());
}

TEST_F(RailTest, a_feed_behind_an_open_switch_does_nothing_yet) {
  rail.set_supply(Supply::open);
  pass(1s);
  events.clear();
  for (const int mv : {0, 9000, 2000}) {
    rail.set_feed_mv(mv);
    pass(1s);
  }
  EXPECT_THAT(events, IsEmpty());
  rail.set_supply(Supply::connected);
  pass(1s);
  EXPECT_EQ(events.size(), 1u);
  EXPECT_EQ(events.back().first, "above reset");
}

TEST_F(RailTest, a_back_feeding_wire_does_not_hold_it_against_a_low_feed) {
  rail.set_back_fed(true);
  rail.set_feed_mv(0);
  pass(1s);
  EXPECT_EQ(events.size(), 2u);
  EXPECT_FALSE(rail.above_reset());
}

}  // namespace
}  // namespace lockrig::twin
