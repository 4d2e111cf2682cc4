// The portal as a real board reaches it: over TCP, in wall time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "rig/io/socket_network.hpp"
#include "rig/portal/portal.hpp"

namespace lockrig {
namespace {

constexpr const char* kHost = "portal.lockrig.example";

std::string check_in_of(const std::string& serial) {
  const std::string body =
      R"({"serial":")" + serial +
      R"(","model":"6000i","revision":"A","version":"2.3.0","boots":5,)"
      R"("cause":"power_on","trial":false,"locked":true,"log":17,"refusal":""})";
  return "POST /v1/check-in HTTP/1.1\r\nHost: " + std::string(kHost) +
         "\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

struct Bench {
  explicit Bench(const std::string& station)
      : network(world, station, {{{kHost, 80}, "127.0.0.1:0"}}),
        portal(world, network, kHost, 80) {}

  World world{1, Pace::wall};
  io::SocketNetwork network;
  portal::Portal portal;
};

/// Sends a request, hangs up after `sent` bytes of it, or reads the whole answer.
Task<std::string> ask(Bench& bench, std::string request, std::size_t sent) {
  const std::string host = kHost;
  const auto stream = co_await bench.network.connect(host, 80, bench.world.now() + 5s);
  if (!stream) co_return "refused";
  const ByteView bytes(reinterpret_cast<const std::uint8_t*>(request.data()), sent);
  co_await stream->write(bytes);
  std::string answer;
  std::array<std::uint8_t, 512> buffer;
  while (sent == request.size() && !answer.ends_with("}")) {
    const ReadResult read = co_await stream->read_some(buffer, bench.world.now() + 5s);
    if (read.status != StreamStatus::ok) break;
    answer.append(buffer.begin(), buffer.begin() + read.count);
  }
  co_return answer;
}

std::string whole(Bench& bench, const std::string& request) {
  return bench.world.run(ask(bench, request, request.size()), 20s, "ask");
}

TEST(PortalOverSockets, hears_a_check_in_and_answers_it) {
  Bench bench("A1");
  const std::string answer = whole(bench, check_in_of("S1"));
  EXPECT_THAT(answer, testing::StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, testing::HasSubstr("events_after"));
  ASSERT_EQ(bench.portal.check_ins("S1").size(), 1u);
  EXPECT_EQ(bench.portal.check_ins("S1")[0].version, "2.3.0");
}

TEST(PortalOverSockets, two_stations_have_a_portal_each) {
  Bench one("A1");
  Bench two("B2");
  whole(two, check_in_of("S2"));
  EXPECT_TRUE(one.portal.check_ins("S2").empty());
  EXPECT_EQ(two.portal.check_ins("S2").size(), 1u);
}

TEST(PortalOverSockets, an_outage_refuses_and_what_comes_after_it_is_heard) {
  Bench bench("A1");
  bench.portal.set_reachable(false);
  EXPECT_EQ(whole(bench, check_in_of("S1")), "refused");
  bench.portal.set_reachable(true);
  EXPECT_THAT(whole(bench, check_in_of("S1")), testing::StartsWith("HTTP/1.1 200"));
}

// A lock that loses its power in the middle of its report: nothing is recorded, and the
// next one is served.
TEST(PortalOverSockets, a_request_that_ends_at_any_byte_is_nothing) {
  Bench bench("A1");
  const std::string request = check_in_of("S1");
  for (std::size_t sent = 0; sent < request.size(); ++sent) {
    bench.world.run(ask(bench, request, sent), 20s, "ask");
  }
  EXPECT_TRUE(bench.portal.check_ins("S1").empty());
  whole(bench, request);
  EXPECT_EQ(bench.portal.check_ins("S1").size(), 1u);
}

}  // namespace
}  // namespace lockrig
