#include "rig/io/mpsse_port.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "rig/core/error.hpp"
#include "tests/io/fake_ftdi_handle.hpp"

namespace lockrig::io {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class MpssePortTest : public testing::Test {
 protected:
  static constexpr Duration kLimit = 10s;

  std::unique_ptr<MpssePort> make(MpssePort::Config config = {}) {
    if (config.station.empty()) config.station = "A1";
    if (config.usb_serial.empty()) config.usb_serial = "LR0001";
    return std::make_unique<MpssePort>(world_, config,
                                       std::make_unique<FakeHandle>(device_));
  }

  void run(Task<void> task) { world_.run(std::move(task), kLimit, "the test"); }

  /// What the rig is told; "" if nothing goes wrong.
  std::string error_of(Task<void> task) {
    try {
      run(std::move(task));
    } catch (const RigError& error) {
      EXPECT_EQ(error.station(), "A1");
      return error.what();
    }
    return "";
  }

  static Task<void> write(MpssePort& port, Bytes data) {
    const StreamStatus status = co_await port.write(data);
    EXPECT_EQ(status, StreamStatus::ok);
  }
  static Task<Bytes> read(MpssePort& port, std::size_t count) {
    Bytes all(count);
    std::size_t got = 0;
    while (got < count) {
      const ReadResult some =
          co_await port.read_some(std::span(all).subspan(got), kNever);
      if (some.status != StreamStatus::ok) co_return Bytes{};
      got += some.count;
    }
    co_return all;
  }
  /// What a Gpio does first, and a sample.
  static Task<void> exchange(MpssePort& port) {
    co_await port.open();
    co_await port.set_bit_mode(BitMode::reset);
    co_await port.set_bit_mode(BitMode::mpsse);
    Bytes commands{0xaa, mpsse::op::kFlush};
    co_await write(port, commands);
    const Bytes refused = co_await read(port, 2);
    EXPECT_THAT(refused, ElementsAre(mpsse::op::kBadCommand, 0xaa));
    commands = {mpsse::op::kReadLow, mpsse::op::kReadHigh, mpsse::op::kFlush};
    co_await write(port, commands);
    const Bytes sample = co_await read(port, 2);
    EXPECT_THAT(sample, ElementsAre(0x34, 0x12));
  }

  bool has(const std::string& entry) {
    return device_->with([&](FakeDevice& d) {
      return std::find(d.log.begin(), d.log.end(), entry) != d.log.end();
    });
  }

  std::shared_ptr<FakeDevice> device_ = std::make_shared<FakeDevice>();
  World world_{1, Pace::wall};
};

TEST_F(MpssePortTest, opens_synchronises_and_samples) {
  const auto port = make();
  run(exchange(*port));
  EXPECT_TRUE(has("open LR0001 0"));
}

TEST_F(MpssePortTest, opens_anew_when_it_is_open) {
  const auto port = make();
  run(exchange(*port));
  run(exchange(*port));
}

TEST_F(MpssePortTest, sets_the_latency_timer_of_every_channel) {
  for (const mpsse::Chip* chip : mpsse::kChips) {
    device_->latency_ms.clear();
    MpssePort::Config config;
    config.chip = chip;
    const auto port = make(config);
    run(port->open());
    EXPECT_EQ(device_->latency_ms.size(), chip->channels.size());
    for (const auto& [channel, latency] : device_->latency_ms) EXPECT_EQ(latency, 1);
  }
}

TEST_F(MpssePortTest, refuses_a_latency_timer_that_does_not_stick) {
  const auto port = make();
  device_->timer_sticks_at = 16;
  EXPECT_EQ(error_of(port->open()),
            "station A1, gpio FT2232H LR0001: its latency timer of channel A is 16 ms, "
            "set to 1 (check that the chip is a genuine FT2232H)");
  device_->timer_sticks_at = 0;
  run(exchange(*port));
}

TEST_F(MpssePortTest, says_why_a_device_does_not_open_and_opens_it_later) {
  const auto port = make();
  device_->with([](FakeDevice& d) { d.open_refusal = "channel A is in use by me"; });
  const std::string said =
      "station A1, gpio FT2232H LR0001: channel A is in use by me (check the fake)";
  EXPECT_EQ(error_of(port->open()), said);
  EXPECT_EQ(error_of(port->set_bit_mode(BitMode::reset)), said);
  device_->with([](FakeDevice& d) { d.open_refusal.clear(); });
  EXPECT_EQ(error_of(port->set_bit_mode(BitMode::reset)), said);
  run(exchange(*port));
}

TEST_F(MpssePortTest, survives_an_unplugging_at_every_step) {
  int step = 1;
  for (;; ++step) {
    const auto port = make();
    device_->with([&](FakeDevice& d) {
      d.calls = 0;
      d.vanishes_at = step;
    });
    const std::string said = error_of(exchange(*port));
    if (said.empty()) break;
    EXPECT_THAT(said, HasSubstr("station A1, gpio FT2232H LR0001: vanished from USB "
                                "while "));
    EXPECT_THAT(said, HasSubstr("(check its cable, hub and power)"));
    // Gone for every later call.
    EXPECT_THAT(error_of(write(*port, {0x87})), HasSubstr("vanished from USB"));
    EXPECT_THAT(error_of(port->open()), HasSubstr("vanished from USB"));
    device_->with([&](FakeDevice& d) {
      d.vanishes_at = 0;
      d.there = true;
    });
    run(exchange(*port));
  }
  // open, reset, purge, two timers set and read, two bit modes, writes and reads.
  EXPECT_GT(step, 14);
}

TEST_F(MpssePortTest, says_for_how_long_a_device_is_gone) {
  const auto port = make();
  run(port->open());
  device_->with([](FakeDevice& d) { d.there = false; });
  std::string said;
  while (said.find("gone for") == std::string::npos) {
    ASSERT_LT(to_seconds(world_.now()), 5.0);
    said = error_of(port->open());
    ASSERT_NE(said, "");
  }
  EXPECT_THAT(said, HasSubstr("vanished from USB while opening it (gone for 0.1 s)"));
}

TEST_F(MpssePortTest, ends_a_waiting_read_when_the_device_vanishes) {
  const auto port = make();
  run(port->open());
  Life life(world_, "reader");
  std::string said;
  Signal ended(world_);
  life.spawn([](MpssePort& p, std::string& text, Signal& end) -> Task<void> {
    try {
      co_await read(p, 1);
    } catch (const RigError& error) {
      text = error.what();
    }
    end.notify();
  }(*port, said, ended));
  run([](FakeDevice& device, Signal& end, const std::string& text) -> Task<void> {
    device.with([](FakeDevice& d) { d.there = false; });
    if (text.empty()) co_await end.wait(kNever, "the reader");
  }(*device_, ended, said));
  EXPECT_THAT(said, HasSubstr("vanished from USB while reading"));
}

TEST_F(MpssePortTest, reads_from_usb_only_while_somebody_waits) {
  const auto port = make();
  run(port->open());
  for (int i = 0; i < 20; ++i) run(write(*port, {mpsse::op::kReadLow}));
  EXPECT_FALSE(has("read"));
  run([](MpssePort& p) -> Task<void> {
    const Bytes all = co_await read(p, 20);
    EXPECT_EQ(all.size(), 20u);
  }(*port));
  EXPECT_TRUE(has("read"));
}

TEST_F(MpssePortTest, writes_while_an_answer_is_awaited) {
  const auto port = make();
  run(port->open());
  device_->with([](FakeDevice& d) { d.holds_reads = true; });
  Life life(world_, "reader");
  Bytes said;
  life.spawn([](MpssePort& p, Bytes& into) -> Task<void> {
    into = co_await read(p, 1);
  }(*port, said));
  run([](World& world) -> Task<void> { co_await world.sleep_for(0ns, "it"); }(world_));
  ASSERT_TRUE(device_->wait([](FakeDevice& d) { return d.reading; }));
  // The read that hangs is still under way when the write has gone.
  run(write(*port, {mpsse::op::kReadLow}));
  EXPECT_TRUE(device_->with([](FakeDevice& d) { return d.reading; }));
  device_->release();
  run([](World& world, const Bytes& answer) -> Task<void> {
    while (answer.empty()) co_await world.sleep_for(1ms, "the answer");
  }(world_, said));
  EXPECT_THAT(said, ElementsAre(0x34));
}

TEST_F(MpssePortTest, takes_no_read_of_before_for_a_look_at_the_chip) {
  const auto port = make();
  run(port->open());
  device_->with([](FakeDevice& d) { d.holds_reads = true; });
  auto life = std::make_unique<Life>(world_, "reader");
  life->spawn([](MpssePort& p) -> Task<void> { co_await read(p, 1); }(*port));
  run([](World& world) -> Task<void> { co_await world.sleep_for(0ns, "it"); }(world_));
  ASSERT_TRUE(device_->wait([](FakeDevice& d) { return d.reading; }));
  // Its read is still under way when the next reader comes.
  life = std::make_unique<Life>(world_, "reader");
  Signal ended(world_);
  life->spawn([](MpssePort& p, Signal& end) -> Task<void> {
    Bytes into(1);
    const ReadResult result = co_await p.read_some(into, Instant{});
    EXPECT_EQ(result.status, StreamStatus::timed_out);
    end.notify();
  }(*port, ended));
  run([](Signal& end, FakeDevice& device) -> Task<void> {
    device.release();
    co_await end.wait(kNever, "the reader");
  }(ended, *device_));
  EXPECT_GE(device_->with([](FakeDevice& d) {
    return std::count(d.log.begin(), d.log.end(), "read");
  }),
            2);
}

TEST_F(MpssePortTest, a_read_of_before_does_not_fail_a_port_that_is_opened_anew) {
  const auto port = make();
  run(port->open());
  device_->with([](FakeDevice& d) { d.hangs = true; });
  Life life(world_, "reader");
  life.spawn([](MpssePort& p) -> Task<void> { co_await read(p, 1); }(*port));
  run([](World& world) -> Task<void> { co_await world.sleep_for(0ns, "it"); }(world_));
  ASSERT_TRUE(device_->wait([](FakeDevice& d) { return d.log.back() == "read"; }));
  device_->with([](FakeDevice& d) { d.hangs = false; });
  // It waits for the read under way, which then fails.
  run(port->open());
  EXPECT_EQ(error_of(write(*port, {mpsse::op::kReadLow})), "");
  EXPECT_EQ(error_of(write(*port, {mpsse::op::kReadHigh})), "");
}

TEST_F(MpssePortTest, gives_a_reader_without_time_what_the_chip_has) {
  const auto port = make();
  run(port->open());
  run(write(*port, {mpsse::op::kReadLow}));
  run([](MpssePort& p, World& world) -> Task<void> {
    Bytes into(4);
    ReadResult result = co_await p.read_some(into, world.now());
    EXPECT_EQ(result.status, StreamStatus::ok);
    EXPECT_EQ(result.count, 1u);
    result = co_await p.read_some(into, world.now());
    EXPECT_EQ(result.status, StreamStatus::timed_out);
    const Instant until = world.now() + 10ms;
    result = co_await p.read_some(into, until);
    EXPECT_EQ(result.status, StreamStatus::timed_out);
    EXPECT_GE(world.now(), until);
  }(*port, world_));
}

TEST_F(MpssePortTest, sends_what_a_full_chip_left_over_in_order) {
  const auto port = make();
  run(port->open());
  device_->room = 7;
  Bytes data(100);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i);
  run(write(*port, data));
  EXPECT_EQ(device_->with([](FakeDevice& d) { return d.commands; }), data);
}

TEST_F(MpssePortTest, takes_answers_while_the_chip_takes_no_commands) {
  const auto port = make();
  run(port->open());
  run(write(*port, {mpsse::op::kReadLow}));
  device_->with([](FakeDevice& d) { d.room = 0; });
  Life life(world_, "writer");
  life.spawn(write(*port, {mpsse::op::kFlush}));
  run([](MpssePort& p) -> Task<void> {
    const Bytes one = co_await read(p, 1);
    EXPECT_THAT(one, ElementsAre(0x34));
  }(*port));
  device_->with([](FakeDevice& d) { d.room = 1; });
  EXPECT_TRUE(device_->wait([](FakeDevice& d) { return d.commands.size() == 2; }));
}

TEST_F(MpssePortTest, drops_commands_and_answers_with_the_bit_mode) {
  const auto port = make();
  run(port->open());
  device_->with([](FakeDevice& d) { d.room = 0; });
  Life life(world_, "writer");
  life.spawn(write(*port, {mpsse::op::kReadLow}));
  run([](MpssePort& p) -> Task<void> {
    Bytes into(1);
    const ReadResult result = co_await p.read_some(into, Instant{});
    EXPECT_EQ(result.status, StreamStatus::timed_out);
    co_await p.set_bit_mode(BitMode::reset);
  }(*port));
  device_->with([](FakeDevice& d) { d.room = 100; });
  run(write(*port, {mpsse::op::kReadHigh}));
  EXPECT_THAT(device_->with([](FakeDevice& d) { return d.commands; }),
              ElementsAre(mpsse::op::kReadHigh));
}

TEST_F(MpssePortTest, lets_the_dead_man_act_while_nobody_runs_the_world) {
  const auto port = make();
  run(port->open());
  port->dead_man({0x80, 0x00, 0x40}, world_.now() + 10ms);
  ASSERT_TRUE(device_->wait([](FakeDevice& d) { return d.commands.size() == 3; }));
  EXPECT_EQ(device_->commands, (Bytes{0x80, 0x00, 0x40}));
}

TEST_F(MpssePortTest, forgets_a_dead_man_that_is_replaced_or_withdrawn) {
  const auto port = make();
  run(port->open());
  port->dead_man({0x01}, world_.now() + 5ms);
  port->dead_man({0x02}, world_.now() + 6ms);
  port->dead_man({}, world_.now());
  port->dead_man({0x03}, world_.now() + 5ms);
  run(port->set_bit_mode(BitMode::mpsse));
  port->dead_man({0x04}, world_.now() + 10ms);
  ASSERT_TRUE(device_->wait([](FakeDevice& d) { return !d.commands.empty(); }));
  EXPECT_THAT(device_->with([](FakeDevice& d) { return d.commands; }), ElementsAre(4));
}

TEST_F(MpssePortTest, lets_the_dead_man_in_between_writes_but_never_into_one) {
  const auto port = make();
  run(port->open());
  device_->with([](FakeDevice& d) { d.room = 2; });
  Life life(world_, "writer");
  Bytes data(600, 0x87);
  life.spawn(write(*port, data));
  run([](World& world) -> Task<void> { co_await world.sleep_for(0ns, "it"); }(world_));
  port->dead_man({0x80, 0x00, 0x40}, world_.now());
  ASSERT_TRUE(device_->wait([](FakeDevice& d) { return d.commands.size() == 603; }));
  Bytes expected = data;
  expected.insert(expected.end(), {0x80, 0x00, 0x40});
  const Bytes commands = device_->with([](FakeDevice& d) { return d.commands; });
  const bool in_front = std::equal(data.begin(), data.end(), commands.begin() + 3);
  EXPECT_TRUE(commands == expected || in_front);
}

TEST_F(MpssePortTest, resets_a_chip_that_takes_no_commands_from_the_dead_man) {
  const auto port = make();
  run(port->open());
  run(port->set_bit_mode(BitMode::mpsse));
  device_->with([](FakeDevice& d) {
    d.room = 0;
    d.log.clear();
  });
  port->dead_man({0x80, 0x00, 0x40}, world_.now() + 10ms);
  EXPECT_THAT(error_of(write(*port, {0x87})),
              HasSubstr("took no commands, and was reset to let go of its outputs"));
  EXPECT_TRUE(has("reset"));
}

TEST_F(MpssePortTest, lets_go_of_every_pin_when_it_is_closed) {
  const auto port = make();
  run(exchange(*port));
  device_->log.clear();
  port->close();
  port->close();
  EXPECT_THAT(device_->log, ElementsAre("reset", "close"));
  run([](MpssePort& p) -> Task<void> {
    Bytes data{0x87};
    const StreamStatus status = co_await p.write(data);
    EXPECT_EQ(status, StreamStatus::closed);
    const ReadResult result = co_await p.read_some(data, kNever);
    EXPECT_EQ(result.status, StreamStatus::closed);
    co_await p.set_bit_mode(BitMode::mpsse);
  }(*port));
  EXPECT_THAT(device_->log, ElementsAre("reset", "close"));
  EXPECT_THROW(run(port->open()), std::invalid_argument);
}

TEST_F(MpssePortTest, leaves_the_pins_when_it_was_asked_to) {
  auto port = make();
  run(exchange(*port));
  device_->log.clear();
  port->leave_pins();
  port.reset();
  EXPECT_THAT(device_->log, ElementsAre("close"));
}

TEST_F(MpssePortTest, can_be_destroyed_under_a_waiting_read_and_write) {
  for (const bool hangs : {false, true}) {
    auto port = make();
    run(port->open());
    device_->with([&](FakeDevice& d) {
      d.hangs = hangs;
      d.room = 0;
    });
    auto life = std::make_unique<Life>(world_, "users");
    life->spawn([](MpssePort& p) -> Task<void> { co_await read(p, 1); }(*port));
    life->spawn([](MpssePort& p) -> Task<void> {
      Bytes data{0x87};
      co_await p.write(data);
    }(*port));
    run([](World& world) -> Task<void> {
      co_await world.sleep_for(0ns, "all");
    }(world_));
    ASSERT_TRUE(device_->wait([](FakeDevice& d) {
      return d.log.back() == "write" || d.log.back() == "read";
    }));
    if (hangs) life.reset();
    port.reset();
    EXPECT_FALSE(device_->open);
    life.reset();
    device_->with([](FakeDevice& d) {
      d.hangs = false;
      d.room = SIZE_MAX;
    });
  }
}

TEST_F(MpssePortTest, leaves_nothing_behind_that_a_world_could_stumble_over) {
  auto port = make();
  run(port->open());
  port->dead_man({0x87}, world_.now());
  ASSERT_TRUE(device_->wait([](FakeDevice& d) { return !d.commands.empty(); }));
  port.reset();
  // What the thread posted comes out now.
  run([](World& world) -> Task<void> { co_await world.sleep_for(1ms, "it"); }(world_));
}

TEST_F(MpssePortTest, measures_its_writes) {
  const auto port = make();
  run(port->open());
  EXPECT_EQ(port->latency().count, 0u);
  for (int i = 0; i < 50; ++i) run(write(*port, {0x87}));
  const MpssePort::Latency latency = port->latency();
  EXPECT_EQ(latency.count, 50u);
  EXPECT_GT(latency.p50_us, 0);
  EXPECT_LE(latency.p50_us, latency.p99_us);
  EXPECT_LE(latency.p99_us, latency.max_us * 1.001);
  EXPECT_LT(latency.max_us, 5e6);
}

TEST_F(MpssePortTest, tells_the_caller_of_mistakes) {
  MpssePort::Config config;
  config.channel = 2;
  EXPECT_THROW(make(config), std::invalid_argument);
  config.channel = 1;
  config.chip = &mpsse::kFt232h;
  EXPECT_THROW(make(config), std::invalid_argument);
  World simulated(1);
  EXPECT_THROW(MpssePort(simulated, {}, std::make_unique<FakeHandle>(device_)),
               std::invalid_argument);
  const auto port = make();
  EXPECT_THROW(run(write(*port, {0x87})), std::invalid_argument);
}

}  // namespace
}  // namespace lockrig::io
