// The first seam: a stream of bytes. A console, a network connection and an FTDI
// channel are streams; what stands behind one, nobody above knows.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "rig/core/units.hpp"
#include "rig/core/world.hpp"

namespace lockrig {

enum class StreamStatus { ok, timed_out, closed, failed };

const char* to_string(StreamStatus status);

struct ReadResult {
  StreamStatus status;
  std::size_t count;  // bytes read; 0 unless status is ok
};

class ByteStream {
 public:
  virtual ~ByteStream() = default;

  /// At least one byte, or why not. One reader at a time; `into` outlives the call.
  virtual Task<ReadResult> read_some(std::span<std::uint8_t> into, Instant until) = 0;

  /// Returns when the last byte has left. A line that nobody listens to takes bytes all
  /// the same. One writer at a time; `data` outlives the call.
  virtual Task<StreamStatus> write(ByteView data) = 0;

  /// The other end reads what was sent, then `closed`. May be called more than once.
  virtual void close() = 0;
};

/// One direction of a simulated line: a byte takes `byte_period` on the wire and
/// `latency` to come out. Used by lines and simulated networks.
class Pipe {
 public:
  Pipe(World& world, Duration byte_period, Duration latency);

  Task<StreamStatus> write(ByteView data);
  Task<ReadResult> read_some(std::span<std::uint8_t> into, Instant until);

  /// The writer will write no more.
  void close();
  /// The line is broken for good: both ends see `failed`, what was on the way is lost.
  void fail();
  /// A reader that waits gets `failed`, once; the line stays as it is.
  void interrupt();
  /// Opens or shorts the line. What is on the wire comes out up to the byte that had
  /// ended; while open, bytes vanish.
  void connect(bool connected);
  /// Forgets what has arrived and was not read.
  void discard() {
    arrived_.clear();
    taken_ = 0;
  }

  bool connected() const { return connected_; }
  Duration byte_period() const { return byte_period_; }
  void set_byte_period(Duration p) { byte_period_ = p; }
  /// Sees every run of bytes when its first byte leaves the writer.
  void watch(std::function<void(Instant start, ByteView)> f) { watch_ = std::move(f); }

 private:
  struct Run {
    Instant start;
    Instant end;
    Bytes data;
  };
  void arrive();
  void deliver(ByteView data);

  World& world_;
  Duration byte_period_;
  Duration latency_;
  std::deque<Run> on_wire_;
  Instant line_free_{};
  Bytes arrived_;
  std::size_t taken_ = 0;
  bool connected_ = true;
  bool closed_ = false;
  bool failed_ = false;
  bool interrupted_ = false;
  Signal changed_;
  Timer timer_;
  std::function<void(Instant, ByteView)> watch_;
};

/// One end of a pair of pipes. Both ends share the pipes; closing is per direction.
class PipeEnd final : public ByteStream {
 public:
  PipeEnd(std::shared_ptr<Pipe> in, std::shared_ptr<Pipe> out)
      : in_(std::move(in)), out_(std::move(out)) {}
  ~PipeEnd() override { out_->close(); }

  Task<ReadResult> read_some(std::span<std::uint8_t> into, Instant until) override {
    return in_->read_some(into, until);
  }
  Task<StreamStatus> write(ByteView data) override { return out_->write(data); }
  void close() override { out_->close(); }
  void interrupt() { in_->interrupt(); }

 private:
  std::shared_ptr<Pipe> in_;
  std::shared_ptr<Pipe> out_;
};

}  // namespace lockrig
