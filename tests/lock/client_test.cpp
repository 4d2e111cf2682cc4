#include "rig/lock/client.hpp"

#include "rig/core/error.hpp"
#include "rig/lock/answers.hpp"
#include "rig/lock/banner.hpp"
#include "tests/lock/fake_lock.hpp"

namespace lockrig::lock {
namespace {

using Kind = Failure::Kind;
using testing::ElementsAre;
using testing::HasSubstr;

json event(std::uint32_t n) {
  return {{"n", n}, {"b", 2}, {"t", "e" + std::to_string(n)}};
}

TEST(Client, echoes) {
  Pair p;
  EXPECT_EQ(value_of(p.run(p.client.echo("hello"))), "hello");
}

TEST(Client, reads_the_locks_state) {
  Pair p;
  const State state = value_of(p.run(p.client.state()));
  EXPECT_EQ(state, (State{.model = "6000i",
                          .revision = "A",
                          .serial = "S1",
                          .version = "2.3",
                          .cause = "power_on",
                          .boots = 5,
                          .trial = false,
                          .locked = true,
                          .set_up = true,
                          .codes = 3,
                          .wrong = 1,
                          .lock_out = 30,
                          .log = 41}));
}

TEST(Client, lists_the_images) {
  Pair p;
  const auto images = value_of(p.run(p.client.images()));
  image::Digest seven, nine;
  seven.fill(7);
  nine.fill(9);
  EXPECT_THAT(images, ElementsAre(ImageSlot{0, "2.3.0", seven, true, true, false},
                                  ImageSlot{1, "2.4.0", nine, false, false, false}));
}

TEST(Client, reads_all_pages_of_the_log) {
  Pair p;
  for (std::uint32_t n = 1; n <= 30; ++n) p.lock.events.push_back(event(n));
  const auto all = value_of(p.run(p.client.log(0)));
  ASSERT_EQ(all.size(), 30u);
  EXPECT_EQ(all[29], (LogEvent{30, 2, "e30"}));
  EXPECT_EQ(p.lock.requests, 3);
  const auto some = value_of(p.run(p.client.log(28)));
  EXPECT_THAT(some, ElementsAre(LogEvent{29, 2, "e29"}, LogEvent{30, 2, "e30"}));
  EXPECT_TRUE(value_of(p.run(p.client.log(30))).empty());
}

std::optional<LogPage> plain(const json& body, std::uint32_t after = 0) {
  return plain_log_page(smp::encode({{}, body}), after);
}

TEST(Client, a_page_of_the_log_reads_the_same_with_and_without_a_document) {
  const json body = {{"events", {event(3), event(300), event(70000)}},
                     {"newest", 70001}};
  const auto page = plain(body, 2);
  ASSERT_TRUE(page);
  const Bytes message = smp::encode({{}, body});
  const LogPage same = value_of(read_log_page(smp::decode(message)->body, 2));
  EXPECT_EQ(page->events, same.events);
  EXPECT_EQ(page->newest, same.newest);
  EXPECT_TRUE(plain({{"events", json::array()}, {"newest", 0}}));
}

TEST(Client, only_the_usual_page_of_the_log_is_read_without_a_document) {
  const json one = event(3);
  const json good = {{"events", {one, event(4)}}, {"newest", 4}};
  ASSERT_TRUE(plain(good, 2));
  EXPECT_FALSE(plain(good, 3));  // out of order
  const auto with = [&](const char* key, const json& value) {
    json odd = one;
    odd[key] = value;
    return plain({{"events", {odd, event(4)}}, {"newest", 4}});
  };
  EXPECT_FALSE(with("n", 5));
  EXPECT_FALSE(with("n", -1));
  EXPECT_FALSE(with("b", std::uint64_t{1} << 32));
  EXPECT_FALSE(with("t", "gr\u00fcn"));
  EXPECT_FALSE(with("t", 1));
  EXPECT_FALSE(with("more", 1));
  EXPECT_FALSE(plain({{"events", 1}, {"newest", 4}}));
  EXPECT_FALSE(plain({{"events", {one}}, {"newest", 4}, {"rc", 1}}));
  EXPECT_FALSE(plain({{"rc", 1}}));
  Bytes cut = smp::encode({{}, good});
  cut.pop_back();
  EXPECT_FALSE(plain_log_page(cut, 0));
  // As long as its header says, and still not whole.
  --cut[3];
  EXPECT_FALSE(plain_log_page(cut, 0));
}

TEST(Client, a_log_that_goes_in_circles_is_malformed) {
  Pair p;
  p.lock.events = {event(3), event(2)};
  auto reply = p.run(p.client.log(0));
  ASSERT_TRUE(std::holds_alternative<Failure>(reply));
  EXPECT_EQ(std::get<Failure>(reply).kind, Kind::malformed);
}

TEST(Client, marks_an_image_and_resets) {
  Pair p;
  image::Digest hash;
  hash.fill(9);
  value_of(p.run(p.client.test(hash)));
  EXPECT_THAT(p.lock.marked,
              ElementsAre(json{{"hash", hash_of(9)}, {"confirm", false}}));
  value_of(p.run(p.client.reset()));
  EXPECT_TRUE(p.lock.was_reset);
}

TEST(Client, asks_for_the_params_once_in_a_boot) {
  Pair p;
  EXPECT_EQ(value_of(p.run(p.client.params())), (Params{1024, 4}));
  p.lock.params = {{"buf_size", 2048}, {"buf_count", 0}};
  EXPECT_EQ(value_of(p.run(p.client.params())), (Params{1024, 4}));
  EXPECT_EQ(p.lock.requests, 1);
  p.run(p.lock.say("log line\r\n"));
  EXPECT_EQ(value_of(p.run(p.client.params())), (Params{1024, 4}));
  p.run(p.lock.say("6000i-A 2.4.0 boot 6 cause command\r\n"));
  EXPECT_EQ(value_of(p.run(p.client.params())), (Params{2048, 1}));
}

TEST(Client, asks_for_the_params_anew_after_a_reset_and_after_a_cut) {
  Pair p;
  value_of(p.run(p.client.params()));
  value_of(p.run(p.client.reset()));
  value_of(p.run(p.client.params()));
  EXPECT_EQ(p.lock.requests, 3);
  p.console.set_live(false);
  EXPECT_TRUE(std::holds_alternative<Failure>(p.run(p.client.params())));
  p.console.set_live(true);
  value_of(p.run(p.client.params()));
  EXPECT_EQ(p.lock.requests, 4);
}

TEST(Client, a_lock_that_cannot_tell_its_params_gets_small_messages_one_by_one) {
  for (const Fault fault : {Fault::error_v1, Fault::error_v2}) {
    Pair p;
    p.lock.fault = [&](int, const smp::Header&) { return fault; };
    EXPECT_EQ(value_of(p.run(p.client.params())), kDefaultParams);
  }
}

TEST(Client, a_buffer_that_no_message_fits_is_malformed) {
  Pair p;
  p.lock.params["buf_size"] = 20;
  auto reply = p.run(p.client.params());
  ASSERT_TRUE(std::holds_alternative<Failure>(reply));
  EXPECT_EQ(std::get<Failure>(reply).kind, Kind::malformed);
}

TEST(Client, keeps_the_text_that_comes_between_answers) {
  Pair p;
  p.run(p.lock.say("6000i-A 2.3.0 boot 5 cause power_on\r\nhello\r\n"));
  value_of(p.run(p.client.echo("x")));
  const auto first = p.run(p.client.next_text(p.world.now() + 1s));
  EXPECT_EQ(first, "6000i-A 2.3.0 boot 5 cause power_on");
  EXPECT_EQ(p.run(p.client.next_text(p.world.now() + 1s)), "hello");
  const Instant until = p.world.now() + 1s;
  EXPECT_EQ(p.run(p.client.next_text(until)), std::nullopt);
  EXPECT_EQ(p.world.now(), until);
}

TEST(Client, discarded_text_is_gone) {
  Pair p;
  p.run(p.lock.say("old\r\nolder\r\n"));
  EXPECT_EQ(p.run(p.client.next_text(p.world.now() + 1s)), "old");
  p.run(p.lock.say("unread\r\nhalf a line"));
  p.settle();
  p.client.discard();
  p.run(p.lock.say("news\r\n"));
  EXPECT_EQ(p.run(p.client.next_text(p.world.now() + 1s)), "news");
}

TEST(Client, a_dead_console_has_no_text_and_leaves_no_half_line_behind) {
  Pair p;
  p.run(
      p.lock.say("\x06\x09"
                 "AAAA"));
  p.settle();
  p.console.set_live(false);
  const Instant begun = p.world.now();
  EXPECT_EQ(p.run(p.client.next_text(begun + 1s)), std::nullopt);
  EXPECT_EQ(p.world.now(), begun);
  p.console.set_live(true);
  p.run(p.lock.say("6000i-A 2.3.0 boot 6 cause power_on\r\n"));
  const auto line = p.run(p.client.next_text(p.world.now() + 1s));
  ASSERT_TRUE(line);
  EXPECT_EQ(parse_banner(*line), (Banner{"6000i-A", "2.3.0", 6, "power_on"}));
}

TEST(Client, a_read_that_fails_twice_is_still_answered) {
  Pair p;
  p.lock.fault = [](int n, const smp::Header&) {
    return n == 0   ? std::optional(Fault::silence)
           : n == 1 ? std::optional(Fault::bad_crc)
                    : std::nullopt;
  };
  EXPECT_EQ(value_of(p.run(p.client.state())).boots, 5u);
  EXPECT_EQ(p.lock.requests, 3);
}

TEST(Client, a_late_answer_is_not_taken_for_the_next) {
  Pair p;
  auto late = p.run(p.client.echo("first"));
  p.lock.fault = [](int, const smp::Header&) { return Fault::silence; };
  late = p.run(p.client.echo("lost"));
  EXPECT_TRUE(std::holds_alternative<Failure>(late));
  p.lock.fault = nullptr;
  // The answer to "lost" (sequence 1) comes after all, right before that to "next".
  const smp::Header header{smp::Op::write_response, smp::kSmpV2, 0,           0,
                           smp::kGroupOs,           1,           smp::kOsEcho};
  const Bytes frame = smp::encode_frame(smp::encode({header, {{"r", "lost"}}}));
  Life life(p.world, "late");
  life.spawn([](ByteStream& s, const Bytes& b) -> Task<void> { co_await s.write(b); }(
                                                   p.lock_end, frame));
  EXPECT_EQ(value_of(p.run(p.client.echo("next"))), "next");
}

TEST(Client, another_echo_is_malformed) {
  Pair p;
  p.lock.fault = [](int, const smp::Header&) { return Fault::wrong_types; };
  auto reply = p.run(p.client.echo("x"));
  ASSERT_TRUE(std::holds_alternative<Failure>(reply));
  EXPECT_EQ(std::get<Failure>(reply).kind, Kind::malformed);
}

TEST(Client, a_console_that_fails_is_the_rigs_fault) {
  Pair p;
  p.to_rig->fail();
  EXPECT_THROW(p.run(p.client.echo("x")), RigError);
  Pair q;
  q.to_lock->fail();
  EXPECT_THROW(q.run(q.client.echo("x")), RigError);
}

/// A call, and the number of its request that is to fail.
struct Step {
  const char* name;
  int request;
  bool is_read;
  std::function<Task<std::optional<Failure>>(Client&)> call;
};

template <typename T>
Task<std::optional<Failure>> outcome(Task<Reply<T>> call) {
  auto reply = co_await std::move(call);
  if (auto* failure = std::get_if<Failure>(&reply)) co_return std::move(*failure);
  co_return std::nullopt;
}

std::vector<Step> every_step() {
  static const Bytes kImage = pattern(5000);
  const auto upload = [](Client& c) { return outcome(c.upload(kImage, nullptr)); };
  return {
      {"echo", 0, false, [](Client& c) { return outcome(c.echo("x")); }},
      {"params", 0, true, [](Client& c) { return outcome(c.params()); }},
      {"state", 0, true, [](Client& c) { return outcome(c.state()); }},
      {"log, first page", 0, true, [](Client& c) { return outcome(c.log(0)); }},
      {"log, second page", 1, true, [](Client& c) { return outcome(c.log(0)); }},
      {"images", 0, true, [](Client& c) { return outcome(c.images()); }},
      {"reset", 0, false, [](Client& c) { return outcome(c.reset()); }},
      {"test", 0, false, [](Client& c) { return outcome(c.test({})); }},
      {"upload, params", 0, true, upload},
      {"upload, first chunk", 1, false, upload},
      {"upload, second chunk", 2, false, upload},
      {"upload, third chunk", 3, false, upload},
      {"upload, last chunk", 5, false, upload},
  };
}

Kind expected_kind(Fault fault) {
  switch (fault) {
    case Fault::silence:
    case Fault::garbage:
    case Fault::wrong_sequence:
    case Fault::truncated:
    case Fault::bad_crc:
      return Kind::timed_out;
    case Fault::bad_cbor:
    case Fault::wrong_types:
    case Fault::wrong_command:
      return Kind::malformed;
    case Fault::error_v1:
    case Fault::error_v2:
      return Kind::refused;
    case Fault::closed:
      return Kind::closed;
  }
  return Kind::closed;
}

constexpr Fault kFaults[] = {
    Fault::silence,  Fault::garbage,  Fault::wrong_sequence, Fault::truncated,
    Fault::bad_crc,  Fault::bad_cbor, Fault::wrong_types,    Fault::wrong_command,
    Fault::error_v1, Fault::error_v2, Fault::closed,
};

// From that step on the lock fails at every request: the right failure, within the
// limits, and the client can still be talked to afterwards.
TEST(Client, every_exchange_that_fails_at_any_step_says_how) {
  for (const Step& step : every_step()) {
    for (const Fault fault : kFaults) {
      SCOPED_TRACE(std::string(step.name) + ", fault " +
                   std::to_string(static_cast<int>(fault)));
      Pair p;
      for (std::uint32_t n = 1; n <= 20; ++n) p.lock.events.push_back(event(n));
      p.lock.fault = [&](int n, const smp::Header&) {
        return n >= step.request ? std::optional(fault) : std::nullopt;
      };
      const auto failure = p.run(step.call(p.client));
      const std::string name = step.name;
      const bool asks_params = name == "params" || name == "upload, params";
      if (asks_params && expected_kind(fault) == Kind::refused) {
        // Not knowing its params is no failure of the lock.
        EXPECT_EQ(failure.has_value(), name != "params");
        continue;
      }
      // reset and test tell nothing that could be of a wrong type.
      if (fault == Fault::wrong_types && (name == "reset" || name == "test")) {
        EXPECT_FALSE(failure);
        continue;
      }
      ASSERT_TRUE(failure);
      EXPECT_EQ(failure->kind, expected_kind(fault)) << failure->what;
      EXPECT_EQ(failure->error.has_value(), failure->kind == Kind::refused);
      if (fault == Fault::error_v1) {
        EXPECT_EQ(failure->error, (smp::Error{smp::kNoGroup, smp::kRcBadState}));
      }
      if (fault == Fault::error_v2) {
        EXPECT_EQ(failure->error, (smp::Error{smp::kGroupLock, 1}));
      }
      // Three tries of 2 s; or the first chunk's 10 s.
      EXPECT_LT(p.world.now(), Instant(13s));
      if (failure->kind == Kind::timed_out && step.is_read) {
        EXPECT_EQ(p.lock.requests, step.request + 3);
      }

      p.lock.fault = nullptr;
      p.console.set_live(true);
      p.run(p.lock.say("\r\n"));
      EXPECT_EQ(value_of(p.run(p.client.echo("still there"))), "still there");
    }
  }
}

TEST(Client, damage_on_the_line_is_told_from_silence) {
  Pair p;
  p.lock.fault = [](int, const smp::Header&) { return Fault::bad_crc; };
  auto damaged = p.run(p.client.echo("x"));
  EXPECT_THAT(std::get<Failure>(damaged).what, HasSubstr("damaged"));
  p.lock.fault = [](int, const smp::Header&) { return Fault::silence; };
  auto silent = p.run(p.client.echo("x"));
  EXPECT_EQ(std::get<Failure>(silent).what, "echo: no answer within 2 s");
}

TEST(Banner, is_told_from_other_lines) {
  EXPECT_EQ(parse_banner("6000i-A 2.3.0 boot 5 cause power_on"),
            (Banner{"6000i-A", "2.3.0", 5, "power_on"}));
  for (const char* line :
       {"", "6000i-A", "6000i-A 2.3.0 boot", "6000i-A 2.3.0 boot x cause power_on",
        "6000i-A 2.3.0 boot 5x cause y", "6000i-A 2.3.0 boot 99999999999 cause y",
        "6000i-A 2.3.0 boot 5 cause ", "a b boot -1 cause y", "a b foot 1 cause y",
        "a b boot 1 because y", "a  boot 1 cause y"}) {
    EXPECT_EQ(parse_banner(line), std::nullopt) << line;
  }
}

}  // namespace
}  // namespace lockrig::lock
