#include "rig/portal/portal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "rig/protocol/image_create.hpp"

namespace lockrig::portal {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

json report(const std::string& serial, const std::string& version = "2.3.0") {
  return {{"serial", serial},   {"model", "6000i"}, {"revision", "A"},
          {"version", version}, {"boots", 5},       {"cause", "power_on"},
          {"trial", false},     {"locked", true},   {"log", 17},
          {"refusal", ""}};
}

json batch(const std::string& serial, const std::vector<int>& sequences) {
  json events = json::array();
  for (const int n : sequences) {
    events.push_back({{"n", n}, {"boot", 1}, {"text", "e" + std::to_string(n)}});
  }
  return {{"serial", serial}, {"events", events}};
}

http::Request post(const std::string& target, const json& body) {
  return {"POST", target, {}, body.dump()};
}

http::Request get(const std::string& target, const std::string& range = "") {
  http::Request request{"GET", target, {}, ""};
  if (!range.empty()) request.headers.emplace_back("Range", range);
  return request;
}

std::string header(const http::Response& response, std::string_view name) {
  const std::string* value = http::find_header(response.headers, name);
  return value != nullptr ? *value : "";
}

/// A lock of few words: one connection, exchange by exchange.
class Caller {
 public:
  Caller(World& world, Network& network) : world_(world), network_(network) {}

  Task<bool> connect() {
    stream_ = co_await network_.connect("portal", 80, world_.now() + 10s);
    parser_ = http::ResponseParser();
    co_return stream_ != nullptr;
  }
  Task<void> send(Bytes bytes) { co_await stream_->write(bytes); }
  /// nullopt: the connection ended. `why` then says how.
  Task<std::optional<http::Response>> receive() {
    std::array<std::uint8_t, 512> buffer;
    http::Progress progress = parser_.feed({});
    while (progress == http::Progress::need_more) {
      const ReadResult read = co_await stream_->read_some(buffer, world_.now() + 100s);
      if (read.status != StreamStatus::ok) {
        why = read.status;
        cut_short = parser_.finish() == http::Progress::bad;
        co_return std::nullopt;
      }
      progress = parser_.feed(ByteView(buffer).first(read.count));
    }
    co_return parser_.take();
  }
  Task<std::optional<http::Response>> ask(http::Request request) {
    const Bytes bytes = http::encode(request);
    co_await stream_->write(bytes);
    co_return co_await receive();
  }
  void hang_up() { stream_.reset(); }

  StreamStatus why = StreamStatus::ok;
  bool cut_short = false;

 private:
  World& world_;
  Network& network_;
  std::unique_ptr<ByteStream> stream_;
  http::ResponseParser parser_;
};

class PortalTest : public testing::Test {
 protected:
  PortalTest() { world.trace().keep_events(); }

  template <typename T>
  T run(Task<T> task) {
    return world.run(std::move(task), 1h, "test");
  }
  void run(Task<void> task) { world.run(std::move(task), 1h, "test"); }
  http::Response ask(http::Request request) {
    auto response = run(caller.ask(std::move(request)));
    EXPECT_TRUE(response) << "the connection ended: " << to_string(caller.why);
    return response.value_or(http::Response{});
  }
  std::vector<std::string> notes() {
    std::vector<std::string> all;
    for (const Trace::Event& event : world.trace().events()) {
      if (world.trace().channels()[event.channel] == "portal")
        all.push_back(event.data);
    }
    return all;
  }

  World world{1};
  SimNetwork network{world};
  Portal portal{world, network, "portal", 80};
  Caller caller{world, network};
};

std::shared_ptr<const Bytes> numbered(std::size_t size) {
  auto image = std::make_shared<Bytes>(size);
  for (std::size_t i = 0; i < size; ++i) {
    (*image)[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  }
  return image;
}

TEST_F(PortalTest, remembers_a_check_in_and_tells_which_events_it_lacks) {
  ASSERT_TRUE(run(caller.connect()));
  const http::Response response = ask(post("/v1/check-in", report("S1")));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(json::parse(response.body), (json{{"events_after", 0}}));
  ASSERT_EQ(portal.check_ins("S1").size(), 1u);
  const CheckIn& got = portal.check_ins("S1")[0];
  EXPECT_EQ(got, (CheckIn{.at = got.at,
                          .serial = "S1",
                          .model = "6000i",
                          .revision = "A",
                          .version = "2.3.0",
                          .cause = "power_on",
                          .refusal = "",
                          .boots = 5,
                          .trial = false,
                          .locked = true,
                          .log = 17}));
  EXPECT_GT(got.at, Instant{});
  EXPECT_TRUE(portal.check_ins("S2").empty());
  EXPECT_THAT(notes(), ElementsAre("POST /v1/check-in 200 S1 2.3.0"));
}

TEST_F(PortalTest, keeps_each_event_once_in_the_order_of_its_sequence) {
  ASSERT_TRUE(run(caller.connect()));
  EXPECT_EQ(ask(post("/v1/events", batch("S1", {1, 2}))).status, 200);
  ask(post("/v1/events", batch("S1", {5, 2, 3})));
  std::vector<std::uint32_t> sequences;
  for (const LogEvent& e : portal.events("S1")) sequences.push_back(e.sequence);
  EXPECT_THAT(sequences, ElementsAre(1, 2, 3, 5));
  EXPECT_EQ(portal.events("S1")[3], (LogEvent{5, 1, "e5"}));
  const http::Response response = ask(post("/v1/check-in", report("S1")));
  EXPECT_EQ(json::parse(response.body)["events_after"], 5);
  EXPECT_TRUE(portal.events("S2").empty());
}

TEST_F(PortalTest, offers_an_image_until_it_is_withdrawn) {
  image::Recipe recipe;
  recipe.version = {2, 4, 0, 0};
  recipe.body = Bytes(100, 1);
  const std::array<std::uint8_t, 32> seed{1};
  const auto image = std::make_shared<const Bytes>(
      image::create(recipe, image::SigningKey::from_seed(seed)));
  portal.offer("S1", "6000i-2.4.0.img", image);
  ASSERT_TRUE(run(caller.connect()));
  EXPECT_EQ(json::parse(ask(post("/v1/check-in", report("S1"))).body)["offer"],
            (json{{"version", "2.4.0"},
                  {"path", "/v1/images/S1/6000i-2.4.0.img"},
                  {"size", image->size()}}));
  EXPECT_FALSE(
      json::parse(ask(post("/v1/check-in", report("S2"))).body).contains("offer"));
  EXPECT_EQ(ask(get("/v1/images/S1/6000i-2.4.0.img")).status, 200);
  portal.withdraw("S1");
  EXPECT_FALSE(
      json::parse(ask(post("/v1/check-in", report("S1"))).body).contains("offer"));
  EXPECT_EQ(ask(get("/v1/images/S1/6000i-2.4.0.img")).status, 404);
  EXPECT_EQ(portal.served("S1"), image->size());
}

TEST_F(PortalTest, a_wish_to_open_is_told_once_with_its_age) {
  portal.ask_unlock("S1");
  run(world.sleep_for(90s, "an outage"));
  ASSERT_TRUE(run(caller.connect()));
  EXPECT_FALSE(
      json::parse(ask(post("/v1/check-in", report("S2"))).body).contains("unlock"));
  EXPECT_EQ(json::parse(ask(post("/v1/check-in", report("S1"))).body)["unlock"],
            (json{{"age_s", 90}}));
  EXPECT_FALSE(
      json::parse(ask(post("/v1/check-in", report("S1"))).body).contains("unlock"));
}

TEST_F(PortalTest, gives_one_answer_to_all_while_told_to) {
  ASSERT_TRUE(run(caller.connect()));
  portal.answer_all(http::Response{503, {}, "later"});
  EXPECT_EQ(ask(post("/v1/check-in", report("S1"))).status, 503);
  EXPECT_EQ(ask(get("/v1/images/S1/a.img")).body, "later");
  EXPECT_TRUE(portal.check_ins("S1").empty());
  portal.answer_all(std::nullopt);
  EXPECT_EQ(ask(post("/v1/check-in", report("S1"))).status, 200);
  EXPECT_EQ(portal.requests().size(), 3u);
}

TEST_F(PortalTest, hears_of_a_low_battery_from_who_says_so) {
  ASSERT_TRUE(run(caller.connect()));
  json low = report("S1");
  low["battery_mv"] = 4200;
  EXPECT_EQ(ask(post("/v1/check-in", low)).status, 200);
  EXPECT_EQ(portal.check_ins("S1").back().battery_mv, 4200u);
  EXPECT_EQ(ask(post("/v1/check-in", report("S1"))).status, 200);
  EXPECT_EQ(portal.check_ins("S1").back().battery_mv, 0u);
}

TEST_F(PortalTest, serves_ranges_and_counts_them_from_the_newest_offer_on) {
  const auto image = numbered(10000);
  portal.offer("S1", "a.img", image);
  ASSERT_TRUE(run(caller.connect()));
  Bytes got;
  const char* const ranges[] = {"bytes=0-4095", "bytes=4096-8191", "bytes=8192-99999"};
  for (const char* range : ranges) {
    const http::Response response = ask(get("/v1/images/S1/a.img", range));
    ASSERT_EQ(response.status, 206);
    got.insert(got.end(), response.body.begin(), response.body.end());
    EXPECT_EQ(portal.served("S1"), got.size());
    if (got.size() == 10000) {
      EXPECT_EQ(header(response, "Content-Range"), "bytes 8192-9999/10000");
    }
  }
  EXPECT_EQ(got, *image);
  EXPECT_EQ(notes().back(), "GET /v1/images/S1/a.img 206 8192+1808");
  portal.offer("S1", "a.img", image);
  EXPECT_EQ(portal.served("S1"), 0u);
  EXPECT_EQ(portal.served("S2"), 0u);
}

TEST_F(PortalTest, a_range_behind_the_end_is_told_the_size) {
  portal.offer("S1", "a.img", numbered(100));
  ASSERT_TRUE(run(caller.connect()));
  const http::Response response = ask(get("/v1/images/S1/a.img", "bytes=100-"));
  EXPECT_EQ(response.status, 416);
  EXPECT_EQ(header(response, "Content-Range"), "bytes */100");
  EXPECT_EQ(portal.served("S1"), 0u);
  EXPECT_EQ(ask(get("/v1/images/S1/a.img", "bytes=99-")).body.size(), 1u);
}

TEST_F(PortalTest, no_range_or_one_that_cannot_be_read_gets_the_whole_image) {
  portal.offer("S1", "a.img", numbered(100));
  ASSERT_TRUE(run(caller.connect()));
  for (const char* range : {"", "bytes=5-2", "lines=1-2", "bytes=1-2,4-5"}) {
    const http::Response response = ask(get("/v1/images/S1/a.img", range));
    EXPECT_EQ(response.status, 200) << range;
    EXPECT_EQ(response.body.size(), 100u) << range;
  }
}

TEST_F(PortalTest, an_image_of_no_known_format_is_offered_all_the_same) {
  portal.offer("S1", "junk.img", numbered(3));
  ASSERT_TRUE(run(caller.connect()));
  const json answer = json::parse(ask(post("/v1/check-in", report("S1"))).body);
  EXPECT_EQ(answer["offer"]["version"], "unknown");
  EXPECT_EQ(answer["offer"]["size"], 3);
}

TEST_F(PortalTest, a_name_that_a_path_cannot_carry_is_the_callers_fault) {
  const auto image = numbered(1);
  EXPECT_THROW(portal.offer("S1", "a b.img", image), std::invalid_argument);
  EXPECT_THROW(portal.offer("S1", "../a", image), std::invalid_argument);
  EXPECT_THROW(portal.offer("S1", "", image), std::invalid_argument);
  EXPECT_THROW(portal.offer("S/1", "a", image), std::invalid_argument);
  EXPECT_THROW(portal.offer("S1", "a", nullptr), std::invalid_argument);
}

TEST_F(PortalTest, pipelined_requests_are_answered_in_order) {
  portal.offer("S1", "a.img", numbered(5000));
  ASSERT_TRUE(run(caller.connect()));
  Bytes all;
  for (const http::Request& request :
       {post("/v1/check-in", report("S1")), get("/v1/images/S1/a.img", "bytes=0-2999"),
        get("/nothing"), post("/v1/check-in", report("S2"))}) {
    const Bytes bytes = http::encode(request);
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  run(caller.send(all));
  std::vector<int> statuses;
  for (int i = 0; i < 4; ++i) {
    const auto response = run(caller.receive());
    ASSERT_TRUE(response) << i;
    statuses.push_back(response->status);
  }
  EXPECT_THAT(statuses, ElementsAre(200, 206, 404, 200));
  EXPECT_EQ(portal.check_ins("S2").size(), 1u);
}

TEST_F(PortalTest, several_locks_are_served_side_by_side) {
  portal.offer("S1", "a.img", numbered(60000));
  Caller other(world, network);
  ASSERT_TRUE(run(caller.connect()));
  ASSERT_TRUE(run(other.connect()));
  run(caller.send(http::encode(get("/v1/images/S1/a.img"))));
  const Instant begun = world.now();
  EXPECT_EQ(run(other.ask(post("/v1/check-in", report("S2"))))->status, 200);
  EXPECT_LT(world.now() - begun, 100ms);  // the image takes 480 ms
  EXPECT_EQ(run(caller.receive())->body.size(), 60000u);
}

TEST_F(PortalTest, closes_when_asked_to) {
  ASSERT_TRUE(run(caller.connect()));
  http::Request last = post("/v1/check-in", report("S1"));
  last.keep_alive = false;
  EXPECT_FALSE(ask(last).keep_alive);
  EXPECT_FALSE(run(caller.receive()));
  EXPECT_EQ(caller.why, StreamStatus::closed);
}

TEST_F(PortalTest, a_connection_on_which_nothing_comes_is_closed) {
  ASSERT_TRUE(run(caller.connect()));
  const Instant begun = world.now();
  EXPECT_FALSE(run(caller.receive()));
  EXPECT_EQ(caller.why, StreamStatus::closed);
  EXPECT_GE(world.now() - begun, 60s);
  EXPECT_LT(world.now() - begun, 61s);
}

TEST_F(PortalTest, malformed_requests_are_answered_400_and_the_connection_closed) {
  std::vector<Bytes> requests;
  const auto add = [&](const http::Request& r) { requests.push_back(http::encode(r)); };
  const std::string garbage = "\x01\x02 rubbish\r\n\r\n";
  requests.emplace_back(garbage.begin(), garbage.end());
  for (const char* body : {"", "{", "[]", "null", "7", "\"x\"", "{}", "\xff\xfe",
                           "{\"serial\":\"\xc3\"}", "{\"serial\":{}}"}) {
    add({"POST", "/v1/check-in", {}, body});
    add({"POST", "/v1/events", {}, body});
  }
  add({"POST", "/v1/check-in", {}, std::string(200000, '[')});
  // Every field absent, and of every wrong type.
  const json good = report("S1");
  for (const auto& [key, value] : good.items()) {
    json bad = good;
    bad.erase(key);
    add(post("/v1/check-in", bad));
    for (const json& wrong :
         {json(nullptr), json(-1), json(1.5), json(std::uint64_t{1} << 32),
          json::array({1}), json{{"a", 1}}, json(true), json("x"), json(3)}) {
      bad = good;
      bad[key] = wrong;
      if (wrong.type() != value.type() && !(wrong == 3 && value.is_number())) {
        add(post("/v1/check-in", bad));
      }
    }
  }
  for (const json& events :
       {json(nullptr), json("x"), json::array({7}), json::array({json::object()}),
        json::array({{{"n", "1"}, {"boot", 1}, {"text", ""}}}),
        json::array({{{"n", 1}, {"boot", 1}, {"text", 5}}}),
        json::array({{{"n", 1}, {"boot", -1}, {"text", ""}}}),
        // The good one before a bad one is not taken either.
        json::array({{{"n", 1}, {"boot", 1}, {"text", ""}}, json::array()})}) {
    add(post("/v1/events", {{"serial", "S1"}, {"events", events}}));
  }
  for (const Bytes& request : requests) {
    const std::string text(request.begin(), request.end());
    ASSERT_TRUE(run(caller.connect()));
    run(caller.send(request));
    const auto response = run(caller.receive());
    ASSERT_TRUE(response) << text;
    EXPECT_EQ(response->status, 400) << text;
    EXPECT_FALSE(run(caller.receive())) << text;
    EXPECT_EQ(caller.why, StreamStatus::closed) << text;
  }
  EXPECT_EQ(portal.records(), Records{});
  EXPECT_THAT(notes()[0], HasSubstr("400"));
}

TEST_F(PortalTest, an_outage_breaks_open_connections_and_refuses_new_ones) {
  ASSERT_TRUE(run(caller.connect()));
  ask(post("/v1/check-in", report("S1")));
  portal.set_reachable(false);
  EXPECT_FALSE(portal.reachable());
  EXPECT_FALSE(run(caller.ask(post("/v1/check-in", report("S1")))));
  EXPECT_EQ(caller.why, StreamStatus::closed);
  EXPECT_FALSE(run(caller.connect()));
  portal.set_reachable(true);
  ASSERT_TRUE(run(caller.connect()));
  EXPECT_EQ(ask(post("/v1/check-in", report("S1"))).status, 200);
  EXPECT_EQ(portal.check_ins("S1").size(), 2u);
  EXPECT_THAT(notes(), ElementsAre("POST /v1/check-in 200 S1 2.3.0", "unreachable",
                                   "reachable", "POST /v1/check-in 200 S1 2.3.0"));
}

// Whenever it comes: the exchange ends, complete or broken, and never stalls.
TEST(Portal, an_outage_at_any_moment_ends_the_exchange) {
  int broken_in_an_answer = 0;
  int whole = 0;
  for (int ms = 0; ms < 120; ++ms) {
    World world(1);
    SimNetwork network(world);
    Portal portal(world, network, "portal", 80);
    portal.offer("S1", "a.img", numbered(8192));
    Caller caller(world, network);
    Timer outage(world, "outage", [&] { portal.set_reachable(false); });
    outage.at(Instant(std::chrono::milliseconds(ms)));
    if (!world.run(caller.connect(), 1min, "connect")) continue;
    const auto response =
        world.run(caller.ask(get("/v1/images/S1/a.img")), 1min, "ask");
    EXPECT_LT(world.now(), Instant(1s)) << ms;
    if (response) {
      ++whole;
      EXPECT_EQ(response->body.size(), 8192u) << ms;
    }
    broken_in_an_answer += caller.cut_short;
  }
  EXPECT_GT(broken_in_an_answer, 10);
  EXPECT_GT(whole, 10);
}

TEST(Portal, may_go_before_it_ever_ran_and_with_connections_open) {
  World world(1);
  SimNetwork network(world);
  Caller caller(world, network);
  {
    Portal portal(world, network, "portal", 80);
    portal.set_reachable(false);
    portal.set_reachable(true);
    portal.set_reachable(false);
  }
  EXPECT_FALSE(world.run(caller.connect(), 1min, "connect"));
  {
    Portal portal(world, network, "portal", 80);
    EXPECT_TRUE(world.run(caller.connect(), 1min, "connect"));
  }
  EXPECT_FALSE(world.run(caller.receive(), 1min, "receive"));
  EXPECT_EQ(caller.why, StreamStatus::closed);
}

TEST_F(PortalTest, waits_for_the_first_check_in_after_the_call) {
  ASSERT_TRUE(run(caller.connect()));
  ask(post("/v1/check-in", report("S1", "1.0.0")));
  Life life(world, "locks");
  life.spawn([](World& w, Caller& c) -> Task<void> {
    co_await w.sleep_for(10s, "a pause");
    co_await c.ask(post("/v1/check-in", report("S2", "2.0.0")));
    co_await c.ask(post("/v1/check-in", report("S1", "3.0.0")));
    co_await c.ask(post("/v1/check-in", report("S1", "4.0.0")));
  }(world, caller));
  const auto next = run(portal.next_check_in("S1", world.now() + 1min));
  ASSERT_TRUE(next);
  EXPECT_EQ(next->version, "3.0.0");
  EXPECT_EQ(next->at, world.now());
}

TEST_F(PortalTest, a_check_in_that_does_not_come_is_waited_for_until_the_limit) {
  const Instant until = world.now() + 90s;
  EXPECT_FALSE(run(portal.next_check_in("S1", until)));
  EXPECT_EQ(world.now(), until);
}

TEST_F(PortalTest, records_are_a_value_that_another_portal_takes_up) {
  ASSERT_TRUE(run(caller.connect()));
  ask(post("/v1/check-in", report("S1")));
  ask(post("/v1/events", batch("S1", {4})));
  const Records saved = portal.records();
  ask(post("/v1/check-in", report("S1")));
  EXPECT_NE(portal.records(), saved);

  World fresh(2);
  SimNetwork there(fresh);
  Portal second(fresh, there, "portal", 80);
  second.restore(saved);
  EXPECT_EQ(second.records(), saved);
  EXPECT_EQ(second.check_ins("S1").size(), 1u);
  Caller lock(fresh, there);
  ASSERT_TRUE(fresh.run(lock.connect(), 1min, "connect"));
  const auto response =
      fresh.run(lock.ask(post("/v1/check-in", report("S1"))), 1min, "ask");
  ASSERT_TRUE(response);
  EXPECT_EQ(json::parse(response->body)["events_after"], 4);
}

}  // namespace
}  // namespace lockrig::portal
