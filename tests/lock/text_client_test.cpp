#include "rig/lock/text_client.hpp"

#include <stdexcept>

#include "rig/core/error.hpp"
#include "tests/lock/text_board.hpp"

namespace lockrig::lock {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using Kind = Failure::Kind;

TextProfile profile() {
  TextProfile made{
      .file = "test.toml",
      .prompt = Pattern("> $"),
      .line_end = "\r",
      .login = {},
      .booted = Pattern(
          R"(lock (?<board>\S+) (?<version>\d+\.\d+\.\d+) boot (?<boots>\d+) (?<cause>\w+)\n)"),
      .opened = {},
      .commands = {},
      .update = {},
      .recovery = {}};
  made.commands.emplace(
      "version", TextProfile::Command{
                     "ver", Pattern(R"(^v(?<version>\S+) boots (?<boots>\d+)$)"), 2s});
  made.commands.emplace(
      "state",
      TextProfile::Command{
          "stat", Pattern(R"(codes (?<codes>\S+) serial (?<serial>\w+))"), 2s});
  made.commands.emplace(
      "uptime", TextProfile::Command{"up", Pattern(R"((?<seconds>\d+) s)"), 1s});
  made.update =
      TextProfile::Update{.send = "update",
                          .protocol = ymodem::Protocol::xmodem_1k,
                          .name = "image.bin",
                          .accepted = Pattern("\\baccepted\n"),
                          .refused = Pattern("\\brefused (?<reason>[A-Z]+)\n"),
                          .then = "restart",
                          .limit = 10s};
  return made;
}

/// A board whose loader takes images by XMODEM.
struct LoadingBoard : TextBoard {
  LoadingBoard() { load("accepted\r\n> "); }

  /// A loader that takes one image, and then says that.
  void load(std::string word) {
    loader = [this, word = std::move(word)]() -> Task<void> {
      return take_and_say(word);
    };
  }
  Task<void> take_and_say(std::string word) {
    receiver.emplace(ymodem::Demand{ymodem::Protocol::xmodem_1k}, world.now());
    std::array<std::uint8_t, 1500> buffer;
    while (receiver->state() == ymodem::State::running || !receiver->output().empty()) {
      const bool talks = !receiver->output().empty();
      const Instant until = talks ? world.now() : receiver->deadline();
      const ReadResult read = co_await lock_end.read_some(buffer, until);
      if (read.status == StreamStatus::ok) {
        receiver->feed(ByteView(buffer).first(read.count), world.now());
      } else if (read.status != StreamStatus::timed_out) {
        co_return;
      } else if (!talks) {
        receiver->expire(world.now());
      } else {
        const Bytes answer(receiver->output().begin(), receiver->output().end());
        co_await lock_end.write(answer);
        receiver->sent(world.now());
      }
    }
    co_await say(std::move(word));
  }
  /// One that cancels as soon as it has seen the first block.
  void refuse(std::string word) {
    loader = [this, word = std::move(word)]() -> Task<void> {
      return cancel_and_say(word);
    };
  }
  Task<void> cancel_and_say(std::string word) {
    co_await world.sleep_for(100ms, "a loader");
    co_await say("C");
    std::array<std::uint8_t, 1500> buffer;
    for (std::size_t heard = 0; heard < 1029;) {
      heard += (co_await lock_end.read_some(buffer, kNever)).count;
    }
    co_await say("\x18\x18\x18" + word);
  }
  /// One that has it, and whose power goes then.
  void die_with_it() {
    loader = [this]() -> Task<void> { return take_and_die(); };
  }
  Task<void> take_and_die() {
    co_await take_and_say("");
    die();
  }

  std::optional<ymodem::Receiver> receiver;
};

class TextClientTest : public testing::Test, protected LoadingBoard {
 protected:
  TextClientTest() {
    answers["ver"] = "v2.3.0 boots 12\r\n> ";
    answers["stat"] = "codes 3 serial S1\r\n> ";
    answers["up"] = "77 s\r\n> ";
    for (std::size_t i = 0; i < image_.size(); ++i) {
      image_[i] = static_cast<std::uint8_t>(i * 31 + i / 251);
    }
  }

  Push push() {
    start();
    return run(client_->push(image_, [this](std::size_t n) { progress_ = n; }));
  }
  void use(TextProfile changed) {
    profile_ = std::move(changed);
    client_.emplace(world, console, "A1", profile_);
  }

  TextProfile profile_ = profile();
  std::optional<TextClient> client_{std::in_place, world, console, "A1", profile_};
  Bytes image_ = Bytes(5 * 1024);
  std::size_t progress_ = 0;
};

template <typename T>
Failure failure_of(const Reply<T>& reply) {
  const auto* failure = std::get_if<Failure>(&reply);
  EXPECT_NE(failure, nullptr);
  return failure ? *failure : Failure{Kind::timed_out, ""};
}

TEST_F(TextClientTest, tells_what_its_profile_has) {
  const auto told = [this] {
    std::string topics;
    for (const Topic topic :
         {Topic::version, Topic::boots, Topic::codes, Topic::trial, Topic::log,
          Topic::images, Topic::update, Topic::recovery}) {
      topics += client_->tells(topic) ? '1' : '0';
    }
    return topics;
  };
  EXPECT_EQ(told(), "11100010");
  TextProfile less = profile();
  less.commands.erase("state");
  less.recovery = std::exchange(less.update, {});
  use(less);
  EXPECT_EQ(told(), "11000001");
  less.commands.clear();
  less.recovery.reset();
  use(less);
  EXPECT_EQ(told(), "00000000");
}

TEST_F(TextClientTest, reads_the_state_by_the_names_of_groups) {
  start();
  const auto reply = run(client_->state());
  ASSERT_TRUE(std::holds_alternative<State>(reply)) << failure_of(reply).what;
  State expected;
  expected.serial = "S1";
  expected.version = "2.3.0";
  expected.boots = 12;
  expected.set_up = true;
  expected.codes = 3;
  EXPECT_EQ(std::get<State>(reply), expected);
  EXPECT_THAT(typed, ElementsAre("ver", "stat"));
}

TEST_F(TextClientTest, what_is_no_number_counts_as_not_told) {
  start();
  for (const char* text : {"many", "-1", "3x", "99999999999"}) {
    answers["stat"] = std::string("codes ") + text + " serial S1\r\n> ";
    EXPECT_EQ(std::get<State>(run(client_->state())).codes, 0u) << text;
  }
}

TEST_F(TextClientTest, a_profile_without_a_command_for_it_tells_no_state) {
  TextProfile less = profile();
  less.commands.clear();
  use(less);
  EXPECT_EQ(failure_of(run(client_->state())).kind, Kind::refused);
  EXPECT_EQ(failure_of(run(client_->log(0))).kind, Kind::refused);
  EXPECT_EQ(failure_of(run(client_->images())).kind, Kind::refused);
  EXPECT_TRUE(typed.empty());
}

TEST_F(TextClientTest, asks_any_command_of_the_profile) {
  start();
  const auto reply = run(client_->ask("uptime"));
  using Groups = std::map<std::string, std::string>;
  ASSERT_TRUE(std::holds_alternative<Groups>(reply)) << failure_of(reply).what;
  EXPECT_THAT(std::get<Groups>(reply), ElementsAre(Pair("seconds", "77")));
  EXPECT_EQ(std::get<std::string>(run(client_->command("up", 1s))), "77 s");
  EXPECT_THROW(run(client_->ask("nothing")), std::invalid_argument);
}

TEST_F(TextClientTest, an_answer_that_does_not_match_is_malformed_and_shown) {
  start();
  answers["ver"] = "version?\r\n\xff> ";
  const Failure failure = failure_of(run(client_->state()));
  EXPECT_EQ(failure.kind, Kind::malformed);
  EXPECT_THAT(failure.what, AllOf(HasSubstr("version: \"version?\\n\\xff\""),
                                  HasSubstr("(?<version>")));
}

// At each line that is typed: the right failure, and soon.
TEST_F(TextClientTest, a_console_that_dies_at_any_step_is_closed) {
  for (int step = 0; step < 3; ++step) {
    SCOPED_TRACE(step);
    TextBoard board;
    board.answers = answers;
    board.dies_at = step;
    board.start();
    TextClient client(board.world, board.console, "A1", profile_);
    const auto all = [&]() -> Task<std::optional<Failure>> {
      auto state = co_await client.state();
      if (auto* failure = std::get_if<Failure>(&state)) co_return std::move(*failure);
      auto asked = co_await client.ask("uptime");
      if (auto* failure = std::get_if<Failure>(&asked)) co_return std::move(*failure);
      co_return std::nullopt;
    };
    const auto failure = board.run(all());
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind, Kind::closed) << failure->what;
    EXPECT_LT(board.world.now(), Instant(100ms));
  }
}

TEST_F(TextClientTest, sees_a_start_by_what_the_profile_says) {
  says("garbage\xff\r\nlock 6000i-A 2.3.0 boot 12 power_on\r\n> ");
  const auto banner = run(client_->next_start(world.now() + 1s));
  EXPECT_EQ(banner, (Banner{"6000i-A", "2.3.0", 12, "power_on"}));
  EXPECT_EQ(run(client_->next_start(world.now() + 1s)), std::nullopt);
}

TEST_F(TextClientTest, a_start_may_tell_less) {
  TextProfile less = profile();
  less.booted = Pattern("ready");
  use(less);
  says("ready\r\n");
  EXPECT_EQ(run(client_->next_start(world.now() + 1s)), (Banner{"", "", 0, ""}));
}

TEST_F(TextClientTest, a_dead_console_has_no_start_and_nobody_waits_for_it) {
  die();
  const Instant began = world.now();
  EXPECT_EQ(run(client_->next_start(began + 30s)), std::nullopt);
  EXPECT_EQ(world.now(), began);
}

class TextLoginTest : public TextClientTest {
 protected:
  static constexpr const char* kBanner = "lock 6000i-A 2.3.0 boot 12 power_on\r\n";

  TextLoginTest() {
    TextProfile with = profile();
    with.login = {{Pattern("login: $"), "root\r"}, {Pattern("word: $"), "secret\r"}};
    use(with);
    answers["root"] = "password: ";
  }
};

TEST_F(TextLoginTest, logs_in_step_by_step_and_then_looks_for_the_banner) {
  answers["secret"] = std::string("welcome\r\n") + kBanner + "> ";
  start();
  says("\r\nlogin: ");
  const auto banner = run(client_->next_start(world.now() + 5s));
  EXPECT_EQ(banner, (Banner{"6000i-A", "2.3.0", 12, "power_on"}));
  EXPECT_THAT(typed, ElementsAre("root", "secret"));
}

TEST_F(TextLoginTest, the_banner_may_stand_before_the_login) {
  answers["secret"] = "welcome\r\n> ";
  start();
  says(std::string(kBanner) + "login: ");
  EXPECT_TRUE(run(client_->next_start(world.now() + 5s)));
  let_pass(1ms);
  EXPECT_THAT(typed, ElementsAre("root", "secret"));
}

TEST_F(TextLoginTest, types_nothing_that_nobody_asked_for) {
  start();
  says(kBanner);
  const Instant until = world.now() + 5s;
  EXPECT_EQ(run(client_->next_start(until)), std::nullopt);
  EXPECT_EQ(world.now(), until);
  EXPECT_TRUE(typed.empty());
}

TEST_F(TextLoginTest, a_console_that_dies_at_any_step_has_not_started) {
  for (int step = 0; step < 2; ++step) {
    TextBoard board;
    board.answers = answers;
    board.dies_at = step;
    board.start();
    TextClient client(board.world, board.console, "A1", profile_);
    board.says("login: ");
    EXPECT_EQ(board.run(client.next_start(board.world.now() + 5s)), std::nullopt);
    EXPECT_LT(board.world.now(), Instant(100ms)) << step;
    EXPECT_EQ(board.typed.size(), static_cast<std::size_t>(step) + 1);
  }
}

TEST_F(TextClientTest, gives_text_line_by_line) {
  says("one\r\n\x1b[1mtwo\x1b[0m\r\nthr");
  const Instant until = world.now() + 1s;
  EXPECT_EQ(run(client_->next_text(until)), "one");
  EXPECT_EQ(run(client_->next_text(until)), "two");
  EXPECT_EQ(run(client_->next_text(until)), std::nullopt);
  says("ee\r\n");
  EXPECT_EQ(run(client_->next_text(world.now() + 1s)), "three");
  says("old\r\n");
  let_pass(1ms);
  client_->discard();
  EXPECT_EQ(run(client_->next_text(world.now() + 1s)), std::nullopt);
}

TEST_F(TextClientTest, hands_an_image_over_and_has_it_tried) {
  load("accepted\r\n> ");
  const Push result = push();
  EXPECT_TRUE(result.accepted);
  EXPECT_EQ(result.refusal, "");
  EXPECT_FALSE(result.failure) << result.failure->what;
  EXPECT_EQ(result.acknowledged, image_.size());
  EXPECT_EQ(progress_, image_.size());
  EXPECT_EQ(receiver->file(), image_);
  let_pass(10ms);
  EXPECT_THAT(typed, ElementsAre("update", "restart"));
}

TEST_F(TextClientTest, a_loader_may_refuse_what_it_has_got) {
  load("refused SIGNATURE\r\n> ");
  const Push result = push();
  EXPECT_FALSE(result.accepted);
  EXPECT_EQ(result.refusal, "SIGNATURE");
  EXPECT_FALSE(result.failure);
  let_pass(10ms);
  EXPECT_THAT(typed, ElementsAre("update"));
}

TEST_F(TextClientTest, a_loader_may_cancel_and_then_say_why) {
  refuse("refused MODEL\r\n> ");
  const Push result = push();
  EXPECT_FALSE(result.accepted);
  EXPECT_EQ(result.refusal, "MODEL");
  EXPECT_FALSE(result.failure);
  EXPECT_EQ(result.acknowledged, 0u);
}

TEST_F(TextClientTest, a_reason_may_be_left_out) {
  TextProfile less = profile();
  less.update->refused = Pattern("no!\n");
  use(less);
  load("no!\r\n");
  EXPECT_EQ(push().refusal, "REFUSED");
}

TEST_F(TextClientTest, a_loader_that_cancels_without_a_word_refused_it) {
  refuse("");
  const Push result = push();
  EXPECT_FALSE(result.accepted);
  EXPECT_EQ(result.refusal, "");
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->kind, Kind::refused);
}

TEST_F(TextClientTest, no_word_on_an_image_is_a_failure_that_shows_what_came) {
  load("hm.\r\n");
  const Push result = push();
  EXPECT_FALSE(result.accepted);
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->kind, Kind::timed_out);
  EXPECT_THAT(result.failure->what, HasSubstr("hm.\\n"));
  EXPECT_THAT(typed, ElementsAre("update"));
}

TEST_F(TextClientTest, where_only_a_refusal_is_told_silence_is_consent) {
  TextProfile less = profile();
  less.update->accepted.reset();
  use(less);
  load("");
  const Push result = push();
  EXPECT_TRUE(result.accepted);
  EXPECT_FALSE(result.failure);
  let_pass(10ms);
  EXPECT_THAT(typed, ElementsAre("update", "restart"));
}

TEST_F(TextClientTest, where_no_word_is_told_nobody_waits_for_one) {
  TextProfile less = profile();
  less.update->accepted.reset();
  less.update->refused.reset();
  less.update->then.clear();
  use(less);
  load("");
  EXPECT_TRUE(push().accepted);
  EXPECT_LT(world.now(), Instant(8s));
  EXPECT_THAT(typed, ElementsAre("update"));
}

TEST_F(TextClientTest, a_loader_that_never_asks_has_not_taken_it) {
  loader = {};
  const Instant began = world.now();
  const Push result = push();
  EXPECT_FALSE(result.accepted);
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->kind, Kind::timed_out);
  EXPECT_LE(world.now() - began, 11s);
}

// Behind the word it may be dead as it likes.
TEST_F(TextClientTest, an_update_is_closed_when_the_console_dies_at_any_moment) {
  bool whole = false;
  for (int ms = 0; !whole; ++ms) {
    SCOPED_TRACE(ms);
    ASSERT_LT(ms, 20000);
    LoadingBoard board;
    board.start();
    TextClient client(board.world, board.console, "A1", profile_);
    Timer cut(board.world, "a cut", [&] { board.die(); });
    const Instant at{std::chrono::milliseconds(ms)};
    cut.at(at);
    const Push result = board.run(client.push(image_, {}));
    whole = board.world.now() < at;
    if (result.accepted) {
      EXPECT_EQ(board.receiver->file(), image_);
      if (whole) {
        EXPECT_FALSE(result.failure);
      }
      continue;
    }
    ASSERT_TRUE(result.failure);
    EXPECT_EQ(result.failure->kind, Kind::closed) << result.failure->what;
    EXPECT_LE(board.world.now(), at + 20ms);
  }
}

TEST_F(TextClientTest, power_that_goes_before_the_word_on_an_image_is_closed) {
  die_with_it();
  const Push result = push();
  EXPECT_FALSE(result.accepted);
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->kind, Kind::closed) << result.failure->what;
}

TEST_F(TextClientTest, recovers_by_the_profiles_recovery_alone) {
  EXPECT_EQ(run(client_->recover(image_, {})).failure->kind, Kind::refused);
  TextProfile less = profile();
  less.update.reset();
  use(less);
  EXPECT_EQ(run(client_->push(image_, {})).failure->kind, Kind::refused);
  EXPECT_TRUE(typed.empty());
}

}  // namespace
}  // namespace lockrig::lock
