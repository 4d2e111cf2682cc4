#include "rig/program/announced_flash.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace lockrig::program {
namespace {

using board_lines::FlashBegins;
using testing::ElementsAre;
using testing::IsEmpty;

class AnnouncedFlashTest : public testing::Test {
 protected:
  explicit AnnouncedFlashTest(bool tears = true)
      : flash_(
            world_, tears,
            [this](const std::string& text) { happened_.push_back(text); },
            [this] { happened_.push_back("cut"); }) {}

  void begins(const std::string& region = "slot1") {
    flash_.begins(FlashBegins{FlashOp::Kind::program, region, "staging"});
  }
  void cut_at(std::uint64_t index, double fraction) {
    flash_.cut_at(index, fraction, 7, [this] { happened_.push_back("fired"); });
  }
  void let_pass(Duration time) {
    world_.run(world_.sleep_for(time, "test"), 1h, "test");
  }

  World world_{1};
  std::vector<std::string> happened_;
  AnnouncedFlash flash_;
};

class UntearableFlashTest : public AnnouncedFlashTest {
 protected:
  UntearableFlashTest() : AnnouncedFlashTest(false) {}
};

TEST_F(AnnouncedFlashTest, counts_and_lets_go) {
  begins("slot0");
  begins("settings");
  begins("slot1");
  EXPECT_EQ(flash_.count(), 3u);
  EXPECT_EQ(flash_.slot_count(), 2u);
  EXPECT_THAT(happened_, ElementsAre("go\n", "go\n", "go\n"));
  EXPECT_EQ(flash_.moment(), nullptr);
}

TEST_F(AnnouncedFlashTest, tells_who_watches_before_it_lets_go) {
  flash_.watch([this](const FlashOp& op) {
    happened_.push_back(std::to_string(op.index) + " " + to_string(op.kind) + " " +
                        std::string(op.region) + " " + std::string(op.phase));
  });
  begins("log");
  flash_.begins(FlashBegins{FlashOp::Kind::erase, "slot0", "swap"});
  flash_.watch({});
  begins();
  EXPECT_THAT(happened_, ElementsAre("0 program log staging", "go\n",
                                     "1 erase slot0 swap", "go\n", "go\n"));
}

TEST_F(AnnouncedFlashTest, is_cut_before_an_operation) {
  cut_at(1, 0);
  begins();
  begins();
  EXPECT_THAT(happened_, ElementsAre("go\n", "fired", "cut"));
  begins();  // of the next start
  EXPECT_THAT(happened_, ElementsAre("go\n", "fired", "cut", "go\n"));
  EXPECT_EQ(flash_.count(), 3u);
}

TEST_F(AnnouncedFlashTest, is_torn_and_cut_when_that_is_told) {
  cut_at(0, 0.25);
  begins();
  EXPECT_THAT(happened_, ElementsAre("tear 0.25\n"));
  let_pass(1s);
  EXPECT_THAT(happened_, ElementsAre("tear 0.25\n"));
  flash_.torn();
  EXPECT_THAT(happened_, ElementsAre("tear 0.25\n", "fired", "cut"));
  let_pass(10s);
  EXPECT_EQ(happened_.size(), 3u);
}

TEST_F(AnnouncedFlashTest, whole_and_yet_cut_is_a_tear_of_all) {
  cut_at(0, 1);
  begins();
  flash_.torn();
  EXPECT_THAT(happened_, ElementsAre("tear 1\n", "fired", "cut"));
}

TEST_F(AnnouncedFlashTest, a_program_that_never_tells_is_cut_and_nothing_proven) {
  cut_at(0, 0.5);
  begins();
  let_pass(AnnouncedFlash::kTearLimit - 1ms);
  EXPECT_THAT(happened_, ElementsAre("tear 0.5\n"));
  let_pass(1ms);
  EXPECT_THAT(happened_, ElementsAre("tear 0.5\n", "cut"));
  flash_.torn();
  EXPECT_EQ(happened_.size(), 2u);
}

TEST_F(AnnouncedFlashTest, a_torn_that_nobody_asked_for_is_nothing) {
  flash_.torn();
  cut_at(1, 0.5);
  begins();
  flash_.torn();
  EXPECT_THAT(happened_, ElementsAre("go\n"));
}

TEST_F(AnnouncedFlashTest, one_that_lost_its_power_otherwise_is_not_cut_later) {
  cut_at(0, 0.5);
  begins();
  flash_.power_lost();
  let_pass(10s);
  flash_.torn();
  EXPECT_THAT(happened_, ElementsAre("tear 0.5\n"));
}

TEST_F(AnnouncedFlashTest, a_cut_that_was_called_off_does_not_come) {
  cut_at(0, 0);
  flash_.disarm();
  begins();
  EXPECT_THAT(happened_, ElementsAre("go\n"));
  cut_at(1, 0.5);
  begins();
  flash_.disarm();
  let_pass(10s);
  EXPECT_THAT(happened_, ElementsAre("go\n", "tear 0.5\n"));
}

TEST_F(AnnouncedFlashTest, nobody_has_to_be_told) {
  flash_.cut_at(0, 0, 7, {});
  begins();
  EXPECT_THAT(happened_, ElementsAre("cut"));
}

TEST_F(UntearableFlashTest, is_cut_before_an_operation_alone) {
  EXPECT_THROW(cut_at(0, 0.5), std::invalid_argument);
  begins();
  EXPECT_THAT(happened_, ElementsAre("go\n"));
  cut_at(1, 0);
  begins();
  EXPECT_THAT(happened_, ElementsAre("go\n", "fired", "cut"));
}

}  // namespace
}  // namespace lockrig::program
