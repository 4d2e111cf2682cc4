#include "rig/program/program_board.hpp"

#include <gmock/gmock.h>

#include "rig/core/error.hpp"
#include "tests/program/program_fixture.hpp"

namespace lockrig::program {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ProgramBoardTest : public ProgramTest {
 protected:
  ProgramConfig shell(std::string script) const {
    ProgramConfig config;
    config.station = "P1";
    config.command.arguments = {"/bin/sh", "-c", std::move(script)};
    config.command.folder = folder_;
    config.folder = folder_;
    return config;
  }
  /// A program that does nothing: the test speaks for it on the lines.
  ProgramConfig on_lines() const {
    ProgramConfig config = shell("exec sleep 1000");
    config.lines = true;
    config.bolt_travel = 40ms;
    return config;
  }

  void on(ProgramBoard& board) {
    board.set_supply(Supply::connected);
    ASSERT_TRUE(wait_until([&] { return board.running(); }));
  }
  void off(ProgramBoard& board) {
    board.set_supply(Supply::discharged);
    ASSERT_TRUE(wait_until([&] { return !board.output(Output::rail); }));
    ASSERT_FALSE(board.running());
  }

  /// The board's end of the lines, once it has been welcomed.
  std::unique_ptr<io::FdStream> hello() {
    auto lines = std::make_unique<io::FdStream>(world_, connect_to(folder_ / "lines"));
    type(*lines, "hello 1\n");
    EXPECT_EQ(hear(*lines, "\n"), "welcome 1\n");
    return lines;
  }
  std::string next(io::FdStream& lines) { return hear(lines, "\n"); }

  void watch(ProgramBoard& board) {
    board.watch_outputs([this](Output output, bool active) {
      happened_.push_back(std::to_string(static_cast<int>(output)) +
                          (active ? " on" : " off"));
    });
  }

  std::vector<std::string> happened_;
};

TEST_F(ProgramBoardTest, power_starts_it_and_loss_of_power_kills_all_of_it) {
  ProgramBoard board(world_, shell("sleep 1000 & echo $!; wait"));
  let_pass(5ms);
  EXPECT_FALSE(board.running());
  on(board);
  EXPECT_TRUE(board.output(Output::rail));
  const pid_t grandchild = std::atoi(hear(board.console(), "\n").c_str());
  ASSERT_FALSE(is_gone(grandchild));
  off(board);
  EXPECT_TRUE(wait_until([&] { return is_gone(grandchild); }));
  EXPECT_EQ(board.exit_status(), std::nullopt);
}

TEST_F(ProgramBoardTest, goes_with_its_board) {
  pid_t pid = 0;
  {
    ProgramBoard board(world_, shell("echo $$; exec sleep 1000"));
    on(board);
    pid = std::atoi(hear(board.console(), "\n").c_str());
    ASSERT_FALSE(is_gone(pid));
  }
  EXPECT_TRUE(is_gone(pid));
}

TEST_F(ProgramBoardTest, an_interruption_within_the_hold_up_is_none) {
  ProgramBoard board(world_, shell("echo $$; exec sleep 1000"));
  on(board);
  hear(board.console(), "\n");
  board.set_supply(Supply::open);
  board.set_supply(Supply::connected);
  let_pass(20ms);
  EXPECT_TRUE(board.running());
  EXPECT_EQ(type(board.console(), "x"), StreamStatus::ok);
}

TEST_F(ProgramBoardTest, a_dip_starts_it_anew) {
  ProgramBoard board(world_, shell("echo started; exec sleep 1000"));
  on(board);
  hear(board.console(), "\n");
  board.set_supply(Supply::dipped);
  ASSERT_TRUE(wait_until([&] { return !board.running(); }));
  EXPECT_TRUE(board.output(Output::rail));
  on(board);
  EXPECT_EQ(hear(board.console(), "\n"), "started\n");
}

TEST_F(ProgramBoardTest, one_that_cannot_be_started_is_the_rigs_fault_and_is_named) {
  ProgramConfig config = shell("");
  config.command.arguments = {"no-such-program", "{state}"};
  ProgramBoard board(world_, config);
  board.set_supply(Supply::connected);
  try {
    wait_until([&] { return board.running(); });
    ADD_FAILURE() << "it was started";
  } catch (const RigError& error) {
    EXPECT_EQ(error.station(), "P1");
    EXPECT_THAT(error.what(), HasSubstr("no-such-program"));
  }
  EXPECT_FALSE(board.running());
}

TEST_F(ProgramBoardTest, one_that_ends_by_itself_is_dead_until_the_next_power_cycle) {
  ProgramBoard board(world_, shell("echo started; exit 3"));
  for (int i = 0; i < 2; ++i) {
    on(board);
    EXPECT_EQ(board.exit_status(), std::nullopt);
    ASSERT_TRUE(wait_until([&] { return !board.running(); }));
    EXPECT_EQ(board.exit_status(), 3);
    EXPECT_EQ(hear(board.console(), "\n"), "started\n");
    let_pass(20ms);
    EXPECT_FALSE(board.running());
    EXPECT_TRUE(board.output(Output::rail));
    EXPECT_EQ(type(board.console(), "anybody there?\n"), StreamStatus::ok);
    off(board);
  }
}

TEST_F(ProgramBoardTest, finds_its_paths_and_names) {
  ProgramConfig config = shell(
      "for each in \"$LOCKRIG_STATE\" \"$LOCKRIG_LINES\" \"$LOCKRIG_CONSOLE\" "
      "\"$LOCKRIG_DISK\" \"$LOCKRIG_PORTAL\" \"$LOCKRIG_STATION\" \"$@\"; "
      "do echo \"[$each]\"; done");
  config.portal = "127.0.0.1:1";
  for (const char* each : {"sh", "{state}/{station}", "{lines}", "{console}", "{disk}",
                           "{portal}", "{other}"}) {
    config.command.arguments.push_back(each);
  }
  ProgramBoard board(world_, config);
  on(board);
  const std::string root = folder_.string();
  for (const std::string& expected :
       {root + "/state", std::string(), std::string(), root + "/disk",
        std::string("127.0.0.1:1"), std::string("P1"), root + "/state/P1",
        root + "/lines", root + "/console", root + "/disk", std::string("127.0.0.1:1"),
        std::string("{other}")}) {
    EXPECT_EQ(hear(board.console(), "\n"), "[" + expected + "]\n");
  }
}

TEST_F(ProgramBoardTest, files_survive_and_what_it_complains_of_is_kept) {
  ProgramBoard board(world_,
                     shell("echo x >> $LOCKRIG_STATE/boots; echo 'a complaint' >&2; "
                           "echo started; exec sleep 1000"));
  for (int i = 0; i < 2; ++i) {
    on(board);
    ASSERT_EQ(hear(board.console(), "\n"), "started\n");
    off(board);
  }
  EXPECT_EQ(file("state/boots"), "x\nx\n");
  EXPECT_EQ(file("stderr"), "a complaint\na complaint\n");
}

TEST_F(ProgramBoardTest, a_console_of_each_kind_survives_power_cycles) {
  const std::string script = "while read line; do echo \"got $line\"; done";
  const std::string connects =
      "import os, socket, subprocess, sys\n"
      "s = socket.socket(socket.AF_UNIX)\n"
      "s.connect(os.environ['LOCKRIG_CONSOLE'])\n"
      "s.sendall(b'connected\\n')\n"
      "subprocess.run(['/bin/sh', '-c', sys.argv[1]], stdin=s, stdout=s)\n";
  for (const ConsoleKind kind :
       {ConsoleKind::stdio, ConsoleKind::pty, ConsoleKind::socket}) {
    SCOPED_TRACE(static_cast<int>(kind));
    ProgramConfig config = shell(script);
    config.console = kind;
    if (kind == ConsoleKind::socket) {
      config.command.arguments = {"python3", "-c", connects, script};
    }
    ProgramBoard board(world_, config);
    for (int i = 0; i < 2; ++i) {
      on(board);
      if (kind == ConsoleKind::socket) {
        ASSERT_EQ(hear(board.console(), "\n"), "connected\n");
      }
      type(board.console(), "one\n");
      EXPECT_EQ(hear(board.console(), "\n"), "got one\n");
      type(board.console(), "two\n");
      EXPECT_EQ(hear(board.console(), "\n"), "got two\n");
      off(board);
      type(board.console(), "vanishes\n");
    }
  }
}

TEST_F(ProgramBoardTest, without_a_console_it_may_say_what_it_likes) {
  ProgramConfig config =
      shell("head -c 1000000 /dev/zero; read line; echo done > $LOCKRIG_STATE/done");
  config.console = ConsoleKind::none;
  ProgramBoard board(world_, config);
  on(board);
  ASSERT_TRUE(wait_until([&] { return board.exit_status().has_value(); }));
  EXPECT_EQ(file("state/done"), "done\n");
}

TEST_F(ProgramBoardTest, a_socket_that_cannot_be_made_is_the_rigs_fault) {
  std::ofstream(folder_ / "lines") << "in the way";
  EXPECT_THROW(ProgramBoard(world_, on_lines()), RigError);
}

TEST_F(ProgramBoardTest, a_folder_that_cannot_be_made_is_the_rigs_fault) {
  std::ofstream(folder_ / "file") << "in the way";
  ProgramConfig config = shell("");
  config.folder = folder_ / "file";
  EXPECT_THROW(ProgramBoard(world_, config), RigError);
}

TEST_F(ProgramBoardTest, tells_the_bolt_and_the_keys_that_are_held_at_a_start) {
  ProgramBoard board(world_, on_lines());
  board.set_contact(0, true);
  board.set_contact(11, true);
  board.set_contact(5, true);
  board.set_contact(5, false);
  on(board);
  const auto lines = hello();
  EXPECT_EQ(next(*lines), "bolt extended\n");
  EXPECT_EQ(next(*lines), "key 0 close\n");
  EXPECT_EQ(next(*lines), "key 11 close\n");
  board.set_contact(0, false);
  board.set_contact(31, true);
  EXPECT_EQ(next(*lines), "key 0 open\n");
  EXPECT_EQ(next(*lines), "key 31 close\n");
}

TEST_F(ProgramBoardTest, its_motor_moves_the_bolt_and_both_sensors_are_told) {
  ProgramBoard board(world_, on_lines());
  on(board);
  watch(board);
  const auto lines = hello();
  ASSERT_EQ(next(*lines), "bolt extended\n");
  type(*lines, "motor retract\n");
  EXPECT_EQ(next(*lines), "bolt between\n");
  EXPECT_FALSE(board.output(Output::bolt_extended));
  EXPECT_EQ(next(*lines), "bolt retracted\n");
  EXPECT_TRUE(board.output(Output::bolt_retracted));
  type(*lines, "motor extend\n");
  EXPECT_EQ(next(*lines), "bolt between\n");
  EXPECT_EQ(next(*lines), "bolt extended\n");
  type(*lines, "motor off\n");
  EXPECT_THAT(happened_, ElementsAre("1 off", "2 on", "2 off", "1 on"));
}

TEST_F(ProgramBoardTest, the_bolt_stays_where_it_is_when_power_goes) {
  ProgramConfig config = on_lines();
  config.bolt_travel = 10s;
  ProgramBoard board(world_, config);
  on(board);
  auto lines = hello();
  ASSERT_EQ(next(*lines), "bolt extended\n");
  type(*lines, "motor retract\n");
  EXPECT_EQ(next(*lines), "bolt between\n");
  off(board);
  const double stopped = board.bolt_position();
  EXPECT_GT(stopped, 0.01);
  EXPECT_LT(stopped, 0.9);
  let_pass(20ms);
  EXPECT_EQ(board.bolt_position(), stopped);
  on(board);
  lines = hello();
  EXPECT_EQ(next(*lines), "bolt between\n");
  EXPECT_EQ(board.bolt_position(), stopped);
}

TEST_F(ProgramBoardTest, a_bolt_that_is_blocked_is_between) {
  ProgramBoard board(world_, on_lines());
  board.block_bolt(0.5);
  on(board);
  const auto lines = hello();
  ASSERT_EQ(next(*lines), "bolt extended\n");
  type(*lines, "motor retract\n");
  EXPECT_EQ(next(*lines), "bolt between\n");
  let_pass(60ms);
  EXPECT_DOUBLE_EQ(board.bolt_position(), 0.5);
  board.unblock_bolt();
  EXPECT_EQ(next(*lines), "bolt retracted\n");
}

TEST_F(ProgramBoardTest, its_outputs_fall_when_it_is_killed) {
  ProgramBoard board(world_, on_lines());
  on(board);
  const auto lines = hello();
  type(*lines, "led_red on\nled_green on\nbeeper on\nbusy on\n");
  ASSERT_TRUE(wait_until([&] { return board.output(Output::busy); }));
  for (const Output each : {Output::led_red, Output::led_green, Output::beeper}) {
    EXPECT_TRUE(board.output(each));
  }
  watch(board);
  off(board);
  EXPECT_THAT(happened_, ElementsAre("3 off", "4 off", "5 off", "6 off", "0 off"));
}

TEST_F(ProgramBoardTest, what_breaks_the_protocol_is_the_rigs_fault) {
  ProgramBoard board(world_, on_lines());
  on(board);
  const auto lines = hello();
  type(*lines, "led_red perhaps\n");
  try {
    let_pass(1s);
    ADD_FAILURE() << "nobody complained";
  } catch (const RigError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("P1"), HasSubstr("led_red perhaps")));
  }
}

TEST_F(ProgramBoardTest, is_cut_before_an_operation_until_its_switch_was_off) {
  ProgramConfig config = on_lines();
  config.flash_ops = true;
  ProgramBoard board(world_, config);
  std::vector<std::string> power;
  board.watch_power([&](bool is_on) { power.push_back(is_on ? "on" : "off"); });
  bool fired = false;
  board.flash_probe()->cut_at(1, 0, 7, [&] { fired = true; });
  on(board);
  auto lines = hello();
  ASSERT_EQ(next(*lines), "bolt extended\n");
  type(*lines, "flash erase slot1 staging\n");
  EXPECT_EQ(next(*lines), "go\n");
  EXPECT_FALSE(fired);
  // Its other lines may come with it.
  type(*lines, "led_red on\nflash program slot1 staging\nled_green on\n");
  ASSERT_TRUE(wait_until([&] { return fired; }));
  EXPECT_FALSE(board.running());
  EXPECT_FALSE(board.output(Output::led_red));
  EXPECT_EQ(next(*lines), "");
  ASSERT_TRUE(wait_until([&] { return !board.output(Output::rail); }));

  board.set_supply(Supply::connected);
  let_pass(20ms);
  EXPECT_FALSE(board.running());
  off(board);
  EXPECT_FALSE(board.output(Output::led_green));
  on(board);
  lines = hello();
  EXPECT_EQ(board.flash_probe()->count(), 2u);
  EXPECT_EQ(power, (std::vector<std::string>{"on", "off", "on"}));
}

TEST_F(ProgramBoardTest, tears_an_operation_and_hears_nothing_behind_it) {
  ProgramConfig config = on_lines();
  config.flash_ops = config.tears = true;
  ProgramBoard board(world_, config);
  bool fired = false;
  board.flash_probe()->cut_at(0, 0.5, 7, [&] { fired = true; });
  on(board);
  const auto lines = hello();
  ASSERT_EQ(next(*lines), "bolt extended\n");
  type(*lines, "flash program slot0 swap\n");
  EXPECT_EQ(next(*lines), "tear 0.5\n");
  EXPECT_TRUE(board.running());
  type(*lines, "torn\nled_red on\nnonsense\n");
  ASSERT_TRUE(wait_until([&] { return fired; }));
  EXPECT_FALSE(board.running());
  let_pass(20ms);
  EXPECT_FALSE(board.output(Output::led_red));
}

TEST_F(ProgramBoardTest, has_a_probe_only_where_it_tells_of_its_operations) {
  ProgramBoard board(world_, on_lines());
  EXPECT_EQ(board.flash_probe(), nullptr);
  AnnouncedFlash other(
      world_, false, [](const std::string&) {}, [] {});
  board.set_flash_probe(&other);
  EXPECT_EQ(board.flash_probe(), &other);
}

}  // namespace
}  // namespace lockrig::program
