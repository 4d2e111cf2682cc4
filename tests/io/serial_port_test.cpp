#include "rig/io/serial_port.hpp"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <array>
#include <cstdarg>

#include "rig/core/error.hpp"
#include "tests/io/pty.hpp"

namespace {

// What a PTY has not got.
struct Lines {
  int set = 0;
  int seen = TIOCM_CTS | TIOCM_DSR;
  int breaks = 0;
};
Lines lines;

// Of asm-generic/termbits.h, which does not go with termios.h.
struct KernelTermios {
  std::uint32_t iflag, oflag, cflag, lflag;
  std::uint8_t line;
  std::uint8_t cc[19];
  std::uint32_t ispeed, ospeed;
};
constexpr unsigned long kGetTermios2 = _IOR('T', 0x2A, KernelTermios);

}  // namespace

// Before libc's for the libraries of this executable: libserialport asks for modem
// lines and gives up on a port without them, as a PTY is (majors 136 to 143,
// devices.txt).
extern "C" int ioctl(int fd, unsigned long request, ...) noexcept {
  va_list arguments;
  va_start(arguments, request);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  struct stat status {};
  const bool pty = fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) &&
                   major(status.st_rdev) >= 136 && major(status.st_rdev) <= 143;
  if (pty && request == TIOCMGET) {
    *static_cast<int*>(argument) = lines.set | lines.seen;
    return 0;
  }
  if (pty && request == TIOCMSET) return lines.set = *static_cast<int*>(argument), 0;
  if (pty && request == TIOCMBIS) return lines.set |= *static_cast<int*>(argument), 0;
  if (pty && request == TIOCMBIC) return lines.set &= ~*static_cast<int*>(argument), 0;
  // umockdev answers this one for a PTY that it gave a name, and does not know it.
  const bool exclusive = request == TIOCEXCL || request == TIOCNXCL;
  if (pty && exclusive && std::getenv("UMOCKDEV_DIR") != nullptr) return 0;
  if (pty && request == TIOCSBRK) ++lines.breaks;
  if (pty && request == TIOCCBRK) --lines.breaks;
  using Ioctl = int (*)(int, unsigned long, ...);
  static const auto next = reinterpret_cast<Ioctl>(dlsym(RTLD_NEXT, "ioctl"));
  return next(fd, request, argument);
}

namespace lockrig::io {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class SerialPortTest : public testing::Test {
 protected:
  SerialPortTest() {
    lines = Lines();
    config_.station = "A1";
    config_.path = folder_.link("ttyA", pty_.path());
  }

  SerialConfig config(Duration comeback) const {
    SerialConfig changed = config_;
    changed.comeback = comeback;
    return changed;
  }
  /// The board is back, behind another PTY.
  void replug(const Pty& pty) { folder_.link("ttyA", pty.path()); }

  Task<std::string> read_text(SerialPort& port, std::size_t size) {
    std::string text;
    std::array<std::uint8_t, 1500> buffer;
    while (text.size() < size) {
      const ReadResult read = co_await port.read_some(buffer, world_.now() + 10s);
      if (read.status != StreamStatus::ok) break;
      text.append(buffer.begin(), buffer.begin() + read.count);
    }
    co_return text;
  }
  std::string hear(SerialPort& port, std::size_t size) {
    return world_.run(read_text(port, size), 30s, "read");
  }
  ReadResult read(SerialPort& port, Duration time) {
    std::array<std::uint8_t, 64> buffer;
    return world_.run(port.read_some(buffer, world_.now() + time), time + 10s, "read");
  }
  std::string refusal(const SerialConfig& config) {
    try {
      SerialPort port(world_, config);
    } catch (const RigError& error) {
      return error.what();
    }
    return "opened";
  }

  World world_{1, Pace::wall};
  TempFolder folder_;
  Pty pty_;
  SerialConfig config_;
};

TEST_F(SerialPortTest, a_mebibyte_goes_both_ways) {
  SerialPort port(world_, config_);
  FdStream board(world_, pty_.take_master());
  const Bytes sent = pattern(1 << 20);
  const std::string text(sent.begin(), sent.end());
  Life life(world_, "writer");
  const auto write = [](ByteStream& stream, const Bytes& bytes) -> Task<void> {
    EXPECT_EQ(co_await stream.write(bytes), StreamStatus::ok);
  };
  life.spawn(write(board, sent));
  EXPECT_TRUE(hear(port, sent.size()) == text) << "from the board";
  life.spawn(write(port, sent));
  Bytes at_board;
  std::array<std::uint8_t, 1500> buffer;
  const auto read_board = [&]() -> Task<void> {
    while (at_board.size() < sent.size()) {
      const ReadResult got = co_await board.read_some(buffer, world_.now() + 10s);
      if (got.status != StreamStatus::ok) co_return;
      at_board.insert(at_board.end(), buffer.begin(), buffer.begin() + got.count);
    }
  };
  world_.run(read_board(), 30s, "read");
  EXPECT_TRUE(at_board == sent) << "to the board";
}

TEST_F(SerialPortTest, an_idle_port_is_silent_and_has_not_ended) {
  SerialPort port(world_, config_);
  EXPECT_EQ(read(port, 30ms).status, StreamStatus::timed_out);
  EXPECT_FALSE(port.gone_since());
}

TEST_F(SerialPortTest, is_raw_at_its_rate_without_flow_control) {
  for (const int baud : {115'200, 921'600, 1'234'567, 3'000'000}) {
    config_.baud = baud;
    const SerialPort port(world_, config_);
    KernelTermios settings{};
    ASSERT_EQ(::ioctl(pty_.master(), kGetTermios2, &settings), 0);
    EXPECT_EQ(settings.ospeed, static_cast<unsigned>(baud));
    EXPECT_EQ(settings.iflag & (IXON | IXOFF | ICRNL | INLCR | ISTRIP), 0u);
    EXPECT_EQ(settings.lflag & (ICANON | ECHO | ISIG), 0u);
    EXPECT_EQ(settings.oflag & OPOST, 0u);
    EXPECT_EQ(settings.cflag & (CSIZE | PARENB | CSTOPB | CRTSCTS),
              static_cast<unsigned>(CS8));
    EXPECT_EQ(settings.cc[VMIN], 1);
  }
}

TEST_F(SerialPortTest, every_byte_value_passes) {
  SerialPort port(world_, config_);
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  pty_.say(all);
  EXPECT_EQ(hear(port, 256), all);
}

TEST_F(SerialPortTest, sets_and_reads_modem_lines_and_breaks) {
  SerialPort port(world_, config_);
  EXPECT_EQ(lines.set, TIOCM_DTR | TIOCM_RTS);
  port.set_dtr(false);
  EXPECT_EQ(lines.set, TIOCM_RTS);
  port.set_rts(false);
  EXPECT_EQ(lines.set, 0);
  lines.seen = TIOCM_CTS | TIOCM_CAR;
  const auto seen = port.modem_lines();
  ASSERT_TRUE(seen);
  EXPECT_TRUE(seen->cts && seen->dcd);
  EXPECT_FALSE(seen->dsr || seen->ri);
  port.set_break(true);
  EXPECT_EQ(lines.breaks, 1);
  port.set_break(false);
  EXPECT_EQ(lines.breaks, 0);
}

TEST_F(SerialPortTest, a_configuration_without_sense_is_the_callers_fault) {
  SerialConfig none;
  EXPECT_THROW(SerialPort(world_, none), std::invalid_argument);
  SerialConfig both = config_;
  both.usb_serial = "LR0001";
  EXPECT_THROW(SerialPort(world_, both), std::invalid_argument);
  SerialConfig relative = config_;
  relative.path = "ttyA";
  EXPECT_THROW(SerialPort(world_, relative), std::invalid_argument);
  for (const int baud : {0, -1, 3'000'001}) {
    SerialConfig fast = config_;
    fast.baud = baud;
    EXPECT_THROW(SerialPort(world_, fast), std::invalid_argument) << baud;
  }
}

TEST_F(SerialPortTest, says_what_is_not_there) {
  SerialConfig missing = config_;
  missing.path = folder_.path() / "none";
  EXPECT_THAT(refusal(missing), AllOf(StartsWith("station A1, console: cannot open "),
                                      HasSubstr("No such file")));
  missing.path.clear();
  missing.usb_serial = "LR9999";
  missing.interface = 1;
  EXPECT_THAT(refusal(missing),
              HasSubstr("no serial port with USB serial LR9999 and interface 1"));
  SerialConfig file = config_;
  file.path = folder_.link("file", "/proc/version");
  EXPECT_THAT(refusal(file), HasSubstr("cannot open"));
}

TEST_F(SerialPortTest, a_second_open_names_its_holder_in_one_line) {
  SerialPort port(world_, config_);
  const std::string why = refusal(config_);
  EXPECT_THAT(why, AllOf(HasSubstr("in use by"), Not(HasSubstr("\n"))));
  if (geteuid() == 0) {  // TIOCEXCL stops everybody else before the lock is asked for
    EXPECT_THAT(why, HasSubstr("this process"));
  }
  pty_.say("undisturbed");
  EXPECT_EQ(hear(port, 11), "undisturbed");
}

TEST_F(SerialPortTest, names_another_process_that_holds_it) {
  int held[2];
  int leave[2];
  ASSERT_EQ(pipe(held), 0);
  ASSERT_EQ(pipe(leave), 0);
  const pid_t child = fork();
  if (child == 0) {
    const int fd = pty_.open_slave();
    char byte = flock(fd, LOCK_EX) == 0 ? 'y' : 'n';
    ::close(leave[1]);
    if (::write(held[1], &byte, 1) != 1 || ::read(leave[0], &byte, 1) != 0) _exit(1);
    _exit(0);
  }
  ::close(leave[0]);
  char byte = 0;
  ASSERT_EQ(::read(held[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  EXPECT_THAT(refusal(config_),
              HasSubstr("in use by process " + std::to_string(child) + " ("));
  ::close(leave[1]);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(refusal(config_), "opened") << "the lock died with its holder";
  ::close(held[0]);
  ::close(held[1]);
}

TEST_F(SerialPortTest, can_be_opened_again_once_closed) {
  {
    SerialPort port(world_, config_);
    port.close();
    EXPECT_EQ(read(port, 1s).status, StreamStatus::closed);
    const Bytes words = pattern(3);
    EXPECT_EQ(world_.run(port.write(words), 1s, "write"), StreamStatus::closed);
    EXPECT_EQ(refusal(config_), "opened");
  }
  EXPECT_EQ(refusal(config_), "opened");
}

TEST_F(SerialPortTest, what_the_board_says_after_it_came_back_follows_what_it_said) {
  SerialPort port(world_, config_);
  pty_.say("before, ");
  ASSERT_EQ(hear(port, 3), "before, ");
  pty_.unplug();
  ASSERT_TRUE(wait_until(world_, [&] { return port.gone_since().has_value(); }));
  EXPECT_FALSE(port.modem_lines());
  Pty again;
  again.say("after");
  replug(again);
  EXPECT_EQ(hear(port, 5), "after");
  EXPECT_EQ(port.reopened(), 1);
  EXPECT_FALSE(port.gone_since());
}

TEST_F(SerialPortTest, what_was_not_read_before_it_went_is_not_lost_either) {
  SerialPort port(world_, config_);
  pty_.say("unread, ");
  ASSERT_TRUE(wait_until(world_, [&] { return port.buffered() == 8; }));
  pty_.unplug();
  Pty again;
  replug(again);
  ASSERT_TRUE(wait_until(world_, [&] { return port.reopened() == 1; }));
  again.say("after");
  EXPECT_EQ(hear(port, 13), "unread, after");
}

TEST_F(SerialPortTest, a_port_that_comes_back_has_its_settings) {
  config_.baud = 921'600;
  SerialPort port(world_, config_);
  port.set_dtr(false);
  pty_.unplug();
  ASSERT_TRUE(wait_until(world_, [&] { return port.gone_since().has_value(); }));
  port.set_rts(false);
  lines.set = TIOCM_DTR | TIOCM_RTS;  // as a chip after its reset
  Pty again;
  replug(again);
  ASSERT_TRUE(wait_until(world_, [&] { return port.reopened() == 1; }));
  EXPECT_EQ(lines.set, 0);
  KernelTermios settings{};
  ASSERT_EQ(::ioctl(again.master(), kGetTermios2, &settings), 0);
  EXPECT_EQ(settings.ospeed, 921'600u);
}

TEST_F(SerialPortTest, goes_and_comes_back_any_number_of_times) {
  SerialPort port(world_, config_);
  auto board = std::make_unique<Pty>();
  pty_.unplug();
  for (int i = 1; i <= 10; ++i) {
    replug(*board);
    board->say("boot");
    ASSERT_EQ(hear(port, 4), "boot") << i;
    EXPECT_EQ(port.reopened(), i);
    auto next = std::make_unique<Pty>();
    board = std::move(next);  // the old one goes
  }
}

TEST_F(SerialPortTest, a_read_says_who_lost_what_and_for_how_long) {
  SerialPort port(world_, config(200ms));
  pty_.unplug();
  try {
    read(port, 5s);
    FAIL() << "no limit";
  } catch (const RigError& error) {
    EXPECT_THAT(error.what(), StartsWith("station A1, console: gone for 0.2 s"));
    EXPECT_EQ(error.station(), "A1");
    EXPECT_EQ(error.device(), "console");
  }
  ASSERT_TRUE(port.gone_since());
  EXPECT_LT(world_.now() - *port.gone_since(), 2s);
}

TEST_F(SerialPortTest, a_write_says_it_too) {
  SerialPort port(world_, config(200ms));
  pty_.unplug();
  const Bytes words = pattern(10);
  try {
    world_.run(port.write(words), 5s, "write");
    FAIL() << "no limit";
  } catch (const RigError& error) {
    EXPECT_THAT(error.what(), StartsWith("station A1, console: gone for 0.2 s"));
  }
}

TEST_F(SerialPortTest, a_port_that_came_back_after_its_limit_works_again) {
  SerialPort port(world_, config(100ms));
  pty_.unplug();
  EXPECT_THROW(read(port, 5s), RigError);
  Pty again;
  replug(again);
  ASSERT_TRUE(wait_until(world_, [&] { return port.reopened() == 1; }));
  again.say("here");
  EXPECT_EQ(hear(port, 4), "here");
}

TEST_F(SerialPortTest, a_read_that_ends_before_the_limit_only_timed_out) {
  SerialPort port(world_, config(10s));
  pty_.unplug();
  const Instant before = world_.now();
  EXPECT_EQ(read(port, 100ms).status, StreamStatus::timed_out);
  EXPECT_TRUE(port.gone_since());
  EXPECT_EQ(read(port, 10ms).status, StreamStatus::timed_out);
  EXPECT_LT(world_.now() - before, 5s);
}

TEST_F(SerialPortTest, a_write_waits_for_a_port_that_is_gone) {
  SerialPort port(world_, config_);
  pty_.unplug();
  ASSERT_TRUE(wait_until(world_, [&] { return port.gone_since().has_value(); }));
  Pty again;
  replug(again);
  const Bytes words{'h', 'e', 'l', 'l', 'o'};
  EXPECT_EQ(world_.run(port.write(words), 5s, "write"), StreamStatus::ok);
  std::array<char, 16> heard;
  EXPECT_EQ(::read(again.master(), heard.data(), heard.size()), 5);
  EXPECT_EQ(std::string(heard.data(), 5), "hello");
}

TEST_F(SerialPortTest, a_limit_that_is_hit_tells_why_the_last_try_failed) {
  SerialPort port(world_, config(300ms));
  Pty again;
  const int thief = again.open_slave();
  ASSERT_EQ(flock(thief, LOCK_EX | LOCK_NB), 0);
  replug(again);
  pty_.unplug();
  try {
    read(port, 5s);
    FAIL() << "no limit";
  } catch (const RigError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("gone for 0.3 s"), HasSubstr("in use by"),
                                    Not(HasSubstr("\n"))));
  }
  ::close(thief);
}

TEST_F(SerialPortTest, a_close_ends_a_read_that_waits_for_a_comeback) {
  SerialPort port(world_, config_);
  pty_.unplug();
  std::optional<StreamStatus> status;
  Life life(world_, "reader");
  const auto reader = [](SerialPort& p,
                         std::optional<StreamStatus>& out) -> Task<void> {
    std::array<std::uint8_t, 8> buffer;
    const ReadResult result = co_await p.read_some(buffer, kNever);
    out = result.status;
  };
  life.spawn(reader(port, status));
  ASSERT_TRUE(wait_until(world_, [&] { return port.gone_since().has_value(); }));
  port.close();
  ASSERT_TRUE(wait_until(world_, [&] { return status.has_value(); }));
  EXPECT_EQ(status, StreamStatus::closed);
}

// Cables fail mid-frame: at each byte of a request and its answer, what came is read,
// and the one who waits for the rest learns who lost what.
TEST_F(SerialPortTest, an_exchange_that_breaks_at_any_byte_names_the_device) {
  const Bytes request{0x06, 0x09, 'A', 'A', 'k', '=', '\n'};
  const std::string answer =
      "\x06\x09"
      "AAs=\n";
  for (std::size_t n = 0; n <= request.size() + answer.size(); ++n) {
    World world(1, Pace::wall);
    Pty pty;
    replug(pty);
    SerialPort port(world, config(60ms));
    std::string heard;
    const auto exchange = [&]() -> Task<void> {
      std::array<std::uint8_t, 64> buffer;
      if (n < request.size()) {
        const ByteView part = ByteView(request).first(n);
        EXPECT_EQ(co_await port.write(part), StreamStatus::ok);
        pty.unplug();
        const ByteView rest = ByteView(request).subspan(n);
        co_await port.write(rest);  // the kernel may take it still
      } else {
        EXPECT_EQ(co_await port.write(request), StreamStatus::ok);
        const std::size_t said = n - request.size();
        pty.say(answer.substr(0, said));
        while (heard.size() < said) {
          const ReadResult got = co_await port.read_some(buffer, world.now() + 5s);
          if (got.status != StreamStatus::ok) co_return;
          heard.append(buffer.begin(), buffer.begin() + got.count);
        }
        pty.unplug();
      }
      co_await port.read_some(buffer, world.now() + 5s);
      ADD_FAILURE() << "read on after byte " << n;
    };
    EXPECT_THROW(world.run(exchange(), 10s, "exchange"), RigError) << n;
    if (n >= request.size()) {
      EXPECT_EQ(heard, answer.substr(0, n - request.size()));
    }
  }
}

// The board's words wait in the kernel, and the board with them, until somebody reads.
TEST_F(SerialPortTest, a_board_that_talks_to_nobody_is_held_back_and_loses_nothing) {
  SerialPort port(world_, config_);
  FdStream board(world_, pty_.take_master());
  const Bytes sent = pattern(1 << 20);
  bool done = false;
  Life life(world_, "board");
  const auto talk = [](FdStream& stream, const Bytes& bytes, bool& out) -> Task<void> {
    co_await stream.write(bytes);
    out = true;
  };
  life.spawn(talk(board, sent, done));
  ASSERT_TRUE(wait_until(world_, [&] { return port.buffered() == FdStream::kLimit; }));
  EXPECT_FALSE(done);
  EXPECT_TRUE(hear(port, sent.size()) == std::string(sent.begin(), sent.end()));
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace lockrig::io
