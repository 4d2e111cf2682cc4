#include "rig/program/child.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace lockrig::program {
namespace {

constexpr int kSignals = 65;  // Linux has 1 to 64

/// Arguments and environment as execve() takes them, made before the fork: a child of
/// many threads may not allocate.
struct Prepared {
  explicit Prepared(const Command& command) {
    std::map<std::string, std::string> all;
    for (char** each = environ; *each != nullptr; ++each) {
      const char* const equals = std::strchr(*each, '=');
      if (equals == nullptr) continue;
      all[std::string(static_cast<const char*>(*each), equals)] = equals + 1;
    }
    for (const auto& [name, value] : command.environment) all[name] = value;
    for (const auto& [name, value] : all) settings.push_back(name + "=" + value);
    texts = command.arguments;
    for (std::string& each : texts) argv.push_back(each.data());
    for (std::string& each : settings) envp.push_back(each.data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
  }
  std::vector<std::string> texts, settings;
  std::vector<char*> argv, envp;
};

/// In the child, until the program takes over. Only what a child of many threads may
/// do.
[[noreturn]] void become(const Prepared& program, const std::string& folder, int in_out,
                         int errors, bool terminal, pid_t rig, int report) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  bool good = ::getppid() == rig;  // else the rig died in between
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int each = 1; each < kSignals; ++each) ::signal(each, SIG_DFL);
  if (terminal) good = good && ::ioctl(in_out, TIOCSCTTY, 0) == 0;
  good = good && ::dup2(in_out, STDIN_FILENO) >= 0 &&
         ::dup2(in_out, STDOUT_FILENO) >= 0 && ::dup2(errors, STDERR_FILENO) >= 0;
  // What another thread has opened and not marked yet, or the rig itself was given.
  ::close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC);
  good = good && (folder.empty() || ::chdir(folder.c_str()) == 0);
  if (good) ::execvpe(program.argv[0], program.argv.data(), program.envp.data());
  const int why = errno;
  const auto written = ::write(report, &why, sizeof why);
  (void)written;
  ::_exit(127);
}

}  // namespace

/// Tells when the program ends.
struct Child::Watch : std::enable_shared_from_this<Watch> {
  Watch(World& world, pid_t pid) : descriptor(world.outside()) {
    // As a call of the system: glibc 2.36 declares the function for C alone.
    const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (fd < 0) throw std::system_error(errno, std::generic_category(), "pidfd_open");
    descriptor.assign(fd);
  }
  void wait() {
    descriptor.async_wait(asio_wait, [self = shared_from_this()](auto error) {
      // Its owner may go while it is told.
      const auto told = std::move(self->call);
      if (!error && told) told();
    });
  }
  static constexpr auto asio_wait = boost::asio::posix::stream_descriptor::wait_read;
  boost::asio::posix::stream_descriptor descriptor;
  std::function<void()> call;
};

Child::Child(World& world, const Command& command, int in_out, int errors,
             bool terminal, std::function<void(int status)> ended) {
  const Prepared program(command);
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe");
  }
  const pid_t rig = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    become(program, command.folder.string(), in_out, errors, terminal, rig, report[1]);
  }
  const int forked = errno;
  ::close(report[1]);
  int why = 0;
  ssize_t got = 0;
  if (pid_ > 0) {
    do {
      got = ::read(report[0], &why, sizeof why);
    } while (got < 0 && errno == EINTR);
  }
  ::close(report[0]);
  if (pid_ < 0) throw std::system_error(forked, std::generic_category(), "fork");
  if (got > 0) {
    reap();
    throw std::system_error(why, std::generic_category(), command.arguments.at(0));
  }
  try {
    watch_ = std::make_shared<Watch>(world, pid_);
  } catch (...) {
    reap();
    throw;
  }
  watch_->call = [this, ended = std::move(ended)] {
    const int status = reap();
    if (ended) ended(status);
  };
  watch_->wait();
}

Child::~Child() {
  if (watch_) {
    watch_->call = {};
    boost::system::error_code ignored;
    watch_->descriptor.close(ignored);
  }
  reap();
}

int Child::reap() {
  if (reaped_) return 0;
  reaped_ = true;
  // Also when it has ended, for what it started; before its number can be another's.
  ::kill(-pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace lockrig::program
