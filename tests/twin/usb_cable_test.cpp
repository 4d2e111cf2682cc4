// The cable between host and station, pulled: chip and console go together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "rig/protocol/wiring_csv.hpp"
#include "rig/twin/harness.hpp"
#include "tests/twin/test_lock.hpp"

namespace lockrig::twin {
namespace {

class UsbCable : public testing::Test {
 protected:
  void power_on() {
    const auto on = mpsse::Wiring::with(wiring.idle(), wiring.at("power"), true);
    const auto heard = mpsse::Wiring::with(on, wiring.at("isolate"), false);
    const mpsse::Pins pins{heard, wiring.direction()};
    Bytes commands;
    mpsse::append_set_low(commands, pins);
    mpsse::append_set_high(commands, pins);
    world.run(chip.set_bit_mode(BitMode::mpsse), 1s, "mode");
    world.run(chip.write(commands), 1s, "power");
    pass(1s);
  }
  void pass(Duration time) {
    world.run(world.sleep_for(time, "time"), time + 1s, "pass");
  }
  ReadResult hear() {
    std::uint8_t buffer[256];
    return world.run(harness.console().read_some(buffer, world.now() + 1ms), 1s,
                     "hear");
  }

  World world{1};
  LockModel model = test_model(Strategy::swap_move);
  Unit unit{"6A-0001", "2580", "70418263"};
  SimNetwork network{world};
  mpsse::Wiring wiring =
      mpsse::load_wiring(LOCKRIG_ROOT "/fixtures/boards/6000i/wiring.csv");
  LockBoard lock{world, model,   unit,
                 {},    network, *factory_fresh(model, unit, test_image(model, 1))};
  Ft2232h chip{world};
  Harness harness{world, chip, lock, wiring};
};

TEST_F(UsbCable, pulled_it_cuts_the_boards_power_by_the_pulls) {
  power_on();
  ASSERT_TRUE(lock.output(Output::rail));
  harness.unplug("usb");
  pass(5s);
  EXPECT_FALSE(lock.output(Output::rail));
}

TEST_F(UsbCable, pulled_it_fails_the_console_both_ways) {
  harness.unplug("usb");
  EXPECT_EQ(hear().status, StreamStatus::failed);
  const Bytes byte{'x'};
  EXPECT_EQ(world.run(harness.console().write(byte), 1s, "say"), StreamStatus::failed);
}

TEST_F(UsbCable, pulled_it_fails_a_console_read_under_way) {
  std::optional<StreamStatus> reading;
  Life life(world, "host");
  life.spawn([](ByteStream& of, std::optional<StreamStatus>& to) -> Task<void> {
    std::uint8_t byte[1];
    const ReadResult read = co_await of.read_some(byte, kNever);
    to = read.status;
  }(harness.console(), reading));
  pass(1ms);
  EXPECT_FALSE(reading);
  harness.unplug("usb");
  pass(1us);
  EXPECT_EQ(reading, StreamStatus::failed);
}

TEST_F(UsbCable, what_the_board_said_while_it_was_out_is_lost_and_no_more) {
  harness.unplug("usb");
  harness.replug("usb");
  EXPECT_EQ(hear().status, StreamStatus::timed_out);
  power_on();
  EXPECT_EQ(hear().status, StreamStatus::ok);
}

TEST_F(UsbCable, that_vanishes_by_the_chips_count_takes_the_console_along) {
  chip.pull_usb_at(1);
  const Bytes bytes{0x81};
  EXPECT_EQ(world.run(chip.write(bytes), 1s, "write"), StreamStatus::failed);
  EXPECT_EQ(hear().status, StreamStatus::failed);
}

}  // namespace
}  // namespace lockrig::twin
