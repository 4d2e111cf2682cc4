#include "rig/bench/debug_probe.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "rig/core/error.hpp"

extern char** environ;

namespace lockrig::bench {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of("\n\r ");
  if (end == std::string::npos) return "it said nothing";
  const std::size_t begin = text.find_last_of('\n', end);
  return text.substr(begin == std::string::npos ? 0 : begin + 1,
                     end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

/// All that it says, until it closes its output; false when that takes too long. The
/// limit counts from its last word.
bool listen(int fd, int limit_ms, std::string& said) {
  char buffer[1024];
  for (;;) {
    pollfd waiting{fd, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, limit_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count <= 0) return true;
    said.append(buffer, static_cast<std::size_t>(count));
  }
}

}  // namespace

void CommandProbe::run(const std::string& verb, const std::string& name) {
  std::vector<std::string> words = command_;
  words.push_back(verb);
  words.push_back(name);
  const std::string shown = fmt::format("{}", fmt::join(words, " "));
  const auto fail = [&](const std::string& what) {
    return RigError(station_, "debug probe", shown + ": " + what,
                    "the probe, its cable and the bench file's `probe`");
  };
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw fail(std::strerror(errno));
  Descriptor ours(ends[0]);
  Descriptor theirs(ends[1]);

  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDERR_FILENO);
  pid_t process = -1;
  const int spawned = ::posix_spawnp(&process, arguments[0], &actions, nullptr,
                                     arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (spawned != 0) throw fail(std::strerror(spawned));
  theirs.close();

  std::string said;
  const bool ended = listen(ours.get(), kLimitMs, said);
  if (!ended) ::kill(process, SIGKILL);
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended) throw fail(fmt::format("said nothing for {} s", kLimitMs / 1000));
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw fail(last_line(said));
}

}  // namespace lockrig::bench
