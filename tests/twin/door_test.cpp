// A whole virtual lock at its contacts: what its keypad, bolt and battery do when
// something is wrong with them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "rig/core/network.hpp"
#include "rig/twin/audit_log.hpp"
#include "tests/twin/test_lock.hpp"

namespace lockrig::twin {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kCode = "2580";

class DoorTest : public testing::Test {
 protected:
  explicit DoorTest(std::vector<std::string> defects = {})
      : board(world, model, unit, Defects(defects), network,
              *factory_fresh(model, unit, image)) {
    board.watch_outputs([this](Output output, bool level) {
      if (output == Output::led_red && level && !board.output(Output::led_green)) {
        ++red;
      }
    });
    board.set_supply(Supply::connected);
    pass(2s);
  }

  void pass(Duration time) {
    world.run(world.sleep_for(time, "time"), time + 1s, "pass");
  }
  int contact(char key) const {
    return key == '#' ? model.keys.code("enter") : model.keys.code({&key, 1});
  }
  void press(char key) {
    board.set_contact(contact(key), true);
    pass(80ms);
    board.set_contact(contact(key), false);
    pass(80ms);
  }
  /// Then three seconds for what comes of it.
  void enter(const std::string& code) {
    for (const char key : code + "#") press(key);
    red = 0;
    pass(3s);
  }
  bool open() const { return board.output(Output::bolt_retracted); }
  bool shut() const { return board.output(Output::bolt_extended); }
  std::vector<std::string> log() {
    FlashContent content = board.durable()->flash;
    World other(1);
    NorFlash flash(other, content, {}, model.flash);
    const Defects none;
    AuditLog read(other, flash, model.log, none);
    other.run(read.load(), 1h, "reading the log");
    std::vector<std::string> texts;
    for (const Event& event : read.after(0, 1000)) texts.push_back(event.text);
    return texts;
  }
  long count(const std::string& text) {
    const auto texts = log();
    return std::count(texts.begin(), texts.end(), text);
  }

  World world{1};
  const LockModel model = test_model(Strategy::swap_move);
  const Unit unit{"S1", kCode, "70418263"};
  const Bytes image = test_image(model, 3);
  SimNetwork network{world};
  LockBoard board;
  int red = 0;  // pulses
};

TEST_F(DoorTest, a_key_that_sticks_is_written_down_and_the_others_work) {
  board.set_contact(contact('7'), true);
  pass(29s);
  enter(kCode);
  EXPECT_FALSE(open());
  pass(10s);
  EXPECT_THAT(log(), Contains("key stuck 7"));
  enter(kCode);
  EXPECT_TRUE(open());
  pass(10s);
  board.set_contact(contact('7'), false);
  pass(100ms);
  enter("7777");  // it is a key again
  EXPECT_EQ(count("wrong code"), 1);
  EXPECT_EQ(count("key stuck 7"), 1);
}

TEST_F(DoorTest, a_key_that_is_held_for_less_counts_once) {
  for (const char key : std::string(kCode)) {
    board.set_contact(contact(key), true);
    pass(5s);
    board.set_contact(contact(key), false);
    pass(100ms);
  }
  enter("");
  EXPECT_TRUE(open());
  EXPECT_THAT(log(), Not(Contains(HasSubstr("stuck"))));
}

TEST_F(DoorTest, keys_that_are_pressed_together_are_none) {
  for (const char key : {'1', '2', '4'}) board.set_contact(contact(key), true);
  pass(100ms);
  for (const char key : {'1', '2', '4'}) board.set_contact(contact(key), false);
  pass(100ms);
  enter(kCode);
  EXPECT_TRUE(open());
}

TEST_F(DoorTest, a_blocked_unlock_is_an_error_and_not_logged_as_one) {
  board.block_bolt(0.5);
  enter(kCode);
  EXPECT_EQ(red, 3);
  EXPECT_FALSE(open());
  EXPECT_EQ(count("jammed unlocking"), 1);
  EXPECT_EQ(count("unlocked by code 0"), 0);
  pass(10s);
  EXPECT_TRUE(shut());
}

TEST_F(DoorTest, a_blocked_auto_lock_is_tried_three_times_and_signalled) {
  enter(kCode);
  ASSERT_TRUE(open());
  board.block_bolt(0.5);
  pass(1h);
  EXPECT_EQ(count("jammed locking"), 3);
  EXPECT_EQ(red, 9);
  EXPECT_FALSE(shut());
  board.unblock_bolt();
  enter(kCode);
  EXPECT_TRUE(shut());
}

TEST_F(DoorTest, a_block_that_goes_away_in_time_costs_one_try) {
  enter(kCode);
  board.block_bolt(0.95);
  pass(5s);
  board.unblock_bolt();
  pass(10s);
  EXPECT_TRUE(shut());
  EXPECT_EQ(count("jammed locking"), 1);
}

TEST_F(DoorTest, a_low_battery_is_signalled_behind_a_code_that_opens) {
  for (const auto& [mv, flashes] : {std::pair(4251, 0), std::pair(4250, 4),
                                    std::pair(3751, 4), std::pair(3750, 8)}) {
    board.set_feed_mv(mv);
    enter(kCode);
    EXPECT_TRUE(open()) << mv;
    EXPECT_EQ(red, flashes) << mv;
    pass(10s);
  }
}

TEST_F(DoorTest, cells_that_cannot_carry_the_motor_are_not_asked_to) {
  board.set_feed_mv(3699);
  enter(kCode);
  EXPECT_TRUE(shut());
  EXPECT_GE(red, 3);
  EXPECT_THAT(log(), Contains("battery too low for the bolt"));
  EXPECT_EQ(count("boot power_on"), 1);
  board.set_feed_mv(6000);
  pass(10s);
  enter(kCode);
  EXPECT_TRUE(open());
}

TEST_F(DoorTest, one_digit_again_and_again_is_no_code) {
  enter(unit.programming_code);
  enter(model.function_change);
  enter(kCode);
  enter("7777");
  EXPECT_EQ(red, 3);
  pass(20s);
  enter(unit.programming_code);
  enter(model.function_change);
  enter(kCode);
  enter("70418");  // what the programming code begins with
  EXPECT_EQ(red, 3);
  pass(20s);
  enter(kCode);
  EXPECT_TRUE(open());
}

class FlatBatteryTest : public DoorTest {
 protected:
  FlatBatteryTest() : DoorTest({"motor-on-flat-battery"}) {}
};

TEST_F(FlatBatteryTest, a_motor_takes_the_processor_down) {
  board.set_feed_mv(3650);
  enter(kCode);
  pass(10s);
  EXPECT_GT(count("boot power_on"), 1);
}

}  // namespace
}  // namespace lockrig::twin
