#include "rig/station/console.hpp"

#include "tests/station/rig.hpp"

namespace lockrig::station {
namespace {

Bytes text(std::string_view s) { return Bytes(s.begin(), s.end()); }

/// "what came|why it ended"
Task<std::string> read_all(ByteStream& stream, Instant until) {
  std::string all;
  std::uint8_t buffer[4];
  for (;;) {
    const ReadResult read = co_await stream.read_some(buffer, until);
    if (read.status != StreamStatus::ok) co_return all + "|" + to_string(read.status);
    all.append(buffer, buffer + read.count);
  }
}

TEST(Console, bytes_pass_both_ways_and_are_traced_with_their_times) {
  Rig rig("6000i");
  rig.run(rig.station.power.on());
  const Bytes hello = text("hello"), reply = text("ok");
  const Instant start = rig.world.now();
  rig.run(rig.to_rig->write(hello));
  EXPECT_EQ(rig.run(read_all(*rig.station.console, rig.world.now() + 1ms)),
            "hello|timed out");
  const Instant answered = rig.world.now();
  EXPECT_EQ(rig.run(rig.station.console->write(reply)), StreamStatus::ok);

  std::vector<Trace::Event> runs;
  for (const Trace::Event& event : rig.world.trace().events()) {
    if (event.kind == Trace::Kind::bytes) runs.push_back(event);
  }
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].data, "hello");
  EXPECT_EQ(runs[0].at, start + 500us - 5 * Console::kBytePeriod);
  EXPECT_EQ(runs[0].byte_period, Console::kBytePeriod);
  EXPECT_EQ(rig.world.trace().channels()[runs[0].channel], "A1/console_in");
  EXPECT_EQ(runs[1].data, "ok");
  EXPECT_EQ(runs[1].at, answered);
  EXPECT_EQ(rig.world.trace().channels()[runs[1].channel], "A1/console_out");
}

TEST(Console, a_cut_ends_a_pending_read_and_leaves_what_had_arrived) {
  Rig rig("6000i");
  rig.run(rig.station.power.on());
  Life other(rig.world, "cut");
  other.spawn([](Rig& r) -> Task<void> {
    const Bytes last = text("last words");
    co_await r.to_rig->write(last);
    co_await r.station.power.off(Power::Style::hard);
  }(rig));
  const Instant begun = rig.world.now();
  EXPECT_EQ(rig.run(read_all(*rig.station.console, kNever)), "last words|closed");
  EXPECT_LT(rig.world.now() - begun, 50ms);
}

TEST(Console, what_arrived_unread_before_the_cut_stays_readable) {
  Rig rig("6000i");
  rig.run(rig.station.power.on());
  const Bytes last = text("last words");
  rig.run(rig.to_rig->write(last));
  rig.run(rig.station.power.off(Power::Style::hard));
  EXPECT_EQ(rig.run(read_all(*rig.station.console, kNever)), "last words|closed");
}

TEST(Console, nothing_is_sent_while_the_console_is_isolated) {
  Rig rig("6000i");
  int sent = 0;
  rig.to_board->watch([&](Instant, ByteView) { ++sent; });
  const Bytes data = text("x");
  EXPECT_EQ(rig.run(rig.station.console->write(data)), StreamStatus::closed);
  EXPECT_EQ(sent, 0);
  rig.run(rig.station.power.on());
  EXPECT_EQ(rig.run(rig.station.console->write(data)), StreamStatus::ok);
  EXPECT_EQ(sent, 1);
}

TEST(Console, a_broken_line_says_so) {
  Rig rig("6000i");
  rig.run(rig.station.power.on());
  rig.to_rig->fail();
  EXPECT_EQ(rig.run(read_all(*rig.station.console, kNever)), "|failed");
}

TEST(Console, discarded_bytes_are_gone) {
  Rig rig("6000i");
  rig.run(rig.station.power.on());
  const Bytes junk = text("junk"), news = text("news");
  rig.run(rig.to_rig->write(junk));
  rig.sleep(1ms);
  rig.station.console->discard();
  rig.run(rig.to_rig->write(news));
  EXPECT_EQ(rig.run(read_all(*rig.station.console, rig.world.now() + 1ms)),
            "news|timed out");
}

/// A serial port: while gone, calls say so with a RigError, and it may come back.
class Port final : public ByteStream {
 public:
  explicit Port(World& world) : changed_(world) {}
  void say(const char* what) {
    arrived_ = text(what);
    changed_.notify();
  }
  void be(bool gone) {
    gone_ = gone;
    changed_.notify();
  }

  Task<ReadResult> read_some(std::span<std::uint8_t> into, Instant until) override {
    while (arrived_.empty()) {
      if (gone_) throw RigError("A1", "console", "gone", "its cable");
      co_await changed_.wait(until, "port");
    }
    const std::size_t count = std::min(into.size(), arrived_.size());
    std::copy_n(arrived_.begin(), count, into.begin());
    arrived_.clear();
    co_return ReadResult{StreamStatus::ok, count};
  }
  Task<StreamStatus> write(ByteView) override {
    if (gone_) throw RigError("A1", "console", "gone", "its cable");
    co_return StreamStatus::ok;
  }
  void close() override {}

 private:
  bool gone_ = false;
  Bytes arrived_;
  Signal changed_;
};

TEST(Console, a_port_that_came_back_is_heard_again) {
  World world{1};
  Port port(world);
  Console console(world, port, "A1");
  console.set_live(true);
  const auto read = [&] {
    return world.run(read_all(console, world.now() + 1ms), kLimit, "read");
  };
  const Bytes data = text("x");
  EXPECT_EQ(read(), "|timed out");
  EXPECT_NO_THROW(console.check());
  port.be(true);
  EXPECT_THROW(read(), RigError);
  EXPECT_THROW(read(), RigError) << "the same one is kept";
  EXPECT_THROW(world.run(console.write(data), kLimit, "write"), RigError);
  port.be(false);
  port.say("back");
  world.run(world.sleep_for(Console::kRetry, "test"), kLimit, "retry");
  EXPECT_EQ(read(), "back|timed out");
  EXPECT_EQ(world.run(console.write(data), kLimit, "write"), StreamStatus::ok);
  EXPECT_THROW(console.check(), RigError) << "it failed once";
}

TEST(Console, a_port_that_takes_bytes_again_works_though_the_board_is_silent) {
  World world{1};
  Port port(world);
  Console console(world, port, "A1");
  console.set_live(true);
  port.be(true);
  world.run(world.sleep_for(1s, "test"), kLimit, "gone");
  port.be(false);
  const Bytes data = text("x");
  EXPECT_EQ(world.run(console.write(data), kLimit, "write"), StreamStatus::ok);
  EXPECT_EQ(world.run(read_all(console, world.now() + 1s), kLimit, "read"),
            "|timed out");
}

}  // namespace
}  // namespace lockrig::station
