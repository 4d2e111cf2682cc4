#include "rig/io/guard.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

#include "rig/core/error.hpp"
#include "rig/io/guard_duty.hpp"
#include "rig/protocol/ftdi_chip.hpp"

namespace lockrig::io {
namespace {

namespace fs = std::filesystem;

RigError error(const std::string& station, const std::string& what) {
  return {station, "guard process", what, "that lockrig_guard is built and can be run"};
}

[[noreturn]] void reject(const std::string& option, const std::string& text,
                         const std::string& what) {
  throw std::invalid_argument(option + ": '" + text + "' is " + what);
}

template <typename Number>
Number number(const std::string& option, const std::string& text) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, value);
  if (failed != std::errc{} || stop != end || text.empty()) {
    reject(option, text, "not a number");
  }
  return value;
}

void read_option(GuardArguments& to, const std::string& option,
                 const std::string& text) {
  GuardConfig& config = to.config;
  if (option == "--station") {
    config.station = text;
  } else if (option == "--usb-serial") {
    config.usb_serial = text;
  } else if (option == "--chip") {
    if (mpsse::find_chip(text) == nullptr) reject(option, text, "the name of no chip");
    config.chip = text;
  } else if (option == "--idle") {
    config.idle = number<std::uint16_t>(option, text);
  } else if (option == "--direction") {
    config.direction = number<std::uint16_t>(option, text);
  } else if (option == "--power-mask") {
    config.power_mask = number<std::uint16_t>(option, text);
  } else if (option == "--on-exit") {
    if (text != "off" && text != "keep") reject(option, text, "neither off nor keep");
    config.keep_power = text == "keep";
  } else if (option == "--state") {
    config.state_file = text;
  } else if (option == "--rig") {
    to.rig = number<pid_t>(option, text);
  } else if (option == "--dry-run") {
    config.dry_run = text;
  } else {
    throw std::invalid_argument("unknown option '" + option + "'");
  }
}

/// What a spawn needs, undone however it ends.
class SpawnPlan {
 public:
  SpawnPlan() {
    posix_spawn_file_actions_init(&files_);
    posix_spawnattr_init(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }

  /// Of the rig's descriptors the guard has the line, the lock and standard error.
  void hand_over(int line, int lock) {
    // `line` is above both targets, so that no step closes what a later one needs.
    posix_spawn_file_actions_adddup2(&files_, lock, kGuardLock);
    posix_spawn_file_actions_adddup2(&files_, line, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&files_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&files_, kGuardLock + 1);
  }

  /// From its first instruction on, before it can say so itself: else a process group
  /// that is killed as a whole could take a young guard with it.
  void set_apart() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) {
      sigaddset(&set, signal);
    }
    posix_spawnattr_setsigmask(&attributes_, &set);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  }

  int start(pid_t& process, const fs::path& program,
            std::vector<std::string> arguments) {
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    return posix_spawn(&process, program.c_str(), &files_, &attributes_, argv.data(),
                       environ);
  }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

/// Waits for the guard's word, or for the end of its stream.
enum class Answer { word, end, silence };
Answer listen(int line, int limit_ms) {
  pollfd ready{line, POLLIN, 0};
  int n = 0;
  do n = poll(&ready, 1, limit_ms);
  while (n < 0 && errno == EINTR);
  if (n <= 0) return Answer::silence;
  char word = 0;
  return recv(line, &word, 1, 0) == 1 ? Answer::word : Answer::end;
}

}  // namespace

std::vector<std::string> to_arguments(const GuardConfig& config, pid_t rig) {
  std::vector<std::string> all{"--station",    config.station,
                               "--usb-serial", config.usb_serial,
                               "--chip",       config.chip,
                               "--idle",       std::to_string(config.idle),
                               "--direction",  std::to_string(config.direction),
                               "--power-mask", std::to_string(config.power_mask),
                               "--on-exit",    config.keep_power ? "keep" : "off",
                               "--state",      config.state_file.string(),
                               "--rig",        std::to_string(rig)};
  if (!config.dry_run.empty()) {
    all.insert(all.end(), {"--dry-run", config.dry_run.string()});
  }
  return all;
}

GuardArguments parse_guard_arguments(const std::vector<std::string>& arguments) {
  GuardArguments parsed;
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    if (i + 1 == arguments.size()) {
      throw std::invalid_argument(arguments[i] + ": has no value");
    }
    read_option(parsed, arguments[i], arguments[i + 1]);
  }
  const GuardConfig& config = parsed.config;
  if (config.station.empty() || config.usb_serial.empty() ||
      config.state_file.empty() || parsed.rig <= 0) {
    throw std::invalid_argument(
        "--station, --usb-serial, --state and --rig are needed");
  }
  return parsed;
}

Guard::Guard(const fs::path& program, const GuardConfig& config, int lock)
    : station_(config.station) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    throw error(station_, std::string("no line to it: ") + std::strerror(errno));
  }
  line_ = ends[0];
  const int theirs = fcntl(ends[1], F_DUPFD_CLOEXEC, kGuardLock + 1);
  close(ends[1]);

  GuardConfig absolute = config;
  absolute.state_file = fs::absolute(config.state_file);
  std::vector<std::string> arguments = to_arguments(absolute, getpid());
  arguments.insert(arguments.begin(), program.string());

  SpawnPlan plan;
  plan.hand_over(theirs, lock);
  plan.set_apart();
  const int failed = plan.start(process_, program, std::move(arguments));
  close(theirs);
  if (failed != 0) {
    close(line_);
    throw error(station_,
                program.string() + " does not start: " + std::strerror(failed));
  }
  if (listen(line_, kStartLimitMs) != Answer::word) {
    kill(process_, SIGKILL);
    reap();
    throw error(station_, program.string() + " ended at once");
  }
}

Guard::~Guard() {
  if (process_ < 0) return;
  // It acts at the end of the stream, but must be heard until it has: half a close.
  shutdown(line_, SHUT_WR);
  listen(line_, kExitLimitMs);
  reap();
}

void Guard::power(bool on) {
  if (process_ < 0) throw std::logic_error("the guard has been released");
  if (!tell(on ? kPowerOn : kPowerOff)) {
    throw error(station_, "it is gone: nobody would make the station safe");
  }
}

void Guard::release() noexcept {
  if (process_ < 0) return;
  tell(kQuit);
  // Silent means stuck, and nothing is left for it to do.
  if (listen(line_, kExitLimitMs) == Answer::silence) kill(process_, SIGKILL);
  reap();
}

bool Guard::tell(char word) const {
  // No SIGPIPE: not every program that holds a rig ignores it.
  return send(line_, &word, 1, MSG_NOSIGNAL) == 1;
}

void Guard::reap() noexcept {
  while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
  close(line_);
  process_ = -1;
}

}  // namespace lockrig::io
