#include "rig/io/socket_network.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "rig/core/error.hpp"
#include "tests/io/pty.hpp"

namespace lockrig::io {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kHost = "portal.lockrig.example";

SocketNetwork::Addresses at(const std::string& address) {
  return {{{kHost, 80}, address}};
}

class SocketNetworkTest : public testing::Test {
 protected:
  using Stream = std::unique_ptr<ByteStream>;

  Stream connect(SocketNetwork& network, Duration time = 5s) {
    return world_.run(network.connect(kHost, 80, world_.now() + time), time + 1s,
                      "connect");
  }
  Stream accept(Listener& listener, Duration time = 5s) {
    return world_.run(listener.accept(world_.now() + time), time + 1s, "accept");
  }
  ReadResult read(ByteStream& stream, Duration time = 5s) {
    std::array<std::uint8_t, 64> buffer;
    return world_.run(stream.read_some(buffer, world_.now() + time), time + 1s, "read");
  }
  StreamStatus write(ByteStream& stream) {
    const Bytes words{'h', 'i'};
    return world_.run(stream.write(words), 5s, "write");
  }

  World world_{1, Pace::wall};
};

TEST_F(SocketNetworkTest, carries_bytes_both_ways) {
  for (const char* address : {"127.0.0.1:0", "[::1]:0"}) {
    SocketNetwork network(world_, "A1", at(address));
    EXPECT_EQ(network.port(kHost, 80), 0);
    const auto listener = network.listen(kHost, 80);
    EXPECT_GT(network.port(kHost, 80), 0);
    const Stream lock = connect(network);
    ASSERT_TRUE(lock);
    const Stream portal = accept(*listener);
    ASSERT_TRUE(portal);
    EXPECT_EQ(write(*lock), StreamStatus::ok);
    EXPECT_EQ(read(*portal).count, 2u);
    EXPECT_EQ(write(*portal), StreamStatus::ok);
    EXPECT_EQ(read(*lock).count, 2u);
  }
}

TEST_F(SocketNetworkTest, works_in_paced_time) {
  World world(1, Pace::paced);
  SocketNetwork network(world, "A1", at("127.0.0.1:0"));
  const auto listener = network.listen(kHost, 80);
  const auto task = [](World& w, SocketNetwork& n, Listener& l) -> Task<bool> {
    const std::string host = kHost;
    const auto lock = co_await n.connect(host, 80, w.now() + 5s);
    const auto portal = co_await l.accept(w.now() + 5s);
    co_return lock != nullptr&& portal != nullptr;
  };
  EXPECT_TRUE(world.run(task(world, network, *listener), 10s, "test"));
}

TEST_F(SocketNetworkTest, an_end_that_closes_is_heard_after_its_last_words) {
  SocketNetwork network(world_, "A1", at("127.0.0.1:0"));
  const auto listener = network.listen(kHost, 80);
  const Stream lock = connect(network);
  const Stream portal = accept(*listener);
  EXPECT_EQ(write(*lock), StreamStatus::ok);
  lock->close();
  EXPECT_EQ(read(*portal).count, 2u);
  EXPECT_EQ(read(*portal).status, StreamStatus::closed);
  EXPECT_EQ(write(*portal), StreamStatus::ok) << "who closed can still hear";
  EXPECT_EQ(read(*lock).count, 2u);
}

TEST_F(SocketNetworkTest, nobody_there_is_nobody) {
  SocketNetwork network(world_, "A1", at("127.0.0.1:0"));
  { const auto listener = network.listen(kHost, 80); }
  EXPECT_FALSE(connect(network)) << "refused";
}

TEST_F(SocketNetworkTest, an_accept_ends_at_its_time) {
  SocketNetwork network(world_, "A1", at("127.0.0.1:0"));
  const auto listener = network.listen(kHost, 80);
  const Instant before = world_.now();
  EXPECT_FALSE(accept(*listener, 20ms));
  EXPECT_GE(world_.now() - before, 20ms);
}

TEST_F(SocketNetworkTest, an_outage_breaks_what_is_connected_and_refuses_what_comes) {
  SocketNetwork network(world_, "A1", at("127.0.0.1:0"));
  const auto listener = network.listen(kHost, 80);
  // Another program's end: a network of its own, that knows nothing of the outage.
  SocketNetwork elsewhere(world_, "lock",
                          at("127.0.0.1:" + std::to_string(network.port(kHost, 80))));
  const Stream lock = connect(elsewhere);
  const Stream portal = accept(*listener);
  ASSERT_TRUE(lock && portal);

  network.set_link(false);
  EXPECT_FALSE(network.link_up());
  EXPECT_EQ(read(*portal).status, StreamStatus::failed);
  EXPECT_EQ(write(*portal), StreamStatus::failed);
  EXPECT_EQ(read(*lock).status, StreamStatus::failed) << "reset, not a good-bye";
  EXPECT_FALSE(connect(network, 20ms));
  const Stream late = connect(elsewhere);
  if (late) {
    EXPECT_NE(read(*late).status, StreamStatus::ok);
  }
  EXPECT_FALSE(accept(*listener, 20ms));

  network.set_link(true);
  const Stream again = connect(elsewhere);
  ASSERT_TRUE(again);
  const Stream served = accept(*listener);
  ASSERT_TRUE(served);
  EXPECT_EQ(write(*again), StreamStatus::ok);
  EXPECT_EQ(read(*served).count, 2u);
}

TEST_F(SocketNetworkTest, keeps_its_port_while_nobody_listens) {
  SocketNetwork network(world_, "A1", at("127.0.0.1:0"));
  auto listener = network.listen(kHost, 80);
  const int port = network.port(kHost, 80);
  listener.reset();
  listener = network.listen(kHost, 80);
  EXPECT_EQ(network.port(kHost, 80), port);
  EXPECT_TRUE(connect(network));
}

TEST_F(SocketNetworkTest, two_portals_stand_beside_each_other) {
  SocketNetwork one(world_, "A1", at("127.0.0.1:0"));
  SocketNetwork two(world_, "B2", at("127.0.0.1:0"));
  const auto at_one = one.listen(kHost, 80);
  const auto at_two = two.listen(kHost, 80);
  EXPECT_NE(one.port(kHost, 80), two.port(kHost, 80));
  const Stream lock = connect(two);
  EXPECT_TRUE(accept(*at_two));
  EXPECT_FALSE(accept(*at_one, 20ms));
}

TEST_F(SocketNetworkTest, an_address_in_use_names_the_station) {
  SocketNetwork one(world_, "A1", at("127.0.0.1:0"));
  const auto listener = one.listen(kHost, 80);
  const std::string address = "127.0.0.1:" + std::to_string(one.port(kHost, 80));
  SocketNetwork two(world_, "B2", at(address));
  try {
    two.listen(kHost, 80);
    FAIL() << "two listeners at one address";
  } catch (const RigError& error) {
    EXPECT_THAT(error.what(), StartsWith("station B2, portal: " + address + " is in "));
  }
  SocketNetwork far(world_, "B2", at("192.0.2.1:80"));  // RFC 5737: nobody's
  EXPECT_THROW(far.listen(kHost, 80), RigError);
}

TEST_F(SocketNetworkTest, refuses_what_is_no_address) {
  for (const char* bad : {"", "127.0.0.1", ":80", "127.0.0.1:", "127.0.0.1:x",
                          "127.0.0.1:65536", "127.0.0.1:-1", "::1:80", "[127.0.0.1]:80",
                          "[::1]", "localhost:80", "127.0.0.1:80 "}) {
    EXPECT_THROW(SocketNetwork(world_, "A1", at(bad)), std::invalid_argument) << bad;
  }
  SocketNetwork network(world_, "A1", at("127.0.0.1:0"));
  EXPECT_THROW(network.listen("elsewhere.example", 80), std::invalid_argument);
  EXPECT_THROW(network.listen(kHost, 81), std::invalid_argument);
  World simulated(1);
  EXPECT_THROW(SocketNetwork(simulated, "A1", at("127.0.0.1:0")),
               std::invalid_argument);
}

TEST_F(SocketNetworkTest, a_connection_may_outlive_its_network_and_listener) {
  Stream lock;
  Stream portal;
  {
    SocketNetwork network(world_, "A1", at("127.0.0.1:0"));
    const auto listener = network.listen(kHost, 80);
    lock = connect(network);
    portal = accept(*listener);
  }
  ASSERT_TRUE(lock && portal);
  EXPECT_EQ(write(*lock), StreamStatus::ok);
  EXPECT_EQ(read(*portal).count, 2u);
}

}  // namespace
}  // namespace lockrig::io
