#include "rig/bench/rehearsal_control.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "rig/core/error.hpp"

namespace lockrig::bench {
namespace {

struct Socket {
  Socket() : fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (fd >= 0) ::close(fd);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd;
};

}  // namespace

void RehearsalControl::restore(const std::string& name) {
  tell(name == kFactory ? "factory " + station_ : "restore " + station_ + " " + name);
}

void RehearsalControl::set_defects(const std::vector<std::string>& defects) {
  std::string line = "defects " + station_;
  for (const std::string& defect : defects) line += " " + defect;
  tell(line);
}

void RehearsalControl::tell(const std::string& line) {
  const auto fail = [&](const std::string& what) {
    return RigError(station_, "rehearsal", line + ": " + what, "the twins' process");
  };
  const Socket socket;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.size() >= sizeof address.sun_path) throw fail("a path that is too long");
  std::memcpy(address.sun_path, socket_.c_str(), socket_.size() + 1);
  if (socket.fd < 0 || ::connect(socket.fd, reinterpret_cast<sockaddr*>(&address),
                                 sizeof address) != 0) {
    throw fail(std::strerror(errno));
  }
  const std::string sent = line + "\n";
  if (::send(socket.fd, sent.data(), sent.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(sent.size())) {
    throw fail("not sent");
  }
  std::string answer;
  while (answer.empty() || answer.back() != '\n') {
    pollfd waiting{socket.fd, POLLIN, 0};
    if (::poll(&waiting, 1, kAnswerLimitMs) <= 0) throw fail("no answer");
    char buffer[512];
    const ssize_t count = ::recv(socket.fd, buffer, sizeof buffer, 0);
    if (count <= 0) throw fail("no answer");
    answer.append(buffer, static_cast<std::size_t>(count));
  }
  answer.pop_back();
  if (answer.starts_with("ok")) return;
  // What no station has is the caller's mistake, as on the virtual bench.
  if (line.starts_with("unplug") || line.starts_with("replug")) {
    throw std::invalid_argument(answer);
  }
  throw fail(answer);
}

}  // namespace lockrig::bench
