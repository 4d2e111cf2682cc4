#include "rig/io/fd_stream.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <optional>
#include <stdexcept>

namespace lockrig::io {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

asio::io_context& outside_of(World& world) {
  if (world.clock().pace() == Pace::simulated) {
    throw std::invalid_argument("a descriptor cannot be read in simulated time");
  }
  return world.outside();
}

bool is_socket(int fd) {
  struct stat status {};
  return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

}  // namespace

struct FdStream::Io : std::enable_shared_from_this<Io> {
  Io(World& world, std::size_t size)
      : descriptor(outside_of(world)),
        limit(size),
        ring(std::make_unique_for_overwrite<std::uint8_t[]>(size)),
        readable(world),
        writable(world) {
    if (size == 0) throw std::invalid_argument("a stream needs room for a byte");
  }

  void attach(int fd);
  void watch();
  void fill();
  bool take(std::span<std::uint8_t> into, std::size_t& count);
  /// Bytes taken; 0 where the kernel has no room; nullopt: ended.
  std::optional<std::size_t> put(ByteView data);
  void await_room();
  void end(StreamStatus how);
  /// The operations in flight belong to an older descriptor from now on.
  void forget_operations();

  Descriptor descriptor;
  bool socket = false;
  std::size_t limit;
  std::unique_ptr<std::uint8_t[]> ring;
  std::size_t first = 0;
  std::size_t count = 0;
  std::optional<StreamStatus> ended = StreamStatus::closed;
  bool shut = false;       // for writing, by us
  bool heard_all = false;  // of a socket: the other end shut it, and may still read
  bool watching = false;
  bool awaiting_room = false;
  unsigned generation = 0;
  Signal readable;
  Signal writable;
  std::function<void()> on_end;
};

void FdStream::Io::attach(int fd) {
  forget_operations();
  descriptor.assign(fd);
  descriptor.native_non_blocking(true);
  socket = is_socket(fd);
  ended.reset();
  shut = heard_all = false;
  watch();
}

void FdStream::Io::watch() {
  if (watching || ended || heard_all || count == limit) return;
  watching = true;
  descriptor.async_wait(Descriptor::wait_read,
                        [self = shared_from_this(), mine = generation](auto error) {
                          if (mine != self->generation) return;
                          self->watching = false;
                          if (error) {
                            self->end(StreamStatus::failed);
                          } else {
                            self->fill();
                          }
                        });
}

void FdStream::Io::fill() {
  if (count == 0) first = 0;  // the longest run of room there is
  const std::size_t last = (first + count) % limit;
  const std::size_t room = last < first ? first - last : limit - last;
  const ssize_t got = ::read(descriptor.native_handle(), ring.get() + last,
                             std::min(room, limit - count));
  if (got > 0) {
    count += static_cast<std::size_t>(got);
    readable.notify();
  } else if (got == 0 && socket) {
    heard_all = true;
    readable.notify();
  } else if (got == 0) {
    return end(StreamStatus::closed);
  } else if (errno != EAGAIN && errno != EINTR) {
    return end(StreamStatus::failed);
  }
  watch();
}

bool FdStream::Io::take(std::span<std::uint8_t> into, std::size_t& taken) {
  if (count == 0) return false;
  taken = std::min(into.size(), count);
  const std::size_t run = std::min(taken, limit - first);
  std::copy_n(ring.get() + first, run, into.begin());
  std::copy_n(ring.get(), taken - run, into.begin() + static_cast<std::ptrdiff_t>(run));
  first = (first + taken) % limit;
  count -= taken;
  watch();
  return true;
}

std::optional<std::size_t> FdStream::Io::put(ByteView data) {
  for (;;) {
    const int fd = descriptor.native_handle();
    const ssize_t sent = socket ? ::send(fd, data.data(), data.size(), MSG_NOSIGNAL)
                                : ::write(fd, data.data(), data.size());
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno == EAGAIN) return 0;
    if (errno == EINTR) continue;
    end(StreamStatus::failed);
    return std::nullopt;
  }
}

void FdStream::Io::await_room() {
  if (awaiting_room) return;
  awaiting_room = true;
  descriptor.async_wait(Descriptor::wait_write,
                        [self = shared_from_this(), mine = generation](auto) {
                          if (mine != self->generation) return;
                          self->awaiting_room = false;
                          self->writable.notify();  // the next write finds out why
                        });
}

void FdStream::Io::end(StreamStatus how) {
  if (ended) return;
  ended = how;
  if (on_end) on_end();
  boost::system::error_code ignored;
  if (descriptor.is_open()) descriptor.close(ignored);
  forget_operations();
  readable.notify();
  writable.notify();
}

void FdStream::Io::forget_operations() {
  ++generation;
  watching = awaiting_room = false;
}

FdStream::FdStream(World& world, std::size_t limit)
    : io_(std::make_shared<Io>(world, limit)) {}

FdStream::FdStream(World& world, int fd, std::size_t limit) : FdStream(world, limit) {
  io_->attach(fd);
}

FdStream::~FdStream() {
  io_->on_end = nullptr;
  io_->end(StreamStatus::closed);
}

Task<ReadResult> FdStream::read_some(std::span<std::uint8_t> into, Instant until) {
  std::size_t taken = 0;
  while (!io_->take(into, taken)) {
    if (io_->ended) co_return ReadResult{*io_->ended, 0};
    if (io_->heard_all) co_return ReadResult{StreamStatus::closed, 0};
    if (!co_await io_->readable.wait(until, "bytes from a descriptor") &&
        io_->count == 0) {
      co_return ReadResult{StreamStatus::timed_out, 0};
    }
  }
  co_return ReadResult{StreamStatus::ok, taken};
}

Task<StreamStatus> FdStream::write(ByteView data) {
  co_return co_await write_rest(data);
}

Task<StreamStatus> FdStream::write_rest(ByteView& rest) {
  while (!rest.empty()) {
    if (io_->ended) co_return *io_->ended;
    if (io_->shut) co_return StreamStatus::closed;
    const auto sent = io_->put(rest);
    if (!sent) co_return *io_->ended;
    rest = rest.subspan(*sent);
    if (rest.empty()) break;
    io_->await_room();
    co_await io_->writable.wait(kNever, "a descriptor to take bytes");
  }
  co_return StreamStatus::ok;
}

void FdStream::close() {
  if (io_->ended) return;
  if (io_->socket) {
    io_->shut = true;
    ::shutdown(io_->descriptor.native_handle(), SHUT_WR);
    io_->writable.notify();
  } else {
    io_->on_end = nullptr;
    io_->end(StreamStatus::closed);
  }
}

void FdStream::fail() {
  if (!io_->ended && io_->socket) {
    const linger reset{1, 0};
    ::setsockopt(io_->descriptor.native_handle(), SOL_SOCKET, SO_LINGER, &reset,
                 sizeof(reset));
  }
  discard();
  io_->on_end = nullptr;
  io_->end(StreamStatus::failed);
  io_->ended = StreamStatus::failed;
}

void FdStream::attach(int fd) {
  if (!io_->ended)
    throw std::invalid_argument("a stream that has a descriptor already");
  io_->attach(fd);
}

int FdStream::release() {
  if (!io_->descriptor.is_open()) return -1;
  const int fd = io_->descriptor.release();
  if (!io_->ended) {
    io_->ended = StreamStatus::closed;
    io_->readable.notify();
    io_->writable.notify();
  }
  io_->forget_operations();
  return fd;
}

void FdStream::on_end(std::function<void()> callback) {
  io_->on_end = std::move(callback);
}

bool FdStream::ended() const { return io_->ended.has_value(); }
std::size_t FdStream::buffered() const { return io_->count; }
std::size_t FdStream::limit() const { return io_->limit; }

void FdStream::discard() {
  io_->first = io_->count = 0;
  io_->watch();
}

}  // namespace lockrig::io
