#include "rig/io/fd_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

#include "tests/io/pty.hpp"

namespace lockrig::io {
namespace {

constexpr std::size_t kMiB = 1 << 20;

Task<Bytes> read_bytes(World& world, ByteStream& stream, std::size_t size) {
  Bytes bytes;
  std::array<std::uint8_t, 1500> buffer;
  while (bytes.size() < size) {
    const ReadResult read = co_await stream.read_some(buffer, world.now() + 10s);
    if (read.status != StreamStatus::ok) break;
    bytes.insert(bytes.end(), buffer.begin(), buffer.begin() + read.count);
  }
  co_return bytes;
}

Task<void> write_all(ByteStream& stream, const Bytes& bytes, StreamStatus& status) {
  status = co_await stream.write(bytes);
}

ReadResult read_now(World& world, ByteStream& stream, Duration limit = 10s) {
  std::array<std::uint8_t, 4096> buffer;
  return world.run(stream.read_some(buffer, world.now() + limit), limit + 1s, "read");
}

std::pair<int, int> socket_pair() {
  int fds[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) std::abort();
  return {fds[0], fds[1]};
}

class FdStreamPaced : public testing::TestWithParam<Pace> {};
INSTANTIATE_TEST_SUITE_P(Worlds, FdStreamPaced,
                         testing::Values(Pace::wall, Pace::paced),
                         [](const auto& pace) {
                           return pace.param == Pace::wall ? "wall" : "paced";
                         });

TEST_P(FdStreamPaced, a_mebibyte_goes_both_ways_at_once_through_a_pty) {
  World world(1, GetParam());
  Pty pty;
  FdStream port(world, pty.open_slave());
  FdStream board(world, pty.take_master());
  const Bytes there = pattern(kMiB);
  const Bytes back(there.rbegin(), there.rend());
  StreamStatus wrote_there = StreamStatus::failed;
  StreamStatus wrote_back = StreamStatus::failed;
  Life life(world, "writers");
  life.spawn(write_all(port, there, wrote_there));
  life.spawn(write_all(board, back, wrote_back));
  Bytes at_port;
  life.spawn([](World& w, FdStream& stream, Bytes& out) -> Task<void> {
    out = co_await read_bytes(w, stream, kMiB);
  }(world, port, at_port));
  const Bytes at_board = world.run(read_bytes(world, board, kMiB), 60s, "board");
  EXPECT_TRUE(wait_until(
      world, [&] { return !at_port.empty(); }, 60s));
  EXPECT_EQ(at_board, there);
  EXPECT_EQ(at_port, back);
  EXPECT_EQ(wrote_there, StreamStatus::ok);
  EXPECT_EQ(wrote_back, StreamStatus::ok);
}

TEST(FdStream, refuses_a_simulated_world) {
  World world(1);
  EXPECT_THROW(FdStream{world}, std::invalid_argument);
}

TEST(FdStream, a_read_ends_at_its_time) {
  World world(1, Pace::wall);
  Pty pty;
  FdStream port(world, pty.open_slave());
  const Instant before = world.now();
  EXPECT_EQ(read_now(world, port, 20ms).status, StreamStatus::timed_out);
  EXPECT_GE(world.now() - before, 20ms);
}

TEST(FdStream, a_read_takes_what_was_there_before_it_came) {
  World world(1, Pace::wall);
  Pty pty;
  FdStream port(world, pty.open_slave());
  pty.say("booted");
  EXPECT_EQ(read_now(world, port).count, 6u);
}

// The board talks, nobody listens: the stream stops at its limit, the writer waits.
TEST(FdStream, a_full_buffer_holds_the_writer_back_and_loses_nothing) {
  World world(1, Pace::wall);
  const auto [a, b] = socket_pair();
  FdStream reader(world, a, 1000);
  FdStream writer(world, b);
  const Bytes sent = pattern(kMiB);
  StreamStatus wrote = StreamStatus::timed_out;
  Life life(world, "writer");
  life.spawn(write_all(writer, sent, wrote));
  EXPECT_TRUE(wait_until(world, [&] { return reader.buffered() == 1000; }));
  EXPECT_EQ(wrote, StreamStatus::timed_out) << "still writing";
  EXPECT_EQ(world.run(read_bytes(world, reader, kMiB), 60s, "read"), sent);
  EXPECT_EQ(wrote, StreamStatus::ok);
}

// The ring never grows or moves: what a read costs cannot depend on what came before.
TEST(FdStream, holds_no_more_than_its_limit_however_much_comes) {
  World world(1, Pace::wall);
  const auto [a, b] = socket_pair();
  FdStream reader(world, a, 4096);
  FdStream writer(world, b);
  const Bytes sent = pattern(8 * kMiB);
  StreamStatus wrote = StreamStatus::timed_out;
  Life life(world, "writer");
  life.spawn(write_all(writer, sent, wrote));
  std::size_t got = 0;
  std::size_t most = 0;
  bool same = true;
  std::array<std::uint8_t, 777> buffer;
  const auto task = [&]() -> Task<void> {
    while (got < sent.size()) {
      most = std::max(most, reader.buffered());
      const ReadResult read = co_await reader.read_some(buffer, world.now() + 10s);
      if (read.status != StreamStatus::ok) co_return;
      same = same && std::equal(buffer.begin(), buffer.begin() + read.count,
                                sent.begin() + static_cast<std::ptrdiff_t>(got));
      got += read.count;
    }
  };
  world.run(task(), 60s, "read");
  EXPECT_EQ(got, sent.size());
  EXPECT_TRUE(same);
  EXPECT_LE(most, 4096u);
  EXPECT_EQ(reader.limit(), 4096u);
}

TEST(FdStream, a_peer_that_went_is_seen_after_its_last_bytes) {
  World world(1, Pace::wall);
  const auto [a, b] = socket_pair();
  FdStream reader(world, a);
  {
    FdStream writer(world, b);
    const Bytes words{'b', 'y', 'e'};
    EXPECT_EQ(world.run(writer.write(words), 1s, "write"), StreamStatus::ok);
  }
  EXPECT_EQ(read_now(world, reader).count, 3u);
  EXPECT_EQ(read_now(world, reader).status, StreamStatus::closed);
  EXPECT_EQ(read_now(world, reader).status, StreamStatus::closed) << "for good";
}

TEST(FdStream, a_write_to_a_peer_that_went_fails_without_a_signal) {
  World world(1, Pace::wall);
  const auto [a, b] = socket_pair();
  FdStream writer(world, a);
  ::close(b);
  const Bytes words = pattern(10);
  EXPECT_NE(world.run(writer.write(words), 1s, "write"), StreamStatus::ok);
  EXPECT_TRUE(writer.ended());
}

TEST(FdStream, a_write_that_waits_for_room_ends_with_its_descriptor) {
  World world(1, Pace::wall);
  auto [a, b] = socket_pair();
  FdStream writer(world, a);
  const Bytes much = pattern(8 * kMiB);
  StreamStatus wrote = StreamStatus::ok;
  Life life(world, "writer");
  life.spawn(write_all(writer, much, wrote));
  world.run(world.sleep_for(20ms, "the kernel's buffer to fill"), 1s, "fill");
  ASSERT_FALSE(writer.ended());
  ::close(b);
  std::array<std::uint8_t, 8> buffer;
  world.run(writer.read_some(buffer, world.now() + 5s), 6s, "read");
  EXPECT_TRUE(wait_until(world, [&] { return wrote != StreamStatus::ok; }));
}

TEST(FdStream, a_closed_socket_can_be_read_on) {
  World world(1, Pace::wall);
  const auto [a, b] = socket_pair();
  FdStream one(world, a);
  FdStream other(world, b);
  one.close();
  EXPECT_EQ(read_now(world, other).status, StreamStatus::closed);
  const Bytes words = pattern(5);
  EXPECT_EQ(world.run(other.write(words), 1s, "write"), StreamStatus::ok);
  EXPECT_EQ(read_now(world, one).count, 5u);
  EXPECT_EQ(world.run(one.write(words), 1s, "write"), StreamStatus::closed);
}

TEST(FdStream, a_pty_whose_master_went_has_ended) {
  World world(1, Pace::wall);
  Pty pty;
  FdStream port(world, pty.open_slave());
  int ends = 0;
  port.on_end([&] { ++ends; });
  pty.unplug();
  EXPECT_NE(read_now(world, port).status, StreamStatus::ok);
  EXPECT_EQ(ends, 1);
  const Bytes words = pattern(5);
  EXPECT_NE(world.run(port.write(words), 1s, "write"), StreamStatus::ok);
  EXPECT_EQ(ends, 1);
}

TEST(FdStream, goes_on_with_another_descriptor_behind_the_bytes_not_read_yet) {
  World world(1, Pace::wall);
  auto [a, b] = socket_pair();
  FdStream stream(world, a);
  ASSERT_EQ(::write(b, "old ", 4), 4);
  EXPECT_TRUE(wait_until(world, [&] { return stream.buffered() == 4; }));
  EXPECT_EQ(stream.release(), a);
  ::close(a);
  ::close(b);
  auto [c, d] = socket_pair();
  stream.attach(c);
  ASSERT_EQ(::write(d, "new", 3), 3);
  const Bytes both = world.run(read_bytes(world, stream, 7), 5s, "read");
  EXPECT_EQ(std::string(both.begin(), both.end()), "old new");
  ::close(d);
}

// Cables fail mid-frame: whatever was said before it is read, then the end.
TEST(FdStream, an_exchange_that_breaks_after_any_byte_ends_cleanly) {
  const std::string exchange = "GET /v1/images/X HTTP/1.1\r\n\r\n";
  for (std::size_t n = 0; n <= exchange.size(); ++n) {
    World world(1, Pace::wall);
    Pty pty;
    FdStream port(world, pty.open_slave());
    pty.say(exchange.substr(0, n));
    if (n > 0) {
      const Bytes got = world.run(read_bytes(world, port, n), 5s, "read");
      EXPECT_EQ(std::string(got.begin(), got.end()), exchange.substr(0, n));
    }
    pty.unplug();
    EXPECT_NE(read_now(world, port).status, StreamStatus::ok) << n;
  }
}

TEST(FdStream, may_be_destroyed_with_operations_in_flight) {
  World world(1, Pace::wall);
  auto [a, b] = socket_pair();
  {
    FdStream stream(world, a);
    StreamStatus wrote = StreamStatus::ok;
    const Bytes much = pattern(8 * kMiB);
    Life life(world, "writer");
    life.spawn(write_all(stream, much, wrote));
    world.run(world.sleep_for(5ms, "both to wait"), 1s, "wait");
  }
  world.run(world.sleep_for(5ms, "what was cancelled"), 1s, "wait");
  ::close(b);
}

}  // namespace
}  // namespace lockrig::io
