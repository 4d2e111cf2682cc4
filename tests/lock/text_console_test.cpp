#include "rig/lock/text_console.hpp"

#include "rig/core/error.hpp"
#include "rig/core/printable.hpp"
#include "tests/lock/text_board.hpp"

namespace lockrig::lock {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class TextConsoleTest : public testing::Test, protected TextBoard {
 protected:
  TextConsoleTest() {
    profile_.line_end = "\r";
    answers["version"] = "version 2.3.0\r\n> ";
    answers["silent"] = "";
    answers["endless"] = "one\r\ntwo\r\n";
  }

  Reply<std::string> command(std::string text) {
    return run(console_.command(std::move(text), profile_, world.now() + 2s));
  }
  std::string answer_of(const Reply<std::string>& reply) {
    const auto* failure = std::get_if<Failure>(&reply);
    return failure ? "failed: " + failure->what : std::get<std::string>(reply);
  }
  Failure failure_of(const Reply<std::string>& reply) {
    const auto* failure = std::get_if<Failure>(&reply);
    EXPECT_NE(failure, nullptr) << answer_of(reply);
    return failure ? *failure : Failure{Failure::Kind::timed_out, ""};
  }
  std::optional<TextConsole::Found> expect(const char* pattern) {
    const Pattern wanted{std::string(pattern)};
    return run(console_.expect(wanted, world.now() + 1s));
  }

  TextProfile profile_{.file = "test.toml",
                       .prompt = Pattern("> $"),
                       .line_end = "\r",
                       .login = {},
                       .booted = Pattern("booted"),
                       .opened = {},
                       .commands = {},
                       .update = {},
                       .recovery = {}};
  TextConsole console_{world, console, "A1"};
};

TEST_F(TextConsoleTest, an_answer_has_no_echo_no_prompt_and_no_space_around) {
  for (const bool echo : {false, true}) {
    echoes = echo;
    if (typed.empty()) start();
    EXPECT_EQ(answer_of(command("version")), "version 2.3.0") << echo;
  }
  EXPECT_EQ(typed.at(0), "version");
}

TEST_F(TextConsoleTest, an_answer_that_begins_like_its_command_is_no_echo) {
  start();
  answers["on"] = "one two\r\n> ";
  EXPECT_EQ(answer_of(command("on")), "one two");
}

TEST_F(TextConsoleTest, an_answer_is_the_same_split_at_every_byte) {
  echoes = true;
  answers["version"] = "\x1b[1;32mversion\x1b[0m 2.3.0\r\nsecond\r\n\x1b[2K> ";
  start();
  for (split = 0; split < 60; ++split) {
    EXPECT_EQ(answer_of(command("version")), "version 2.3.0\nsecond") << split;
  }
}

TEST_F(TextConsoleTest, what_terminals_are_told_is_dropped) {
  start();
  answers["colours"] = "\x1b[31mred\x1b[0m\r\n\x1b(B\x1b=\x1b[?25lplain\x1b[12;3H\r\n" +
                       std::string("nul\0\x1b\x1b[mend", 11) + "\r\n> ";
  // "(" is the one character behind ESC; its "B" is seen.
  EXPECT_EQ(answer_of(command("colours")), "red\nBplain\nnulend");
}

TEST_F(TextConsoleTest, what_came_before_a_command_is_no_answer) {
  start();
  says("booted\r\nold news\r\n> ");
  let_pass(1ms);
  ASSERT_TRUE(expect("booted"));
  EXPECT_EQ(answer_of(command("version")), "version 2.3.0");

  says("log line\r\n> ");
  let_pass(1ms);  // and nobody has read it
  EXPECT_EQ(answer_of(command("version")), "version 2.3.0");
}

TEST_F(TextConsoleTest, a_sequence_that_began_before_a_command_ends_in_its_answer) {
  start();
  says("> \x1b[3");
  let_pass(1ms);
  answers["version"] = "1mversion 2.3.0\r\n> ";
  EXPECT_EQ(answer_of(command("version")), "version 2.3.0");
}

TEST_F(TextConsoleTest, a_prompt_that_never_comes_is_told_beside_what_came) {
  start();
  const Instant began = world.now();
  const Failure failure = failure_of(command("endless"));
  EXPECT_EQ(failure.kind, Failure::Kind::timed_out);
  EXPECT_THAT(failure.what, AllOf(HasSubstr("endless"), HasSubstr("/> $/"),
                                  HasSubstr("2.0 s"), HasSubstr("\"one\\ntwo\\n\"")));
  EXPECT_EQ(world.now() - began, 2s);
  EXPECT_EQ(answer_of(command("version")), "version 2.3.0") << "and it goes on";
}

TEST_F(TextConsoleTest, what_cannot_be_printed_is_escaped_where_it_is_told) {
  start();
  answers["garbage"] = "\xff\xfe\x01\x7f" + std::string(1000, 'x');
  const Failure failure = failure_of(command("garbage"));
  EXPECT_THAT(failure.what, HasSubstr("\\xff\\xfe\\x01\\x7fxxx"));
  EXPECT_THAT(failure.what, HasSubstr("x...\""));
  EXPECT_LT(failure.what.size(), 500u);
  for (const char c : failure.what) EXPECT_TRUE(c >= ' ' && c <= '~');
}

TEST_F(TextConsoleTest, a_console_that_dies_in_the_middle_of_an_answer_is_closed) {
  dies_at = 1;
  start();
  EXPECT_EQ(answer_of(command("version")), "version 2.3.0");
  const Instant began = world.now();
  EXPECT_EQ(failure_of(command("version")).kind, Failure::Kind::closed);
  EXPECT_LT(world.now() - began, 1s) << "nobody waits for a dead console";
  EXPECT_EQ(failure_of(command("version")).kind, Failure::Kind::closed);
  EXPECT_EQ(typed.size(), 2u);
}

TEST_F(TextConsoleTest, a_console_that_fails_is_the_rigs_fault) {
  to_rig->fail();
  EXPECT_THROW(command("version"), RigError);
  TextBoard other;
  TextConsole there(other.world, other.console, "A1");
  other.to_lock->fail();
  EXPECT_THROW(other.run(there.type("x")), RigError);
}

TEST_F(TextConsoleTest, expects_text_and_takes_it_up_to_the_end_of_the_match) {
  says("one two three");
  const auto found = expect("t(?<rest>wo)");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->text, "one two");
  EXPECT_EQ(found->match.groups.at("rest"), "wo");
  EXPECT_EQ(console_.pending(), " three");
  EXPECT_FALSE(expect("one"));
  EXPECT_EQ(console_.pending(), " three");
  EXPECT_TRUE(expect("three"));
}

TEST_F(TextConsoleTest, expects_text_until_it_comes) {
  const Pattern wanted("ready (?<n>\\d+)!");
  Life peer(world, "peer");
  peer.spawn([](TextBoard& board) -> Task<void> {
    co_await board.world.sleep_for(200ms, "test");
    co_await board.say("rea");
    co_await board.world.sleep_for(200ms, "test");
    co_await board.say("dy 12!");
  }(*this));
  const auto found = run(console_.expect(wanted, world.now() + 1s));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->match.groups.at("n"), "12");
  EXPECT_LT(world.now(), Instant(500ms));
}

TEST_F(TextConsoleTest, the_first_of_several_that_matches_is_told) {
  says("it is accepted\r\n");
  const std::vector<Pattern> words = {Pattern("refused"), Pattern("accepted\n")};
  const auto found = run(console_.expect_one(words, world.now() + 1s));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->which, 1u);
  EXPECT_FALSE(run(console_.expect_one(words, world.now() + 1s)));
}

TEST_F(TextConsoleTest, discarded_text_is_gone_read_or_not) {
  says("one");
  ASSERT_TRUE(expect("n"));
  says("two");
  let_pass(1ms);
  console_.discard();
  EXPECT_FALSE(expect("[etwo]"));
}

TEST_F(TextConsoleTest, keeps_the_last_of_text_that_nobody_asks_for) {
  const Bytes text(TextConsole::kMost, 'x');
  console_.hear(text);
  const std::string end = "the end";
  console_.hear(
      ByteView(reinterpret_cast<const std::uint8_t*>(end.data()), end.size()));
  EXPECT_EQ(console_.pending().size(), TextConsole::kMost);
  EXPECT_TRUE(console_.pending().ends_with("xthe end"));
}

TEST(Printable, is_ascii_and_not_long) {
  EXPECT_EQ(printable("plain ~"), "plain ~");
  EXPECT_EQ(printable("a\nb\tc\x1b\x80\xff"), "a\\nb\\x09c\\x1b\\x80\\xff");
  EXPECT_EQ(printable(std::string(300, 'x')), std::string(300, 'x'));
  EXPECT_EQ(printable(std::string(301, 'x')), std::string(300, 'x') + "...");
}

}  // namespace
}  // namespace lockrig::lock
