#include "rig/program/program_board.hpp"

#include <fcntl.h>
#include <pty.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

#include "rig/core/error.hpp"

namespace lockrig::program {
namespace {

constexpr int kContacts = 32;
// Less than anybody needs to do something to a lock.
constexpr Duration kAtOnce = 2s;

/// Closed when nobody needs it here.
struct Descriptor {
  explicit Descriptor(int number = -1) : fd(number) {}
  Descriptor(Descriptor&& other) noexcept : fd(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd, other.fd);
    return *this;
  }
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  int release() { return std::exchange(fd, -1); }
  int fd;
};

/// Both ends of the line that is the program's console.
struct Line {
  Descriptor rig, program;
};

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

Line socket_line() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    fail("a pair of sockets");
  }
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

/// Raw: the program sees bytes as a serial port has them.
Line terminal_line() {
  int rig = -1;
  int program = -1;
  termios raw{};
  ::cfmakeraw(&raw);
  raw.c_cflag |= CREAD | CLOCAL;
  if (::openpty(&rig, &program, nullptr, &raw, nullptr) != 0) fail("a PTY");
  for (const int fd : {rig, program}) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  return {Descriptor(rig), Descriptor(program)};
}

Descriptor open_or_fail(const std::string& path, int flags) {
  Descriptor opened(::open(path.c_str(), flags | O_CLOEXEC, 0644));
  if (opened.fd < 0) fail(path.c_str());
  return opened;
}

Line make_line(ConsoleKind kind) {
  switch (kind) {
    case ConsoleKind::stdio:
      return socket_line();
    case ConsoleKind::pty:
      return terminal_line();
    case ConsoleKind::socket:  // it connects to one
    case ConsoleKind::none:
      break;
  }
  return {Descriptor(), open_or_fail("/dev/null", O_RDWR)};
}

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos;
       at += with.size()) {
    text.replace(at, what.size(), with);
  }
}

/// Of what the program said on its standard error.
std::string last_line(const std::string& path) {
  std::ifstream file(path);
  std::string last;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

twin::Motor motor_of(board_lines::Drive drive) {
  switch (drive) {
    case board_lines::Drive::retract:
      return twin::Motor::retract;
    case board_lines::Drive::extend:
      return twin::Motor::extend;
    case board_lines::Drive::off:
      break;
  }
  return twin::Motor::off;
}

}  // namespace

ProgramBoard::ProgramBoard(World& world, ProgramConfig config)
    : world_(world),
      config_(std::move(config)),
      note_(world.trace().channel(config_.station + "/program")),
      console_(world),
      flash_(
          world, config_.tears, [this](const std::string& text) { lines_->say(text); },
          [this] { trip(); }),
      bolt_(
          world,
          [this](Output output, bool active) {
            set_output(output, active);
            tell_bolt();
          },
          config_.bolt_travel),
      rail_(world, config_.rail,
            {.above_reset = [this] { set_output(Output::rail, true); },
             .power_good = [this] { start(); },
             .brown_out = [this] { kill(); },
             .below_reset = [this] { set_output(Output::rail, false); }}) {
  outputs_[static_cast<std::size_t>(Output::bolt_extended)] = bolt_.extended();
  try {
    std::filesystem::create_directories(path("state"));
    if (config_.console == ConsoleKind::socket) {
      console_listener_ = std::make_unique<io::UnixListener>(
          world, path("console"), config_.station, "console socket");
      console_door_ =
          std::make_unique<Life>(world, config_.station + " console's door");
      console_door_->spawn(welcome_console());
    }
    if (!config_.lines) return;
    lines_ = std::make_unique<LinesPort>(
        world, config_.station, path("lines"),
        LinesPort::Events{
            .greeted = [this] { greet(); },
            .show = [this](board_lines::Show s) { set_output(s.output, s.active); },
            .motor = [this](board_lines::Drive drive) { motor(drive); },
            .flash = [this](const board_lines::FlashBegins& op) { flash_.begins(op); },
            .torn = [this] { flash_.torn(); }});
  } catch (const std::system_error& error) {
    throw RigError(config_.station, "program", error.what(),
                   "the folder " + config_.folder.string());
  }
}

ProgramBoard::~ProgramBoard() {
  // Who watched may be gone already.
  watcher_ = {};
  power_watcher_ = {};
  kill();
}

/// One program at a time; what connects while none has power is of an older one.
Task<void> ProgramBoard::welcome_console() {
  for (;;) {
    auto stream = co_await console_listener_->accept(kNever);
    if (child_) console_.connect(std::move(stream));
  }
}

FlashProbe* ProgramBoard::flash_probe() {
  if (other_probe_ != nullptr) return other_probe_;
  return config_.flash_ops ? &flash_ : nullptr;
}

Command ProgramBoard::command() const {
  Command command = config_.command;
  const std::map<std::string, std::string> values = {
      {"state", path("state")},     {"console", path("console")},
      {"lines", path("lines")},     {"disk", path("disk")},
      {"station", config_.station}, {"portal", config_.portal}};
  for (std::string& argument : command.arguments) {
    for (const auto& [name, value] : values) {
      replace_all(argument, "{" + name + "}", value);
    }
  }
  command.environment["LOCKRIG_STATE"] = values.at("state");
  command.environment["LOCKRIG_STATION"] = config_.station;
  command.environment["LOCKRIG_CONSOLE"] =
      config_.console == ConsoleKind::socket ? values.at("console") : "";
  command.environment["LOCKRIG_LINES"] = config_.lines ? values.at("lines") : "";
  command.environment["LOCKRIG_DISK"] = values.at("disk");
  command.environment["LOCKRIG_PORTAL"] = config_.portal;
  return command;
}

void ProgramBoard::start() {
  exit_status_.reset();
  ++starts_;
  started_ = world_.now();
  if (power_watcher_) power_watcher_(true);
  try {
    const Descriptor errors =
        open_or_fail(path("stderr"), O_WRONLY | O_CREAT | O_APPEND);
    Line line = make_line(config_.console);
    world_.trace().note(note_, world_.now(), "started");
    if (line.rig.fd >= 0) {
      console_.connect(std::make_unique<io::FdStream>(world_, line.rig.release()));
    }
    child_ = std::make_unique<Child>(world_, command(), line.program.fd, errors.fd,
                                     config_.console == ConsoleKind::pty,
                                     [this](int status) { ended(status); });
  } catch (const std::system_error& error) {
    throw RigError(config_.station, "program", error.what(),
                   "the bench file's key run, and whether the program is installed");
  }
}

/// A lock may die, but one that dies before its console has said a word, and before
/// anything was done to it, is none: most likely it was started in the wrong way.
void ProgramBoard::ended(int status) {
  exit_status_ = status;
  world_.trace().note(note_, world_.now(), "ended, status " + std::to_string(status));
  kill();
  const bool was_used = starts_ > 1 || world_.now() - started_ > kAtOnce;
  const bool may_be_silent = config_.console == ConsoleKind::none;
  if (was_used || may_be_silent || console_.has_spoken()) return;
  throw RigError(config_.station, "program",
                 "it ended at once, status " + std::to_string(status) +
                     "; the last line of its standard error: \"" +
                     last_line(path("stderr")) + "\"",
                 "the bench file's key run, and the program");
}

void ProgramBoard::kill() {
  const bool was_running = child_ != nullptr;
  child_.reset();
  console_.disconnect();
  if (console_listener_) console_listener_->refuse_waiting();
  if (lines_) lines_->disconnect();
  flash_.power_lost();
  bolt_.drive(twin::Motor::off);
  for (const Output each :
       {Output::led_red, Output::led_green, Output::beeper, Output::busy}) {
    set_output(each, false);
  }
  if (was_running && power_watcher_) power_watcher_(false);
}

void ProgramBoard::set_supply(Supply supply) {
  supply_ = supply;
  // Switching off is the station's answer to a cut that the probe made.
  if (supply != Supply::connected && supply != Supply::dipped) tripped_ = false;
  supply_changed();
}

void ProgramBoard::supply_changed() {
  rail_.set_supply(tripped_ ? Supply::discharged : supply_);
}

void ProgramBoard::trip() {
  tripped_ = true;
  kill();
  supply_changed();
}

void ProgramBoard::set_contact(int contact, bool closed) {
  const std::uint32_t bit = 1u << contact;
  closed_ = closed ? closed_ | bit : closed_ & ~bit;
  if (lines_) lines_->say(board_lines::key(contact, closed));
}

void ProgramBoard::set_output(Output output, bool active) {
  bool& current = outputs_[static_cast<std::size_t>(output)];
  if (current == active) return;
  current = active;
  if (watcher_) watcher_(output, active);
}

void ProgramBoard::greet() {
  tell_bolt();
  for (int contact = 0; contact < kContacts; ++contact) {
    if ((closed_ >> contact & 1) != 0) lines_->say(board_lines::key(contact, true));
  }
}

void ProgramBoard::tell_bolt() {
  if (lines_) lines_->say(board_lines::bolt(bolt_.extended(), bolt_.retracted()));
}

void ProgramBoard::motor(board_lines::Drive drive) { bolt_.drive(motor_of(drive)); }

}  // namespace lockrig::program
