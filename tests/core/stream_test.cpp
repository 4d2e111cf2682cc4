#include "rig/core/stream.hpp"

#include <gtest/gtest.h>

#include "rig/core/network.hpp"

namespace lockrig {
namespace {

Bytes text(std::string_view s) { return Bytes(s.begin(), s.end()); }

Task<std::string> read_all(Pipe& pipe, Instant until) {
  std::string all;
  std::uint8_t buffer[16];
  for (;;) {
    const ReadResult read = co_await pipe.read_some(buffer, until);
    if (read.status != StreamStatus::ok) {
      co_return all + "|" + to_string(read.status);
    }
    all.append(buffer, buffer + read.count);
  }
}

TEST(Pipe, a_byte_takes_its_time_on_the_line) {
  World world(1);
  Pipe pipe(world, 1ms, 0ms);
  const Bytes data = text("hello");
  world.run(pipe.write(data), 1s, "write");
  EXPECT_EQ(world.now(), Instant(5ms));
  EXPECT_EQ(world.run(read_all(pipe, Instant(6ms)), 1s, "read"), "hello|timed out");
}

TEST(Pipe, a_cut_line_gives_the_bytes_that_had_ended) {
  World world(1);
  Life life(world, "writer");
  Pipe pipe(world, 1ms, 0ms);
  const Bytes data = text("abcdefgh");
  life.spawn(
      [](Pipe& p, const Bytes& d) -> Task<void> { co_await p.write(d); }(pipe, data));
  Timer cut(world, "cut", [&] { pipe.connect(false); });
  cut.at(Instant(3500us));
  EXPECT_EQ(world.run(read_all(pipe, Instant(1s)), 2s, "read"), "abc|timed out");
}

TEST(Pipe, bytes_written_to_an_open_line_vanish) {
  World world(1);
  Pipe pipe(world, 1ms, 0ms);
  const Bytes data = text("lost");
  pipe.connect(false);
  EXPECT_EQ(world.run(pipe.write(data), 1s, "write"), StreamStatus::ok);
  pipe.connect(true);
  EXPECT_EQ(world.run(read_all(pipe, Instant(1s)), 2s, "read"), "|timed out");
}

TEST(Pipe, closing_lets_what_was_sent_arrive_first) {
  World world(1);
  Pipe pipe(world, 1ms, 5ms);
  const Bytes data = text("bye");
  world.run(pipe.write(data), 1s, "write");
  pipe.close();
  EXPECT_EQ(world.run(read_all(pipe, Instant(1s)), 2s, "read"), "bye|closed");
}

TEST(Pipe, two_writes_queue_on_one_line) {
  World world(1);
  Life life(world, "writer");
  Pipe pipe(world, 1ms, 10ms);
  const Bytes a = text("ab"), b = text("cd");
  life.spawn([](Pipe& p, const Bytes& x, const Bytes& y) -> Task<void> {
    co_await p.write(x);
    co_await p.write(y);
    p.close();
  }(pipe, a, b));
  EXPECT_EQ(world.run(read_all(pipe, Instant(1s)), 2s, "read"), "abcd|closed");
  EXPECT_EQ(world.now(), Instant(14ms));
}

Task<std::string> exchange(SimNetwork& network, Duration limit, World& world) {
  auto stream = co_await network.connect("portal", 80, world.now() + limit);
  if (!stream) co_return "refused";
  const Bytes hello = text("hello");
  const StreamStatus sent = co_await stream->write(hello);
  if (sent != StreamStatus::ok) co_return to_string(sent);
  std::uint8_t buffer[16];
  const ReadResult read = co_await stream->read_some(buffer, world.now() + limit);
  co_return read.status == StreamStatus::ok ? std::string(buffer, buffer + read.count)
                                            : to_string(read.status);
}

Task<void> echo_once(Listener& listener) {
  auto stream = co_await listener.accept(kNever);
  std::uint8_t buffer[16];
  const ReadResult read = co_await stream->read_some(buffer, kNever);
  if (read.status == StreamStatus::ok) {
    co_await stream->write(ByteView(buffer, read.count));
  }
}

TEST(SimNetwork, carries_bytes_both_ways) {
  World world(1);
  SimNetwork network(world);
  const auto listener = network.listen("portal", 80);
  Life server(world, "server");
  server.spawn(echo_once(*listener));
  EXPECT_EQ(world.run(exchange(network, 1s, world), 5s, "exchange"), "hello");
}

TEST(SimNetwork, nobody_listening_is_refused) {
  World world(1);
  SimNetwork network(world);
  EXPECT_EQ(world.run(exchange(network, 1s, world), 5s, "exchange"), "refused");
}

TEST(SimNetwork, a_link_that_is_down_answers_nothing) {
  World world(1);
  SimNetwork network(world);
  const auto listener = network.listen("portal", 80);
  network.set_link(false);
  EXPECT_EQ(world.run(exchange(network, 1s, world), 5s, "exchange"), "refused");
  EXPECT_EQ(world.now(), Instant(1s));
}

// A cable can fail at any byte: the connection is broken, never stuck.
TEST(SimNetwork, a_link_lost_at_any_moment_breaks_the_exchange) {
  for (int ms = 0; ms < 30; ++ms) {
    World world(1);
    SimNetwork network(world);
    const auto listener = network.listen("portal", 80);
    Life server(world, "server");
    server.spawn(echo_once(*listener));
    Timer cut(world, "link", [&] { network.set_link(false); });
    cut.at(Instant(std::chrono::milliseconds(ms)));
    const std::string result = world.run(exchange(network, 1s, world), 5s, "exchange");
    EXPECT_TRUE(result == "hello" || result == "failed" || result == "refused")
        << ms << " ms: " << result;
    if (ms < 15) {
      EXPECT_NE(result, "hello") << ms;
    }
  }
}

}  // namespace
}  // namespace lockrig
