// A ByteStream over a descriptor that can be polled: a PTY, a serial port, a socket.
// For wall and paced worlds; what arrives enters through World::outside().
//
// Bytes are taken from the kernel as soon as they are there, into a ring of fixed size,
// so that no read costs more for all that was received before. A full ring is back
// pressure: the kernel keeps what follows, and nothing is lost.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "rig/core/stream.hpp"

namespace lockrig::io {

class FdStream final : public ByteStream {
 public:
  /// 0.22 s of a line at 3,000,000 baud. Pages that were never filled cost nothing.
  static constexpr std::size_t kLimit = 64 * 1024;

  /// Without a descriptor: ended (`closed`) until attach().
  /// std::invalid_argument in a simulated world. The world outlives the stream.
  explicit FdStream(World& world, std::size_t limit = kLimit);
  /// Owns `fd` from now on, and makes it non-blocking. Not for pipes: writing to one
  /// that nobody reads raises SIGPIPE.
  FdStream(World& world, int fd, std::size_t limit = kLimit);
  /// Closes the descriptor.
  ~FdStream() override;

  /// Once all that arrived is read: `closed` after an end of file or close(), `failed`
  /// after an error (a serial port that went, the master of a PTY that nobody has open,
  /// a connection that was reset).
  Task<ReadResult> read_some(std::span<std::uint8_t> into, Instant until) override;

  /// Returns when the kernel has taken the last byte; waits as long as it has no room.
  Task<StreamStatus> write(ByteView data) override;
  /// The same; `rest` is what the kernel has not taken yet.
  Task<StreamStatus> write_rest(ByteView& rest);

  /// A socket is shut down for writing and can be read on. Anything else is closed.
  void close() override;
  /// Broken for good, unread bytes included. A socket is reset, so that the other end
  /// sees `failed` too.
  void fail();

  /// Goes on with another descriptor, behind the bytes not read yet. Only when ended.
  void attach(int fd);
  /// Gives the descriptor back, open; -1 where there is none. The stream has ended
  /// then.
  int release();

  /// Called when a descriptor ends by itself, out of World::outside() or write(),
  /// before any reader learns of it. May call release().
  void on_end(std::function<void()> callback);

  /// Neither end can say more. A socket that the other end shut is not ended yet.
  bool ended() const;
  /// What arrived and was not read.
  std::size_t buffered() const;
  std::size_t limit() const;
  void discard();

 private:
  struct Io;
  std::shared_ptr<Io> io_;  // kept by the operations in flight, too
};

}  // namespace lockrig::io
