// MPSSE ports through the unmodified libftdi1 and libusb, against chips on an emulated
// USB bus in another process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <memory>

#include "rig/core/error.hpp"
#include "rig/io/ft4232h_pair.hpp"
#include "rig/io/ftdi_list.hpp"
#include "rig/io/mpsse_port.hpp"
#include "rig/protocol/mpsse.hpp"
#include "tests/rehearsal/program.hpp"

namespace lockrig::io {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class MpsseUsbTest : public testing::Test {
 protected:
  static constexpr Duration kLimit = 20s;

  void SetUp() override {
    const char* preload = std::getenv("LD_PRELOAD");
    ASSERT_TRUE(preload != nullptr && std::strstr(preload, "umockdev") != nullptr)
        << "these tests need libumockdev-preload.so.0";
  }

  void start(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "chips");
    chips_ = std::make_unique<rehearsal::BusProgram>(arguments);
  }
  std::unique_ptr<MpssePort> make(const std::string& usb_serial,
                                  const mpsse::Chip& chip = mpsse::kFt2232h,
                                  int channel = 0) {
    MpssePort::Config config;
    config.station = "A1";
    config.chip = &chip;
    config.usb_serial = usb_serial;
    config.channel = channel;
    return std::make_unique<MpssePort>(world_, config);
  }
  void run(Task<void> task) { world_.run(std::move(task), kLimit, "the test"); }
  std::string error_of(Task<void> task) {
    try {
      run(std::move(task));
    } catch (const RigError& error) {
      return error.what();
    }
    return "";
  }

  static Task<void> write(FtdiChannel& channel, Bytes data) {
    const StreamStatus status = co_await channel.write(data);
    EXPECT_EQ(status, StreamStatus::ok);
  }
  static Task<Bytes> read(FtdiChannel& channel, std::size_t count) {
    Bytes all(count);
    std::size_t got = 0;
    while (got < count) {
      const ReadResult some =
          co_await channel.read_some(std::span(all).subspan(got), kNever);
      if (some.status != StreamStatus::ok) co_return Bytes{};
      got += some.count;
    }
    co_return all;
  }
  static Task<void> enter_mpsse(FtdiChannel& channel) {
    co_await channel.set_bit_mode(BitMode::reset);
    co_await channel.set_bit_mode(BitMode::mpsse);
    Bytes commands{0xaa, mpsse::op::kFlush};
    co_await write(channel, std::move(commands));
    const Bytes refused = co_await read(channel, 2);
    EXPECT_THAT(refused, ElementsAre(mpsse::op::kBadCommand, 0xaa));
    commands.clear();
    mpsse::append_clock(commands, mpsse::ChipClock{});
    co_await write(channel, std::move(commands));
  }
  static Task<void> expect_sample(FtdiChannel& channel, std::uint16_t pins) {
    Bytes commands;
    mpsse::append_sample(commands);
    commands.push_back(mpsse::op::kFlush);
    co_await write(channel, std::move(commands));
    const Bytes sample = co_await read(channel, 2);
    EXPECT_THAT(sample, ElementsAre(pins & 0xff, pins >> 8));
  }
  static Task<void> exchange(MpssePort& port, std::uint16_t pins) {
    co_await port.open();
    co_await enter_mpsse(port);
    co_await expect_sample(port, pins);
  }
  static Task<void> drive(FtdiChannel& channel, mpsse::Pins pins) {
    Bytes commands;
    mpsse::append_set_low(commands, pins);
    mpsse::append_set_high(commands, pins);
    mpsse::append_sample(commands);
    commands.push_back(mpsse::op::kFlush);
    co_await write(channel, std::move(commands));
    co_await read(channel, 2);
  }

  std::unique_ptr<rehearsal::BusProgram> chips_;
  World world_{1, Pace::wall};
};

TEST_F(MpsseUsbTest, drives_and_samples_the_pins_of_the_device_it_was_told) {
  start({"LR0001", "LR0002"});
  chips_->control({"set", "LR0002", "0", "5", "0"});
  const auto one = make("LR0001");
  const auto two = make("LR0002");
  run(exchange(*two, 0xffdf));
  run(exchange(*one, 0xffff));
  run(drive(*one, {0x4002, 0x420a}));
  EXPECT_EQ(chips_->control({"pins", "LR0001", "0"}), "levels=0x4002 driven=0x420a");
  EXPECT_EQ(chips_->control({"pins", "LR0002", "0"}), "levels=0x0000 driven=0x0000");
}

TEST_F(MpsseUsbTest, streams_more_than_the_chip_holds_both_ways) {
  constexpr int kSamples = 6000;  // 24000 bytes out, 12000 in: 4096 fit either FIFO
  start({"LR0001"});
  const auto port = make("LR0001");
  run(exchange(*port, 0xffff));
  Bytes commands;
  for (int i = 0; i < kSamples; ++i) {
    mpsse::append_wait(commands, 5);
    mpsse::append_sample(commands);
  }
  commands.push_back(mpsse::op::kFlush);
  Life life(world_, "writer");
  life.spawn(write(*port, commands));
  run([](MpssePort& p) -> Task<void> {
    const Bytes all = co_await read(p, 2 * kSamples);
    const Bytes expected(2 * kSamples, 0xff);
    EXPECT_EQ(all, expected);
  }(*port));
}

TEST_F(MpsseUsbTest, lists_what_is_plugged_in_and_who_has_it) {
  start({"LR0001", "LR0002"});
  const auto port = make("LR0001");
  run(port->open());
  const FtdiList list = list_ftdi();
  EXPECT_EQ(list.trouble, "");
  ASSERT_EQ(list.devices.size(), 2u);
  EXPECT_EQ(list.devices[0].usb_serial, "LR0001");
  EXPECT_EQ(list.devices[1].usb_serial, "LR0002");
  for (const FtdiDevice& device : list.devices) {
    EXPECT_EQ(device.product_id, 0x6010);
    EXPECT_EQ(device.chip, &mpsse::kFt2232h);
    EXPECT_EQ(device.trouble, "");
    EXPECT_NE(device.address, 0);
    EXPECT_EQ(device.drivers.size(), 2u);
  }
  EXPECT_NE(list.devices[0].path, list.devices[1].path);
}

TEST_F(MpsseUsbTest, says_why_a_device_does_not_open) {
  start({"LR0001", "LR0002"});
  EXPECT_THAT(error_of(make("LR0003")->open()),
              HasSubstr("gpio FT2232H LR0003: not found; FTDI devices on USB: "
                        "LR0001 (FT2232H), LR0002 (FT2232H)"));
  EXPECT_THAT(error_of(make("LR0001", mpsse::kFt232h)->open()),
              HasSubstr("is not an FT232H but FT2232H (check chip in the bench file)"));
  const auto first = make("LR0001");
  run(first->open());
  EXPECT_THAT(error_of(make("LR0001")->open()),
              HasSubstr("channel A is in use by another program"));
}

TEST_F(MpsseUsbTest, comes_back_after_an_unplugging_at_any_step) {
  start({"LR0001"});
  enum { before_opening, before_mode, before_write, while_reading, kSteps };
  for (int step = 0; step < kSteps; ++step) {
    const auto port = make("LR0001");
    if (step == before_opening) chips_->control({"unplug", "LR0001"});
    const std::string said = error_of(
        [](MpssePort& p, const rehearsal::BusProgram& chips, int when) -> Task<void> {
          const std::vector<std::string> unplug{"unplug", "LR0001"};
          co_await p.open();
          if (when == before_mode) chips.control(unplug);
          co_await enter_mpsse(p);
          if (when == before_write) chips.control(unplug);
          Bytes commands{mpsse::op::kFlush};
          co_await write(p, std::move(commands));
          if (when == while_reading) chips.control(unplug);
          co_await read(p, 1);
        }(*port, *chips_, step));
    EXPECT_THAT(said, HasSubstr("station A1, gpio FT2232H LR0001: ")) << step;
    EXPECT_THAT(said, HasSubstr(step == before_opening ? "not found"
                                                       : "vanished from "
                                                         "USB while"))
        << step;
    EXPECT_NE(error_of(port->open()), "") << step;
    chips_->control({"replug", "LR0001"});
    run(exchange(*port, 0xffff));
  }
}

TEST_F(MpsseUsbTest, lets_go_of_the_pins_when_closed_unless_told_to_leave_them) {
  start({"LR0001"});
  for (const bool leave : {false, true}) {
    auto port = make("LR0001");
    run(exchange(*port, 0xffff));
    run(drive(*port, {0x4002, 0x420a}));
    if (leave) port->leave_pins();
    port.reset();
    EXPECT_EQ(chips_->control({"pins", "LR0001", "0"}),
              leave ? "levels=0x4002 driven=0x420a" : "levels=0x1815 driven=0x1915");
  }
}

TEST_F(MpsseUsbTest, lets_the_dead_man_release_a_key_while_nobody_runs_the_world) {
  start({"LR0001"});
  const auto port = make("LR0001");
  run(exchange(*port, 0xffff));
  run(drive(*port, {0x0040, 0x0040}));
  Bytes release;
  mpsse::append_set_low(release, {0x0000, 0x0040});
  port->dead_man(release, world_.now() + 30ms);
  const Instant limit = world_.now() + 5s;
  std::string pins;
  while (pins != "levels=0x0000 driven=0x0040" && world_.now() < limit) {
    pins = chips_->control({"pins", "LR0001", "0"});
  }
  EXPECT_LT(world_.now(), limit);
}

TEST_F(MpsseUsbTest, makes_one_port_of_the_two_channels_of_an_ft4232h) {
  start({"--chip", "FT4232H", "LR0004"});
  const auto low = make("LR0004", mpsse::kFt4232h, 0);
  const auto high = make("LR0004", mpsse::kFt4232h, 1);
  Ft4232hPair pair(world_, *low, *high);
  chips_->control({"set", "LR0004", "1", "2", "0"});
  run([](MpssePort& a, MpssePort& b, FtdiChannel& both) -> Task<void> {
    co_await a.open();
    co_await b.open();
    co_await enter_mpsse(both);
    co_await expect_sample(both, 0xfbff);
    co_await drive(both, {0x0802, 0x0a0a});
  }(*low, *high, pair));
  EXPECT_EQ(chips_->control({"pins", "LR0004", "0"}), "levels=0x0002 driven=0x000a");
  EXPECT_EQ(chips_->control({"pins", "LR0004", "1"}), "levels=0x0008 driven=0x000a");
}

}  // namespace
}  // namespace lockrig::io
