#include "rig/rehearsal/control.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace lockrig::rehearsal {
namespace {

namespace asio = boost::asio;

/// Nobody types so much; what does not end is refused.
constexpr std::size_t kLongestCommand = 4096;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    throw std::invalid_argument("a socket's path is too long: " + path);
  }
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  return address;
}

int stream_socket() {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("a socket");
  return fd;
}

}  // namespace

struct ControlServer::Listener : std::enable_shared_from_this<Listener> {
  Listener(World& world, int fd, ControlServer& of)
      : descriptor(world.outside(), fd), server(&of) {}

  void wait() {
    descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                          [self = shared_from_this()](auto error) {
                            if (error || self->server == nullptr) return;
                            self->server->accept();
                            self->wait();
                          });
  }

  asio::posix::stream_descriptor descriptor;
  ControlServer* server;
};

struct ControlServer::Connection {
  Connection(World& world, int fd) : stream(world, fd), life(world, "control") {}
  io::FdStream stream;
  Life life;
  bool done = false;
};

ControlServer::ControlServer(World& world, std::string path, Command command)
    : world_(world), path_(std::move(path)), command_(std::move(command)) {
  const sockaddr_un address = address_of(path_);
  const int fd = stream_socket();
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(fd, 8) != 0) {
    ::close(fd);
    fail(path_);
  }
  listener_ = std::make_shared<Listener>(world, fd, *this);
  listener_->wait();
}

ControlServer::~ControlServer() {
  listener_->server = nullptr;
  boost::system::error_code ignored;
  listener_->descriptor.close(ignored);
  ::unlink(path_.c_str());
}

void ControlServer::accept() {
  connections_.remove_if([](const Connection& c) { return c.done; });
  const int fd =
      ::accept4(listener_->descriptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return;
  Connection& connection = connections_.emplace_back(world_, fd);
  connection.life.spawn(serve(connection));
}

Task<void> ControlServer::serve(Connection& connection) {
  std::string text;
  std::uint8_t buffer[256];
  while (text.size() < kLongestCommand) {
    const ReadResult read = co_await connection.stream.read_some(buffer, kNever);
    if (read.status != StreamStatus::ok) break;
    text.append(buffer, buffer + read.count);
    for (std::size_t end; (end = text.find('\n')) != std::string::npos;) {
      std::istringstream line(text.substr(0, end));
      text.erase(0, end + 1);
      Words words;
      for (std::string word; line >> word;) words.push_back(word);
      std::string answer;
      try {
        answer = command_(words);
        answer = answer.empty() ? "ok" : "ok " + answer;
      } catch (const std::exception& error) {
        answer = std::string("error ") + error.what();
      }
      for (char& c : answer) {
        if (c == '\n') c = ' ';
      }
      answer += '\n';
      const ByteView bytes(reinterpret_cast<const std::uint8_t*>(answer.data()),
                           answer.size());
      co_await connection.stream.write(bytes);
    }
  }
  connection.stream.close();
  connection.done = true;
}

std::string ask(const std::string& path, const ControlServer::Words& command) {
  const sockaddr_un address = address_of(path);
  const int fd = stream_socket();
  std::string line;
  for (const std::string& word : command) line += (line.empty() ? "" : " ") + word;
  line += '\n';
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
          0 ||
      ::send(fd, line.data(), line.size(), MSG_NOSIGNAL) !=
          static_cast<ssize_t>(line.size())) {
    const int error = errno;
    ::close(fd);
    errno = error;
    fail(path);
  }
  std::string answer;
  for (char c; ::recv(fd, &c, 1, 0) == 1 && c != '\n';) answer += c;
  ::close(fd);
  return answer;
}

}  // namespace lockrig::rehearsal
