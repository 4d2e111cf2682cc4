#include "rig/io/ft4232h_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "rig/core/error.hpp"
#include "rig/protocol/mpsse.hpp"
#include "rig/protocol/waveform.hpp"

namespace lockrig::io {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Parts {
  Bytes low;
  Bytes high;
};

Parts parts(Ft4232hSplit& split, const Bytes& commands) {
  Parts result;
  split.split(commands, result.low, result.high);
  return result;
}

Bytes merged(Ft4232hSplit& split, std::size_t most = 100) {
  Bytes into(most);
  into.resize(split.merge(into));
  return into;
}

TEST(Ft4232hSplit, gives_each_channel_its_byte_and_both_the_clocks) {
  Ft4232hSplit split;
  Bytes commands;
  mpsse::append_clock(commands, mpsse::ChipClock{});
  mpsse::append_set_low(commands, {0x1234, 0x5678});
  mpsse::append_set_high(commands, {0x1234, 0x5678});
  mpsse::append_wait(commands, 11);
  commands.push_back(mpsse::op::kFlush);
  const Parts got = parts(split, commands);
  EXPECT_THAT(got.low, ElementsAre(0x8a, 0x86, 29, 0, 0x80, 0x34, 0x78, 0x8f, 0, 0,
                                   0x8e, 2, 0x87));
  EXPECT_THAT(got.high, ElementsAre(0x8a, 0x86, 29, 0, 0x80, 0x12, 0x56, 0x8f, 0, 0,
                                    0x8e, 2, 0x87));
  EXPECT_FALSE(split.expects_answers());
}

TEST(Ft4232hSplit, keeps_the_channels_in_step_through_a_waveform) {
  mpsse::Waveform waveform;
  waveform.set({0x0202, 0x0a0a}).wait(3ms).set({0x0802, 0x0a0a}).sample_every(1ms, 5ms);
  const auto compiled = mpsse::compile(waveform, mpsse::ChipClock{});
  Ft4232hSplit split;
  const Parts got = parts(split, compiled.commands);
  const auto clocks = [](ByteView stream) {
    std::int64_t sum = 0;
    while (const auto command = mpsse::next(stream)) sum += command->clocks;
    return sum;
  };
  EXPECT_EQ(clocks(got.low), 8000);
  EXPECT_EQ(clocks(got.high), 8000);
}

TEST(Ft4232hSplit, merges_the_answers_in_the_order_of_the_commands) {
  Ft4232hSplit split;
  Bytes commands;
  mpsse::append_sample(commands);
  mpsse::append_sample(commands);
  commands.push_back(mpsse::op::kReadHigh);
  const Parts got = parts(split, commands);
  EXPECT_THAT(got.low, ElementsAre(0x81, 0x81));
  EXPECT_THAT(got.high, ElementsAre(0x81, 0x81, 0x81));

  EXPECT_FALSE(split.wants_high());
  split.take_high(Bytes{11, 12});
  EXPECT_THAT(merged(split), IsEmpty());
  split.take_low(Bytes{1});
  EXPECT_THAT(merged(split, 1), ElementsAre(1));
  EXPECT_TRUE(split.wants_high());
  EXPECT_THAT(merged(split), ElementsAre(11));
  EXPECT_FALSE(split.wants_high());
  split.take_low(Bytes{2});
  EXPECT_THAT(merged(split), ElementsAre(2, 12));
  EXPECT_TRUE(split.wants_high());
  split.take_high(Bytes{13, 99});
  // 99 was not asked for, and is not hidden.
  EXPECT_THAT(merged(split), ElementsAre(13, 99));
}

TEST(Ft4232hSplit, takes_a_stream_that_is_cut_anywhere) {
  Bytes commands;
  mpsse::append_set_low(commands, {0x1234, 0xffff});
  mpsse::append_wait(commands, 100);
  mpsse::append_set_high(commands, {0x1234, 0xffff});
  mpsse::append_sample(commands);
  Ft4232hSplit whole;
  const Parts expected = parts(whole, commands);
  for (std::size_t cut = 0; cut <= commands.size(); ++cut) {
    Ft4232hSplit split;
    Parts got;
    split.split(ByteView(commands).first(cut), got.low, got.high);
    split.split(ByteView(commands).subspan(cut), got.low, got.high);
    EXPECT_EQ(got.low, expected.low) << cut;
    EXPECT_EQ(got.high, expected.high) << cut;
  }
}

TEST(Ft4232hSplit, refuses_every_wait_for_gpiol1_and_takes_nothing_of_the_stream) {
  const std::vector<Bytes> waits{{0x88}, {0x89},       {0x94},
                                 {0x95}, {0x9c, 1, 0}, {0x9d, 1, 0}};
  for (const Bytes& wait : waits) {
    Ft4232hSplit split;
    Bytes commands{mpsse::op::kReadLow};
    commands.insert(commands.end(), wait.begin(), wait.end());
    Bytes low;
    Bytes high;
    EXPECT_THROW(split.split(commands, low, high), std::invalid_argument);
    EXPECT_THAT(low, IsEmpty());
    EXPECT_FALSE(split.expects_answers());
    split.split(Bytes{mpsse::op::kFlush}, low, high);
    EXPECT_THAT(low, ElementsAre(mpsse::op::kFlush));
  }
}

TEST(Ft4232hSplit, answers_a_bad_command_once_if_both_channels_refuse_it) {
  Ft4232hSplit split;
  const Parts got = parts(split, {0xaa});
  EXPECT_EQ(got.low, got.high);
  split.take_low(Bytes{0xfa, 0xaa});
  EXPECT_THAT(merged(split), IsEmpty());
  EXPECT_TRUE(split.wants_high());
  split.take_high(Bytes{0xfa, 0xaa});
  EXPECT_THAT(merged(split), ElementsAre(0xfa, 0xaa));
  EXPECT_FALSE(split.expects_answers());
}

TEST(Ft4232hSplit, shows_the_channel_that_is_out_of_step) {
  for (const bool low_is_right : {false, true}) {
    Ft4232hSplit split;
    parts(split, {0xaa});
    const Bytes right{0xfa, 0xaa};
    const Bytes wrong{0xfa, 0x55};
    split.take_low(low_is_right ? right : wrong);
    split.take_high(low_is_right ? wrong : right);
    EXPECT_EQ(merged(split), wrong);
  }
}

/// One channel: reads its 8 pins, takes `pace` for a write, may fail.
class FakeChannel final : public FtdiChannel {
 public:
  explicit FakeChannel(World& world) : world_(world), changed_(world) {}

  Task<StreamStatus> write(ByteView data) override {
    write_began = world_.now();
    if (pace > 0ns) co_await world_.sleep_for(pace, "a slow chip");
    if (fails) throw RigError("A1", name, "vanished from USB", "its cable");
    commands.insert(commands.end(), data.begin(), data.end());
    while (const auto command = mpsse::next(data)) {
      if (command->kind == mpsse::Command::Kind::read_low) answers.push_back(pins);
    }
    changed_.notify();
    co_return StreamStatus::ok;
  }
  Task<ReadResult> read_some(std::span<std::uint8_t> into, Instant until) override {
    for (bool in_time = true; answers.empty();
         in_time = co_await changed_.wait(until, "a fake channel")) {
      if (!in_time) co_return ReadResult{StreamStatus::timed_out, 0};
    }
    into[0] = answers.front();
    answers.erase(answers.begin());
    co_return ReadResult{StreamStatus::ok, 1};
  }
  void close() override { closed = true; }
  Task<void> set_bit_mode(BitMode) override {
    ++mode_changes;
    if (fails) throw RigError("A1", name, "vanished from USB", "its cable");
    co_return;
  }
  void dead_man(Bytes data, Instant due) override {
    dead_man_commands = std::move(data);
    dead_man_due = due;
  }

  std::string name = "a";
  std::uint8_t pins = 0;
  Duration pace{};
  bool fails = false;
  Bytes commands;
  Bytes answers;
  Instant write_began{};
  bool closed = false;
  int mode_changes = 0;
  Bytes dead_man_commands;
  Instant dead_man_due{};

 private:
  World& world_;
  Signal changed_;
};

class Ft4232hPairTest : public testing::Test {
 protected:
  void run(Task<void> task) { world_.run(std::move(task), 10s, "the test"); }
  static Task<void> write(FtdiChannel& pair, Bytes commands) {
    const StreamStatus status = co_await pair.write(commands);
    EXPECT_EQ(status, StreamStatus::ok);
  }
  World world_{1};
  FakeChannel low_{world_};
  FakeChannel high_{world_};
  Ft4232hPair pair_{world_, low_, high_};
};

TEST_F(Ft4232hPairTest, samples_sixteen_pins) {
  low_.pins = 0x34;
  high_.pins = 0x12;
  run([](FtdiChannel& pair) -> Task<void> {
    Bytes commands;
    for (int i = 0; i < 3; ++i) mpsse::append_sample(commands);
    co_await write(pair, std::move(commands));
    Bytes all(6);
    std::size_t got = 0;
    while (got < all.size()) {
      const ReadResult some =
          co_await pair.read_some(std::span(all).subspan(got), kNever);
      got += some.count;
    }
    EXPECT_THAT(all, ElementsAre(0x34, 0x12, 0x34, 0x12, 0x34, 0x12));
    const ReadResult none = co_await pair.read_some(all, Instant{} + 1s);
    EXPECT_EQ(none.status, StreamStatus::timed_out);
  }(pair_));
}

TEST_F(Ft4232hPairTest, starts_both_channels_together) {
  low_.pace = 5ms;
  high_.pace = 3ms;
  run(write(pair_, {mpsse::op::kClockBits, 0}));
  EXPECT_EQ(low_.write_began, high_.write_began);
  EXPECT_EQ(world_.now(), Instant{} + 5ms);
  EXPECT_EQ(low_.commands, high_.commands);
}

TEST_F(Ft4232hPairTest, leaves_a_channel_alone_that_has_nothing_to_do) {
  Bytes commands;
  mpsse::append_set_high(commands, {0xff00, 0xff00});
  run(write(pair_, commands));
  EXPECT_THAT(low_.commands, IsEmpty());
  EXPECT_THAT(high_.commands, ElementsAre(0x80, 0xff, 0xff));
}

TEST_F(Ft4232hPairTest, passes_on_the_failure_of_either_channel) {
  for (FakeChannel* channel : {&low_, &high_}) {
    channel->fails = true;
    EXPECT_THROW(run(write(pair_, {mpsse::op::kFlush})), RigError);
    channel->fails = false;
    run(write(pair_, {mpsse::op::kFlush}));
  }
}

TEST_F(Ft4232hPairTest, resets_the_other_channel_when_one_fails_to) {
  low_.fails = true;
  EXPECT_THROW(run(pair_.set_bit_mode(BitMode::reset)), RigError);
  EXPECT_EQ(high_.mode_changes, 1);
}

TEST_F(Ft4232hPairTest, drops_what_was_expected_with_the_bit_mode) {
  run(write(pair_, {mpsse::op::kReadHigh}));
  run(pair_.set_bit_mode(BitMode::mpsse));
  EXPECT_EQ(low_.mode_changes + high_.mode_changes, 2);
  low_.pins = 7;
  high_.answers.clear();
  run([](FtdiChannel& pair) -> Task<void> {
    Bytes commands{mpsse::op::kReadLow};
    co_await write(pair, std::move(commands));
    Bytes one(1);
    const ReadResult result = co_await pair.read_some(one, kNever);
    EXPECT_EQ(result.count, 1u);
    EXPECT_THAT(one, ElementsAre(7));
  }(pair_));
}

TEST_F(Ft4232hPairTest, gives_each_channel_its_dead_man) {
  Bytes commands;
  mpsse::append_set_low(commands, {0x1234, 0x5678});
  mpsse::append_set_high(commands, {0x1234, 0x5678});
  pair_.dead_man(commands, Instant{} + 3s);
  EXPECT_THAT(low_.dead_man_commands, ElementsAre(0x80, 0x34, 0x78));
  EXPECT_THAT(high_.dead_man_commands, ElementsAre(0x80, 0x12, 0x56));
  EXPECT_EQ(high_.dead_man_due, Instant{} + 3s);
  pair_.dead_man({}, Instant{});
  EXPECT_THAT(low_.dead_man_commands, IsEmpty());
  EXPECT_THAT(high_.dead_man_commands, IsEmpty());
  EXPECT_THROW(pair_.dead_man({mpsse::op::kReadLow}, Instant{}), std::invalid_argument);
}

TEST_F(Ft4232hPairTest, closes_both_channels) {
  pair_.close();
  EXPECT_TRUE(low_.closed);
  EXPECT_TRUE(high_.closed);
}

}  // namespace
}  // namespace lockrig::io
