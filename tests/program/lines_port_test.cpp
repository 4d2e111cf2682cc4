#include "rig/program/lines_port.hpp"

#include <gmock/gmock.h>

#include "rig/core/error.hpp"
#include "tests/program/program_fixture.hpp"

namespace lockrig::program {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class LinesPortTest : public ProgramTest {
 protected:
  LinesPort::Events events() {
    return {
        .greeted = [this] { happened_.push_back("greeted"); },
        .show =
            [this](board_lines::Show show) {
              happened_.push_back("output " +
                                  std::to_string(static_cast<int>(show.output)) +
                                  (show.active ? " on" : " off"));
            },
        .motor =
            [this](board_lines::Drive drive) {
              happened_.push_back("motor " + std::to_string(static_cast<int>(drive)));
            },
        .flash =
            [this](const board_lines::FlashBegins& flash) {
              happened_.push_back("flash " + flash.region + " " + flash.phase);
              if (on_flash_) on_flash_();
            },
        .torn = [this] { happened_.push_back("torn"); }};
  }

  /// A program on the lines.
  std::unique_ptr<io::FdStream> program(std::string_view says) {
    const int fd = connect_to(folder_ / "lines");
    send_all(fd, says);
    return std::make_unique<io::FdStream>(world_, fd);
  }
  bool heard(std::size_t count) {
    return wait_until([&] { return happened_.size() >= count; });
  }
  /// What the world throws when a program says that.
  std::string mistake(std::string_view says) {
    const auto peer = program(says);
    try {
      wait_until([] { return false; });
    } catch (const RigError& error) {
      EXPECT_EQ(error.station(), "A1");
      return error.what();
    }
    return "accepted";
  }

  std::vector<std::string> happened_;
  std::function<void()> on_flash_;
  LinesPort port_{world_, "A1", folder_ / "lines", events()};
};

TEST_F(LinesPortTest, welcomes_who_says_hello) {
  EXPECT_FALSE(port_.connected());
  const auto peer = program("hello 1\n");
  EXPECT_EQ(hear(*peer, "\n"), "welcome 1\n");
  EXPECT_TRUE(port_.connected());
  EXPECT_THAT(happened_, ElementsAre("greeted"));
}

TEST_F(LinesPortTest, tells_each_message_in_its_order) {
  const auto peer = program(
      "hello 1\nled_red on\r\nmotor retract\nflash erase slot1 staging\ntorn\n");
  ASSERT_TRUE(heard(5));
  EXPECT_THAT(happened_, ElementsAre("greeted", "output 3 on", "motor 1",
                                     "flash slot1 staging", "torn"));
}

TEST_F(LinesPortTest, says_nothing_before_hello_and_everything_after) {
  port_.say("lost\n");
  const auto peer = program("");
  let_pass(5ms);
  port_.say("lost\n");
  type(*peer, "hello 1\n");
  ASSERT_TRUE(heard(1));
  port_.say("one\n");
  port_.say("two\n");
  EXPECT_EQ(hear(*peer, "two\n"), "welcome 1\none\ntwo\n");
}

TEST_F(LinesPortTest, whoever_breaks_the_protocol_is_named) {
  EXPECT_THAT(mistake("led_red on\n"), HasSubstr("\"led_red on\" before hello"));
  EXPECT_THAT(mistake("hello 1\nled_red up\n"),
              HasSubstr("\"led_red up\" is no message of a program"));
  EXPECT_THAT(mistake("hello 2\n"), HasSubstr("\"hello 2\" is no message"));
  EXPECT_THAT(mistake("hello 1\nhello 1\n"), HasSubstr("a second hello"));
  EXPECT_THAT(mistake("hello 1\n" + std::string(257, 'x')),
              HasSubstr("a line is longer than 256 bytes"));
}

TEST_F(LinesPortTest, what_is_said_in_an_error_can_be_printed) {
  const std::string what = mistake(std::string_view("\x01\xff\x1b[2J\n"));
  EXPECT_TRUE(std::all_of(what.begin(), what.end(), [](char c) {
    return c >= ' ' && c <= '~';
  })) << what;
}

TEST_F(LinesPortTest, hears_one_program_at_a_time) {
  const auto first = program("hello 1\n");
  ASSERT_TRUE(heard(1));
  const auto second = program("hello 1\n");
  ASSERT_TRUE(heard(2));
  type(*first, "led_red on\n");
  type(*second, "led_green on\n");
  ASSERT_TRUE(heard(3));
  let_pass(5ms);
  EXPECT_THAT(happened_, ElementsAre("greeted", "greeted", "output 4 on"));
}

TEST_F(LinesPortTest, a_program_that_hangs_up_may_be_followed_by_another) {
  auto peer = program("hello 1\n");
  ASSERT_TRUE(heard(1));
  peer.reset();
  port_.say("key 1 close\n");
  let_pass(5ms);
  port_.say("key 1 open\n");
  peer = program("hello 1\n");
  EXPECT_EQ(hear(*peer, "\n"), "welcome 1\n");
}

TEST_F(LinesPortTest, what_a_program_without_power_had_said_is_not_heard) {
  const auto waits_in_the_kernel = program("hello 1\nled_red on\n");
  port_.disconnect();
  let_pass(10ms);
  EXPECT_THAT(happened_, IsEmpty());
  EXPECT_FALSE(port_.connected());

  const auto next = program("hello 1\n");
  EXPECT_EQ(hear(*next, "\n"), "welcome 1\n");
  type(*next, "led_green on\n");
  let_pass(5ms);
  port_.disconnect();
  type(*next, "led_green off\n");
  let_pass(10ms);
  EXPECT_THAT(happened_, ElementsAre("greeted", "output 4 on"));
}

TEST_F(LinesPortTest, nothing_is_heard_behind_the_message_that_took_power_away) {
  on_flash_ = [this] { port_.disconnect(); };
  const auto peer = program("hello 1\nflash erase slot0 swap\nled_red on\nnonsense\n" +
                            std::string(300, 'x'));
  ASSERT_TRUE(heard(2));
  let_pass(10ms);
  EXPECT_THAT(happened_, ElementsAre("greeted", "flash slot0 swap"));
  on_flash_ = {};
  const auto next = program("hello 1\n");
  EXPECT_EQ(hear(*next, "\n"), "welcome 1\n");
}

}  // namespace
}  // namespace lockrig::program
