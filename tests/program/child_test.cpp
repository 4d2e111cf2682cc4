#include "rig/program/child.hpp"

#include <gmock/gmock.h>
#include <pty.h>
#include <signal.h>

#include <optional>
#include <system_error>

#include "tests/program/program_fixture.hpp"

namespace lockrig::program {
namespace {

using testing::HasSubstr;

class ChildTest : public ProgramTest {
 protected:
  ChildTest() : line_(world_, ends_[0]) {}
  ~ChildTest() override { ::close(ends_[1]); }

  static Command shell(std::string script) {
    return {.arguments = {"/bin/sh", "-c", std::move(script)},
            .environment = {},
            .folder = {}};
  }
  std::unique_ptr<Child> start(const Command& command) {
    return std::make_unique<Child>(world_, command, ends_[1], ends_[1], false,
                                   [this](int status) { status_ = status; });
  }
  std::unique_ptr<Child> start(std::string script) {
    return start(shell(std::move(script)));
  }
  bool ends() {
    return wait_until([this] { return status_.has_value(); });
  }
  /// The number that the program says.
  pid_t hear_pid() { return std::atoi(hear(line_, "\n").c_str()); }

  std::array<int, 2> ends_ = socket_pair();
  io::FdStream line_;
  std::optional<int> status_;
};

TEST_F(ChildTest, tells_how_it_ended) {
  const auto child = start("exit 7");
  ASSERT_TRUE(ends());
  EXPECT_EQ(status_, 7);
}

TEST_F(ChildTest, tells_which_signal_ended_it) {
  const auto child = start("kill -9 $$");
  ASSERT_TRUE(ends());
  EXPECT_EQ(status_, 128 + SIGKILL);
}

TEST_F(ChildTest, is_looked_for_where_commands_are) {
  const auto child = start(Command{{"false"}, {}, {}});
  ASSERT_TRUE(ends());
  EXPECT_EQ(status_, 1);
}

TEST_F(ChildTest, has_its_folder_and_its_environment_on_top_of_the_rigs) {
  Command command = shell("pwd; echo \"$LOCKRIG_TEST\"; echo \"${PATH:+path}\"");
  command.folder = folder_;
  command.environment = {{"LOCKRIG_TEST", "one = two"}};
  const auto child = start(command);
  EXPECT_EQ(hear(line_, "\n"), folder_.string() + "\n");
  EXPECT_EQ(hear(line_, "\n"), "one = two\n");
  EXPECT_EQ(hear(line_, "\n"), "path\n");
}

TEST_F(ChildTest, what_cannot_be_started_is_named) {
  for (const char* name : {"no-such-program", "/no/such/program", "/tmp"}) {
    try {
      start(Command{{name}, {}, {}});
      ADD_FAILURE() << name << " was started";
    } catch (const std::system_error& error) {
      EXPECT_THAT(error.what(), HasSubstr(name));
    }
  }
  Command command = shell("exit 0");
  command.folder = folder_ / "none";
  EXPECT_THROW(start(command), std::system_error);
}

TEST_F(ChildTest, goes_with_all_that_it_started) {
  auto child = start("sleep 1000 & echo $!; wait");
  const pid_t grandchild = hear_pid();
  const pid_t pid = child->pid();
  ASSERT_FALSE(is_gone(grandchild));
  child.reset();
  EXPECT_TRUE(is_gone(pid));
  EXPECT_TRUE(wait_until([&] { return is_gone(grandchild); }));
  EXPECT_FALSE(status_) << "it did not end by itself";
}

TEST_F(ChildTest, one_that_ends_by_itself_takes_along_what_it_started) {
  const auto child = start("sleep 1000 & echo $!; exit 0");
  const pid_t grandchild = hear_pid();
  ASSERT_TRUE(ends());
  EXPECT_TRUE(wait_until([&] { return is_gone(grandchild); }));
}

TEST_F(ChildTest, one_that_will_not_end_is_killed_all_the_same) {
  auto child = start("trap '' TERM HUP INT; echo ready; while :; do sleep 1000; done");
  ASSERT_EQ(hear(line_, "\n"), "ready\n");
  const pid_t pid = child->pid();
  child.reset();
  EXPECT_TRUE(is_gone(pid));
}

TEST_F(ChildTest, finds_signals_as_a_program_expects_them) {
  sigset_t term, before;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  sigprocmask(SIG_BLOCK, &term, &before);
  const auto handler = ::signal(SIGTERM, SIG_IGN);
  const auto child = start("kill -TERM $$; exit 3");
  ::signal(SIGTERM, handler);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  ASSERT_TRUE(ends());
  EXPECT_EQ(status_, 128 + SIGTERM);
}

TEST_F(ChildTest, inherits_no_descriptor_but_its_own_three) {
  // The fourth is the folder that ls reads.
  const auto child = start("ls /proc/self/fd | wc -l");
  EXPECT_EQ(std::atoi(hear(line_, "\n").c_str()), 4);
}

TEST_F(ChildTest, may_be_given_up_by_who_is_told_that_it_ended) {
  std::unique_ptr<Child> child;
  child = std::make_unique<Child>(world_, shell("exit 5"), ends_[1], ends_[1], false,
                                  [&](int status) {
                                    status_ = status;
                                    child.reset();
                                  });
  ASSERT_TRUE(ends());
  EXPECT_EQ(status_, 5);
  EXPECT_EQ(child, nullptr);
}

TEST_F(ChildTest, may_have_a_terminal_of_its_own) {
  int rig = -1, program = -1;
  ASSERT_EQ(::openpty(&rig, &program, nullptr, nullptr, nullptr), 0);
  io::FdStream terminal(world_, rig);
  const Child child(world_, shell("echo controlled > /dev/tty"), program, ends_[1],
                    true, [this](int status) { status_ = status; });
  EXPECT_EQ(hear(terminal, "\n"), "controlled\r\n");
  ASSERT_TRUE(ends());
  EXPECT_EQ(status_, 0);
  ::close(program);
}

}  // namespace
}  // namespace lockrig::program
