// A serial line that other processes open, and what joins it to a board's console.
#pragma once

#include <memory>
#include <string>

#include "rig/io/fd_stream.hpp"

namespace lockrig::rehearsal {

/// The near end of a PTY pair, raw. While no process has the far end open, written
/// bytes vanish, as they do on a serial port that nobody has open.
class Pty final : public ByteStream {
 public:
  /// std::system_error if there are no PTYs left.
  explicit Pty(World& world);
  ~Pty() override;

  /// Of the far end: "/dev/pts/3".
  const std::string& path() const { return path_; }

  /// Also across clients: it ends with close() alone.
  Task<ReadResult> read_some(std::span<std::uint8_t> into, Instant until) override;
  Task<StreamStatus> write(ByteView data) override;
  /// Whoever has the far end open sees its end.
  void close() override;

 private:
  struct Watch;
  void join();

  std::string path_;
  int near_end_;
  Signal opened_;
  io::FdStream stream_;  // has ended while no process has the far end open
  std::shared_ptr<Watch> watch_;
};

/// Carries bytes both ways between two streams, until either ends or it is destroyed.
/// They outlive it. A stream that is joined to itself echoes.
class Joint {
 public:
  Joint(World& world, ByteStream& a, ByteStream& b);

 private:
  Life life_;
};

}  // namespace lockrig::rehearsal
