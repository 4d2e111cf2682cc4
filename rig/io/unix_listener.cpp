#include "rig/io/unix_listener.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "rig/core/error.hpp"
#include "rig/io/fd_stream.hpp"

namespace lockrig::io {
namespace {

namespace asio = boost::asio;

asio::io_context& outside_of(World& world) {
  if (world.clock().pace() == Pace::simulated) {
    throw std::invalid_argument("nobody can connect in simulated time");
  }
  return world.outside();
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    throw std::invalid_argument("'" + path + "' is no path for a socket: too long");
  }
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  return address;
}

}  // namespace

struct UnixListener::Inner : std::enable_shared_from_this<Inner> {
  Inner(World& w, std::string station_name, std::string device_name)
      : world(w),
        station(std::move(station_name)),
        device(std::move(device_name)),
        descriptor(outside_of(w)),
        changed(w) {}

  [[noreturn]] void fail(const std::string& what, const std::string& check) const {
    throw RigError(station, device, what + ": " + std::strerror(errno), check);
  }

  void listen(const std::string& path) {
    const sockaddr_un address = address_of(path);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) fail("gets no socket", "the limit of open files");
    descriptor.assign(fd);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      fail("cannot listen at " + path, "what is at that path already");
    }
    if (::listen(fd, SOMAXCONN) != 0) fail("cannot listen at " + path, "the host");
  }

  /// -1 when nobody waits.
  int take() {
    for (;;) {
      const int fd = ::accept4(descriptor.native_handle(), nullptr, nullptr,
                               SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd >= 0 || errno == EAGAIN) return fd;
      if (errno == EINTR || errno == ECONNABORTED) continue;
      fail("takes no more connections", "the limit of open files");
    }
  }

  void watch() {
    if (watching) return;
    watching = true;
    descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                          [self = shared_from_this()](auto error) {
                            self->watching = false;
                            if (!error) self->changed.notify();
                          });
  }

  World& world;
  std::string station;
  std::string device;
  asio::posix::stream_descriptor descriptor;
  bool watching = false;
  Signal changed;
};

UnixListener::UnixListener(World& world, std::filesystem::path path,
                           std::string station, std::string device)
    : path_(std::move(path)),
      inner_(std::make_shared<Inner>(world, std::move(station), std::move(device))) {
  inner_->listen(path_);
}

UnixListener::~UnixListener() {
  boost::system::error_code ignored;
  inner_->descriptor.close(ignored);
  ::unlink(path_.c_str());
}

Task<std::unique_ptr<ByteStream>> UnixListener::accept(Instant until) {
  Inner& inner = *inner_;
  for (;;) {
    const int fd = inner.take();
    if (fd >= 0) co_return std::make_unique<FdStream>(inner.world, fd);
    inner.watch();
    const bool notified = co_await inner.changed.wait(until, "a connection");
    if (!notified && inner.world.now() >= until) co_return nullptr;
  }
}

void UnixListener::refuse_waiting() {
  for (int fd = inner_->take(); fd >= 0; fd = inner_->take()) ::close(fd);
}

}  // namespace lockrig::io
