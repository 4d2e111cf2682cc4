#include "rig/station/signals.hpp"

#include "tests/station/rig.hpp"

namespace lockrig::station {
namespace {

using testing::ElementsAre;

std::string text(const Blink& blink) {
  return std::to_string(blink.count) + " " + to_string(blink.colour) +
         (blink.beeped ? " beeped" : "");
}

std::vector<std::string> texts(Rig& rig, Duration sleep) {
  rig.sleep(sleep);
  std::vector<std::string> found;
  for (const Blink& blink : rig.station.signals.ended()) found.push_back(text(blink));
  return found;
}

TEST(Signals, one_green_is_found_when_its_dark_has_lasted) {
  Rig rig("6000i");
  rig.chip.blink("led_green", Instant(1s), 1, 100ms, 100ms);
  const auto blink = rig.run(rig.station.signals.next(Instant(5s)));
  ASSERT_TRUE(blink.has_value());
  EXPECT_EQ(text(*blink), "1 green");
  EXPECT_EQ(blink->at, Instant(1s));
  EXPECT_EQ(blink->ended, Instant(1350ms));
  EXPECT_LE(rig.world.now(), Instant(1350ms) + Gpio::kWaitedChunk);
}

TEST(Signals, three_red_with_the_beeper_are_one_signal) {
  Rig rig("7000i");
  rig.chip.blink("led_red", Instant(1s), 3, 100ms, 100ms);
  rig.chip.blink("beeper", Instant(1s), 3, 100ms, 100ms);
  EXPECT_THAT(texts(rig, 4s), ElementsAre("3 red beeped"));
}

TEST(Signals, a_longer_dark_makes_two_signals) {
  Rig rig("6000i");
  rig.chip.blink("led_red", Instant(1s), 2, 100ms, 245ms);
  rig.chip.blink("led_red", Instant(3s), 2, 100ms, 255ms);
  EXPECT_THAT(texts(rig, 6s), ElementsAre("2 red", "1 red", "1 red"));
}

TEST(Signals, both_leds_are_orange_also_when_one_is_seen_a_sample_late) {
  Rig rig("6000i");
  rig.chip.blink("led_red", Instant(1s), 2, 100ms, 100ms);
  rig.chip.blink("led_green", Instant(1001ms), 2, 102ms, 98ms);
  EXPECT_THAT(texts(rig, 4s), ElementsAre("2 orange"));
}

TEST(Signals, another_colour_ends_a_signal_at_once) {
  Rig rig("6000i");
  rig.chip.blink("led_green", Instant(1s), 1, 100ms, 0ms);
  rig.chip.blink("led_red", Instant(1100ms), 1, 100ms, 0ms);
  rig.chip.blink("led_green", Instant(1300ms), 1, 100ms, 0ms);
  EXPECT_THAT(texts(rig, 4s), ElementsAre("1 green", "1 red", "1 green"));
}

TEST(Signals, the_beeper_alone_is_no_signal) {
  Rig rig("6000i");
  rig.chip.blink("beeper", Instant(1s), 5, 100ms, 100ms);
  EXPECT_THAT(texts(rig, 4s), ElementsAre());
}

TEST(Signals, next_skips_what_ended_before_and_gives_what_was_under_way) {
  Rig rig("6000i");
  rig.chip.blink("led_green", Instant(1s), 1, 100ms, 0ms);
  rig.chip.blink("led_red", Instant(2s), 3, 100ms, 100ms);
  rig.sleep(2150ms);
  const auto blink = rig.run(rig.station.signals.next(Instant(5s)));
  ASSERT_TRUE(blink.has_value());
  EXPECT_EQ(text(*blink), "3 red");
  EXPECT_FALSE(rig.run(rig.station.signals.next(Instant(5s))).has_value());
}

TEST(Signals, a_signal_that_ends_after_the_limit_does_not_count) {
  Rig rig("6000i");
  rig.chip.blink("led_green", Instant(1s), 1, 100ms, 0ms);
  EXPECT_FALSE(rig.run(rig.station.signals.next(Instant(1345ms))).has_value());
}

TEST(Signals, signals_during_a_key_press_are_found_too) {
  Rig rig("6000i");
  rig.chip.blink("led_green", Instant(100ms), 1, 100ms, 0ms);
  rig.run(rig.station.keypad.enter("2580"));
  EXPECT_THAT(texts(rig, 100ms), ElementsAre("1 green"));
}

}  // namespace
}  // namespace lockrig::station
