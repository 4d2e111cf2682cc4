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

}  // namespace
}  // namespace lockrig::twin
