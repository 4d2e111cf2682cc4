#include "rig/rehearsal/pty.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <system_error>

namespace lockrig::rehearsal {
namespace {

namespace asio = boost::asio;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

int open_near_end() {
  const int fd = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (fd < 0 || ::grantpt(fd) != 0 || ::unlockpt(fd) != 0) fail("a PTY");
  return fd;
}

std::string far_end_of(int fd) {
  char name[64];
  if (::ptsname_r(fd, name, sizeof(name)) != 0) fail("a PTY's name");
  return name;
}

/// Nobody has the far end open.
bool hung_up(int near_end) {
  pollfd state{near_end, 0, 0};
  return ::poll(&state, 1, 0) > 0 && (state.revents & POLLHUP) != 0;
}

Task<void> carry(ByteStream& from, ByteStream& to) {
  std::uint8_t buffer[512];
  for (;;) {
    const ReadResult read = co_await from.read_some(buffer, kNever);
    if (read.status != StreamStatus::ok) co_return;
    const ByteView bytes(buffer, read.count);
    if (co_await to.write(bytes) != StreamStatus::ok) co_return;
  }
}

}  // namespace

/// Tells when somebody opens or closes the far end.
struct Pty::Watch : std::enable_shared_from_this<Watch> {
  Watch(World& world, const std::string& path, std::function<void()> changed)
      : descriptor(world.outside()), call(std::move(changed)) {
    const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0) fail("inotify");
    descriptor.assign(fd);
    if (::inotify_add_watch(fd, path.c_str(), IN_OPEN | IN_CLOSE) < 0) {
      fail("inotify on a PTY");
    }
  }

  void wait() {
    descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                          [self = shared_from_this()](auto error) {
                            if (error || !self->call) return;
                            char buffer[4096];
                            const int fd = self->descriptor.native_handle();
                            while (::read(fd, buffer, sizeof(buffer)) > 0) {
                            }
                            self->call();
                            self->wait();
                          });
  }

  asio::posix::stream_descriptor descriptor;
  // The kernel makes one event of several alike: they say that something changed, and
  // the line itself says what.
  std::function<void()> call;
};

Pty::Pty(World& world) : near_end_(open_near_end()), opened_(world), stream_(world) {
  path_ = far_end_of(near_end_);
  stream_.on_end([this] { stream_.release(); });
  watch_ = std::make_shared<Watch>(world, path_, [this] { join(); });
  watch_->wait();
}

Pty::~Pty() { close(); }

void Pty::join() {
  if (near_end_ < 0 || hung_up(near_end_) || !stream_.ended()) return;
  stream_.attach(near_end_);
  opened_.notify();
}

Task<ReadResult> Pty::read_some(std::span<std::uint8_t> into, Instant until) {
  for (;;) {
    const ReadResult read = co_await stream_.read_some(into, until);
    const bool left =
        read.status == StreamStatus::closed || read.status == StreamStatus::failed;
    if (!left || near_end_ < 0) co_return read;
    // The client has gone; the line stays for the next one.
    if (!co_await opened_.wait(until, "somebody to open the line") && stream_.ended()) {
      co_return ReadResult{StreamStatus::timed_out, 0};
    }
  }
}

Task<StreamStatus> Pty::write(ByteView data) {
  if (near_end_ < 0) co_return StreamStatus::closed;
  // Whoever opens it and at once expects an answer has opened it by now.
  join();
  if (stream_.ended() || hung_up(near_end_)) co_return StreamStatus::ok;
  co_await stream_.write(data);
  co_return StreamStatus::ok;
}

void Pty::close() {
  if (near_end_ < 0) return;
  watch_->call = nullptr;
  boost::system::error_code ignored;
  watch_->descriptor.close(ignored);
  stream_.release();
  ::close(near_end_);
  near_end_ = -1;
  opened_.notify();
}

Joint::Joint(World& world, ByteStream& a, ByteStream& b) : life_(world, "console") {
  life_.spawn(carry(a, b));
  if (&a != &b) life_.spawn(carry(b, a));
}

}  // namespace lockrig::rehearsal
