#include "rig/twin/shift_register.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace lockrig::twin {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Change = std::pair<int, bool>;

class ShiftRegisterTest : public testing::Test {
 protected:
  void set() { chip.set(levels); }
  void put(int pin, bool level) {
    levels = static_cast<std::uint16_t>(level ? levels | pin : levels & ~pin);
  }
  void pulse(int pin) {
    put(pin, true);
    set();
    put(pin, false);
    set();
  }
  /// Switch 15 first.
  void load(std::uint16_t switches) {
    for (int i = 15; i >= 0; --i) {
      put(pins.data, (switches >> i & 1) != 0);
      set();
      pulse(pins.clock);
    }
  }
  void latch() { pulse(pins.latch); }
  void enable(bool on) {
    put(pins.enabled, on);
    set();
  }

  std::vector<Change> changes;
  const ShiftRegister::Pins pins{};
  std::uint16_t levels = 0;
  ShiftRegister chip{7, pins,
                     [this](int n, bool closed) { changes.emplace_back(n, closed); }};
};

TEST_F(ShiftRegisterTest, the_first_bit_ends_on_switch_15_and_the_last_on_0) {
  load(0x8001);
  latch();
  enable(true);
  EXPECT_EQ(chip.closed(), 0x8001);
  EXPECT_THAT(changes, ElementsAre(Change{0, true}, Change{15, true}));
}

TEST_F(ShiftRegisterTest, enabled_without_loading_it_presses_garbage) {
  enable(true);
  EXPECT_NE(chip.closed(), 0);
  ShiftRegister other(8, pins, [](int, bool) {});
  other.set(pins.enabled);
  EXPECT_NE(other.closed(), chip.closed());
}

TEST_F(ShiftRegisterTest, disabled_all_switches_are_open) {
  load(0xffff);
  latch();
  EXPECT_THAT(changes, IsEmpty());
  enable(true);
  enable(false);
  EXPECT_EQ(chip.closed(), 0);
}

TEST_F(ShiftRegisterTest, shifting_shows_only_when_it_is_latched) {
  load(0x0010);
  latch();
  enable(true);
  load(0x0003);
  EXPECT_EQ(chip.closed(), 0x0010);
  changes.clear();
  latch();
  EXPECT_EQ(chip.closed(), 0x0003);
  EXPECT_THAT(changes, ElementsAre(Change{4, false}, Change{0, true}, Change{1, true}));
}

TEST_F(ShiftRegisterTest, only_rising_edges_count) {
  load(0x0001);
  latch();
  enable(true);
  put(pins.data, false);
  set();
  put(pins.clock, true);
  set();
  set();  // still high
  put(pins.data, true);
  set();  // data alone
  put(pins.clock, false);
  set();
  latch();
  EXPECT_EQ(chip.closed(), 0x0002);
}

TEST_F(ShiftRegisterTest, a_latch_that_stays_high_stores_once) {
  load(0x0001);
  enable(true);
  put(pins.latch, true);
  set();
  load(0x0002);
  EXPECT_EQ(chip.closed(), 0x0001);
}

TEST_F(ShiftRegisterTest, both_clocks_at_once_store_what_was_there_before) {
  load(0x0001);
  enable(true);
  put(pins.clock | pins.latch, true);
  set();
  EXPECT_EQ(chip.closed(), 0x0001);
}

TEST_F(ShiftRegisterTest, refuses_data_that_changes_with_the_clock) {
  put(pins.data | pins.clock, true);
  EXPECT_THROW(set(), std::logic_error);
}

}  // namespace
}  // namespace lockrig::twin
