#include "rig/io/guard.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <map>
#include <optional>

#include "rig/core/error.hpp"
#include "rig/core/world.hpp"
#include "rig/io/guard_duty.hpp"
#include "rig/io/station_lock.hpp"
#include "rig/io/station_state.hpp"

namespace lockrig::io {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Outputs: bits 1, 3, 7 (active low) and 14 (power).
GuardConfig config() {
  return {.station = "A1",
          .usb_serial = "LR0001",
          .idle = 0x0080,
          .direction = 0x408a,
          .power_mask = 0x4000,
          .state_file = "a1.json"};
}

// ---- what is done to a chip ---------------------------------------------------------

struct Bench {
  std::vector<std::string> done;
  std::map<int, std::vector<Bytes>> answers;  // by channel, one a read
  int absent = 0;                             // so many openings find no chip
  int busy = 0;                               // so many claims are refused
  int broken = 0;                             // so many resets fail
  Instant now{};

  OpenGuardDevice open();
  GuardTime time() {
    return {[this] { return now += 1ms; }, [this] { now += 10ms; }};
  }
  SafeEnd make_safe(const GuardConfig& how, bool power_on) {
    return io::make_safe(how, power_on, open(), time());
  }
};

class ScriptedChip final : public GuardDevice {
 public:
  explicit ScriptedChip(Bench& bench) : bench_(bench) {}

  void reset(int channel) override {
    note("reset", channel);
    if (bench_.broken-- > 0)
      throw std::runtime_error("bit mode reset: LIBUSB_ERROR_IO");
  }
  bool claim(int channel) override {
    if (bench_.busy-- > 0) return false;
    note("claim", channel);
    return true;
  }
  void purge(int channel) override { note("purge", channel); }
  void write(int channel, ByteView commands) override {
    std::string text = "write";
    for (const int byte : commands) {
      char hex[8];
      snprintf(hex, sizeof hex, " %02x", byte);
      text += hex;
    }
    note(text, channel);
  }
  Bytes read(int channel) override {
    std::vector<Bytes>& left = bench_.answers[channel];
    if (left.empty()) {
      bench_.now += 20ms;
      return {};
    }
    const Bytes first = left.front();
    left.erase(left.begin());
    return first;
  }

 private:
  void note(const std::string& what, int channel) {
    bench_.done.push_back(std::string(1, static_cast<char>('A' + channel)) + " " +
                          what);
  }
  Bench& bench_;
};

OpenGuardDevice Bench::open() {
  return [this](const GuardConfig&) {
    if (absent-- > 0) throw std::runtime_error("no FT2232H with USB serial LR0001");
    return std::make_unique<ScriptedChip>(*this);
  };
}

TEST(MakeSafe, makes_every_pin_an_input_and_claims_nothing) {
  Bench bench;
  const SafeEnd end = bench.make_safe(config(), true);
  EXPECT_TRUE(end.safe);
  EXPECT_EQ(end.what, "its keys are released, its power is off");
  EXPECT_THAT(bench.done, ElementsAre("A reset"));
}

TEST(MakeSafe, takes_both_channels_of_a_pair) {
  Bench bench;
  GuardConfig how = config();
  how.chip = "FT4232H";
  bench.make_safe(how, true);
  EXPECT_THAT(bench.done, ElementsAre("A reset", "B reset"));
}

TEST(MakeSafe, keeps_the_power_lines_as_they_are_and_idles_the_others) {
  GuardConfig how = config();
  how.keep_power = true;
  for (const bool high : {true, false}) {
    Bench bench;
    const std::uint8_t level = high ? 0x7f : 0x3f;
    // Answers that the dead rig asked for come first; and answers come in pieces.
    bench.answers[0] = {{0x12, 0x34, 0xfa},
                        {0xaa, 0xfa, 0xaa, 0xfa, 0xab},
                        {0xff, level},
                        {0xfa, 0xab}};
    const SafeEnd end = bench.make_safe(how, true);
    EXPECT_TRUE(end.safe);
    EXPECT_EQ(end.what, "its keys are released, its power is kept");
    const std::string set =
        high ? "A write 80 80 8a 82 40 40 ab 87" : "A write 80 80 8a 82 00 40 ab 87";
    EXPECT_THAT(bench.done,
                ElementsAre("A claim", "A purge", "A write aa aa ab 81 83 87", set));
  }
}

TEST(MakeSafe, keeps_the_power_over_both_channels_of_a_pair) {
  GuardConfig how = config();
  how.chip = "FT4232H";
  how.keep_power = true;
  Bench bench;
  bench.answers[0] = {{0xfa, 0xab, 0x00, 0x00}, {0xfa, 0xab}};
  bench.answers[1] = {{0xfa, 0xab, 0x40, 0x40}, {0xfa, 0xab}};
  EXPECT_EQ(bench.make_safe(how, true).what,
            "its keys are released, its power is kept");
  EXPECT_THAT(bench.done,
              ElementsAre("A claim", "B claim", "A purge", "A write aa aa ab 81 81 87",
                          "A write 80 80 8a ab 87", "B purge",
                          "B write aa aa ab 81 81 87", "B write 80 40 40 ab 87"));
}

TEST(MakeSafe, has_no_power_to_keep_that_was_off) {
  GuardConfig how = config();
  how.keep_power = true;
  Bench bench;
  EXPECT_TRUE(bench.make_safe(how, false).safe);
  EXPECT_THAT(bench.done, ElementsAre("A reset"));
}

TEST(MakeSafe, releases_keys_of_a_silent_chip_even_at_the_cost_of_its_power) {
  GuardConfig how = config();
  how.keep_power = true;
  Bench bench;
  const SafeEnd end = bench.make_safe(how, true);
  EXPECT_TRUE(end.safe);
  EXPECT_THAT(end.what, HasSubstr("was to be kept, but the chip does not answer"));
  EXPECT_EQ(bench.done.back(), "A reset");
  EXPECT_LT(bench.now, Instant(1s));
}

TEST(MakeSafe, resets_when_the_second_answer_stays_away) {
  GuardConfig how = config();
  how.keep_power = true;
  Bench bench;
  bench.answers[0] = {{0xfa, 0xab, 0xff, 0xff}};
  EXPECT_TRUE(bench.make_safe(how, true).safe);
  EXPECT_EQ(bench.done.back(), "A reset");
  EXPECT_LT(bench.now, Instant(1s));
}

TEST(MakeSafe, waits_for_the_kernel_to_release_a_channel_whose_power_is_kept) {
  GuardConfig how = config();
  how.keep_power = true;
  Bench bench;
  bench.busy = 5;
  bench.answers[0] = {{0xfa, 0xab, 0xff, 0xff}, {0xfa, 0xab}};
  EXPECT_EQ(bench.make_safe(how, true).what,
            "its keys are released, its power is kept");
}

TEST(MakeSafe, resets_a_channel_that_is_never_released) {
  GuardConfig how = config();
  how.keep_power = true;
  Bench bench;
  bench.busy = 1000000;
  const SafeEnd end = bench.make_safe(how, true);
  EXPECT_TRUE(end.safe);
  EXPECT_THAT(end.what, HasSubstr("another process has the chip"));
  EXPECT_THAT(bench.done, ElementsAre("A reset"));
  EXPECT_LT(bench.now, Instant(1s));
}

TEST(MakeSafe, tries_again_while_the_chip_is_away_or_fails) {
  Bench bench;
  bench.absent = 3;
  bench.broken = 2;
  EXPECT_TRUE(bench.make_safe(config(), true).safe);
  EXPECT_THAT(bench.done, ElementsAre("A reset", "A reset", "A reset"));
}

TEST(MakeSafe, gives_up_after_a_second_and_says_why) {
  Bench bench;
  bench.absent = 1000000;
  const SafeEnd end = bench.make_safe(config(), true);
  EXPECT_FALSE(end.safe);
  EXPECT_EQ(end.what,
            "its chip cannot be made safe: no FT2232H with USB serial LR0001");
  EXPECT_GE(bench.now, Instant(kSafeLimit));
  EXPECT_LT(bench.now, Instant(kSafeLimit + 100ms));
}

// ---- the command line ---------------------------------------------------------------

TEST(GuardArguments, come_back_as_they_went) {
  GuardConfig how = config();
  how.chip = "FT4232H";
  how.keep_power = true;
  how.dry_run = "steps";
  const GuardArguments back = parse_guard_arguments(to_arguments(how, 4711));
  EXPECT_EQ(back.config, how);
  EXPECT_EQ(back.rig, 4711);
}

TEST(GuardArguments, are_refused_by_name) {
  const auto refusal = [](const std::string& option, const std::string& value) {
    std::vector<std::string> arguments = to_arguments(config(), 1);
    arguments.insert(arguments.end(), {option, value});
    try {
      parse_guard_arguments(arguments);
      return std::string();
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
  };
  EXPECT_EQ(refusal("--chip", "FT245"), "--chip: 'FT245' is the name of no chip");
  EXPECT_EQ(refusal("--on-exit", "on"), "--on-exit: 'on' is neither off nor keep");
  EXPECT_EQ(refusal("--idle", "65536"), "--idle: '65536' is not a number");
  EXPECT_EQ(refusal("--power", "1"), "unknown option '--power'");
  EXPECT_EQ(refusal("--rig", "0"),
            "--station, --usb-serial, --state and --rig are needed");
  EXPECT_THROW(parse_guard_arguments({"--station"}), std::invalid_argument);
}

// ---- processes ----------------------------------------------------------------------

std::string content(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

class GuardProcess : public testing::Test {
 protected:
  static constexpr const char* kProgram = LOCKRIG_PROGRAMS "/lockrig_guard";

  void SetUp() override {
    std::string name = testing::TempDir() + "lockrig_guard_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    how_ = config();
    how_.state_file = folder_ / "A1.json";
    how_.dry_run = folder_ / "steps";
    StationState(how_.state_file).clear_mark("before");
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// A rig that has the station and its guard, does `more`, then lives until killed.
  struct Rig {
    pid_t process = 0;
    pid_t guard = 0;
    int guard_fd = -1;  // becomes readable when the guard ends
  };
  template <typename More>
  Rig start_rig(More more) {
    int ready[2];
    EXPECT_EQ(pipe2(ready, O_CLOEXEC), 0);
    Rig rig;
    rig.process = fork();
    if (rig.process == 0) {
      setpgid(0, 0);
      try {
        const StationLock lock(folder_, "A1", "LR0001", utc_text());
        Guard guard(kProgram, how_, lock.descriptor());
        more(guard);
        const pid_t number = guard.process();
        if (write(ready[1], &number, sizeof number) != sizeof number) _exit(1);
        for (;;) pause();
      } catch (const std::exception& failed) {
        fprintf(stderr, "rig: %s\n", failed.what());
      }
      _exit(1);
    }
    close(ready[1]);
    EXPECT_EQ(read(ready[0], &rig.guard, sizeof rig.guard),
              static_cast<ssize_t>(sizeof rig.guard));
    close(ready[0]);
    rig.guard_fd = static_cast<int>(syscall(SYS_pidfd_open, rig.guard, 0));
    return rig;
  }
  Rig start_rig() {
    return start_rig([](Guard& guard) { guard.power(true); });
  }

  /// Kills the rig or its whole group; true if its guard has ended within a second.
  static bool kill_rig(const Rig& rig, pid_t whom, int signal) {
    kill(whom, signal);
    pollfd ended{rig.guard_fd, POLLIN, 0};
    const bool in_time = poll(&ended, 1, 1000) == 1;
    close(rig.guard_fd);
    waitpid(rig.process, nullptr, 0);
    return in_time;
  }

  bool is_locked() const {
    try {
      const StationLock lock(folder_, "A1", "LR0001", utc_text());
      return false;
    } catch (const StationHeld&) {
      return true;
    }
  }
  std::string steps() const { return content(how_.dry_run); }
  BoardMark board() const { return StationState(how_.state_file).board(); }

  fs::path folder_;
  GuardConfig how_;
};

TEST_F(GuardProcess, makes_the_station_of_a_killed_rig_safe_within_a_second) {
  const Rig rig = start_rig();
  EXPECT_TRUE(is_locked());
  EXPECT_EQ(steps(), "");
  EXPECT_TRUE(kill_rig(rig, rig.process, SIGKILL));
  EXPECT_EQ(steps(), "A reset\n");
  EXPECT_FALSE(is_locked());
  EXPECT_FALSE(board().known);
  EXPECT_EQ(board().why,
            "the rig, process " + std::to_string(rig.process) +
                ", died with power on; its keys are released, its power is off");
}

TEST_F(GuardProcess, keeps_the_power_of_a_killed_shell) {
  how_.keep_power = true;
  const Rig rig = start_rig();
  EXPECT_TRUE(kill_rig(rig, rig.process, SIGKILL));
  EXPECT_EQ(steps(),
            "A claim\nA purge\nA write aa aa ab 81 83 87\n"
            "A write 80 80 8a 82 40 40 ab 87\n");
  EXPECT_THAT(board().why, HasSubstr("its power is kept"));
  EXPECT_FALSE(is_locked());
}

TEST_F(GuardProcess, outlives_signals_to_the_whole_group_of_the_rig) {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGKILL}) {
    fs::remove(how_.dry_run);
    const Rig rig = start_rig();
    EXPECT_TRUE(kill_rig(rig, -rig.process, signal));
    EXPECT_EQ(steps(), "A reset\n") << strsignal(signal);
    EXPECT_FALSE(is_locked());
  }
}

TEST_F(GuardProcess, leaves_a_board_known_that_had_no_power) {
  const Rig never = start_rig([](Guard&) {});
  EXPECT_TRUE(kill_rig(never, never.process, SIGKILL));
  EXPECT_TRUE(board().known);
  const Rig off = start_rig([](Guard& guard) {
    guard.power(true);
    guard.power(false);
  });
  EXPECT_TRUE(kill_rig(off, off.process, SIGKILL));
  EXPECT_TRUE(board().known);
  EXPECT_EQ(steps(), "A reset\nA reset\n");
}

TEST_F(GuardProcess, acts_though_a_fork_of_the_rig_has_its_line_and_its_lock) {
  int line[2];
  ASSERT_EQ(pipe2(line, O_CLOEXEC), 0);
  const Rig rig = start_rig([&](Guard& guard) {
    guard.power(true);
    if (fork() == 0) {
      close(line[1]);
      char byte = 0;
      _exit(read(line[0], &byte, 1) == 0 ? 0 : 1);
    }
    close(line[1]);
  });
  EXPECT_TRUE(kill_rig(rig, rig.process, SIGKILL));
  EXPECT_EQ(steps(), "A reset\n");
  EXPECT_FALSE(is_locked());
  close(line[0]);
  close(line[1]);
}

TEST_F(GuardProcess, does_not_touch_what_the_rig_made_safe) {
  const StationLock lock(folder_, "A1", "LR0001", utc_text());
  Guard guard(kProgram, how_, lock.descriptor());
  guard.power(true);
  guard.release();
  guard.release();
  EXPECT_EQ(steps(), "");
  EXPECT_TRUE(board().known);
  EXPECT_THROW(guard.power(true), std::logic_error);
}

TEST_F(GuardProcess, acts_when_the_rig_forgets_it_in_an_exception) {
  const StationLock lock(folder_, "A1", "LR0001", utc_text());
  try {
    Guard guard(kProgram, how_, lock.descriptor());
    guard.power(true);
    throw std::runtime_error("a rig that unwinds");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(steps(), "A reset\n");
  EXPECT_FALSE(board().known);
}

TEST_F(GuardProcess, ignores_signals_of_its_own) {
  const StationLock lock(folder_, "A1", "LR0001", utc_text());
  {
    Guard guard(kProgram, how_, lock.descriptor());
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE}) {
      kill(guard.process(), signal);
    }
    guard.power(true);
  }
  EXPECT_EQ(steps(), "A reset\n");
}

TEST_F(GuardProcess, has_a_session_of_its_own_and_no_descriptor_too_many) {
  const StationLock lock(folder_, "A1", "LR0001", utc_text());
  int leaky[2];
  ASSERT_EQ(pipe(leaky), 0);
  Guard guard(kProgram, how_, lock.descriptor());
  EXPECT_EQ(getsid(guard.process()), guard.process());
  std::vector<std::string> open;
  for (const auto& entry :
       fs::directory_iterator("/proc/" + std::to_string(guard.process()) + "/fd")) {
    const std::string target = fs::read_symlink(entry).string();
    // Of its own there is the watch on the rig's process.
    if (target.find("pidfd") != std::string::npos) continue;
    open.push_back(entry.path().filename().string());
  }
  EXPECT_THAT(open, testing::UnorderedElementsAre("0", "1", "2", "3"));
  guard.release();
  close(leaky[0]);
  close(leaky[1]);
}

TEST_F(GuardProcess, refuses_to_power_a_station_whose_guard_is_gone) {
  const StationLock lock(folder_, "A1", "LR0001", utc_text());
  Guard guard(kProgram, how_, lock.descriptor());
  const int ended = static_cast<int>(syscall(SYS_pidfd_open, guard.process(), 0));
  kill(guard.process(), SIGKILL);
  pollfd wait{ended, POLLIN, 0};
  ASSERT_EQ(poll(&wait, 1, 1000), 1);
  close(ended);
  EXPECT_THROW(guard.power(true), RigError);
  guard.release();
}

TEST_F(GuardProcess, a_guard_that_does_not_start_is_the_rigs_fault) {
  const StationLock lock(folder_, "A1", "LR0001", utc_text());
  EXPECT_THROW(Guard(folder_ / "no_guard", how_, lock.descriptor()), RigError);
  EXPECT_THROW(Guard("/bin/false", how_, lock.descriptor()), RigError);
  EXPECT_FALSE(fs::exists(how_.dry_run));
}

TEST_F(GuardProcess, marks_the_board_of_a_chip_that_it_does_not_find) {
  how_.dry_run.clear();
  how_.usb_serial = "no such chip";
  {
    const StationLock lock(folder_, "A1", "LR0001", utc_text());
    const Guard guard(kProgram, how_, lock.descriptor());
  }
  EXPECT_FALSE(board().known);
  EXPECT_THAT(board().why, HasSubstr("its chip cannot be made safe"));
  EXPECT_FALSE(is_locked());
}

}  // namespace
}  // namespace lockrig::io
