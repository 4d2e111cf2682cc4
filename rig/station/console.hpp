// The station's console line: traced both ways, and silent the moment the rig cuts the
// board's power.
#pragma once

#include <array>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "rig/core/stream.hpp"

namespace lockrig::station {

/// A stream that fails (a RigError, or `failed`) is listened to again. Until bytes come
/// or go again, every read says how it failed; what came before is read first.
class Console final : public ByteStream {
 public:
  /// 115200 baud, ten bits a byte. Assumed; for the trace alone, the stream keeps time.
  static constexpr Duration kBytePeriod = 86'806ns;

  /// Between a failure and the next attempt: a port that fails at once would else keep
  /// the world busy.
  static constexpr Duration kRetry = 100ms;

  /// The stream outlives the console. Its bytes are taken from now on.
  Console(World& world, ByteStream& stream, const std::string& station,
          Duration byte_period = kBytePeriod);

  /// `closed` once all that had arrived is read, while the console is not live; a
  /// pending read ends at once.
  Task<ReadResult> read_some(std::span<std::uint8_t> into, Instant until) override;
  /// `closed` and nothing sent while not live: an isolated line leads nowhere.
  Task<StreamStatus> write(ByteView data) override;
  void close() override { stream_.close(); }

  /// The board is powered and connected. Told by the station's Power.
  void set_live(bool live);
  bool live() const { return live_; }
  /// Throws the RigError of the first failure there ever was.
  void check() const {
    if (first_failure_) std::rethrow_exception(first_failure_);
  }
  /// Sees the bytes as they arrive, read or not; empty to stop.
  void watch(std::function<void(ByteView)> heard) { heard_ = std::move(heard); }
  /// Forgets what arrived and was not read: the last words before a cut.
  void discard();

 private:
  Task<void> listen();
  void fail(StreamStatus status, std::exception_ptr thrown);

  World& world_;
  ByteStream& stream_;
  std::string station_;
  Duration byte_period_;
  Trace::Channel in_;
  Trace::Channel out_;
  bool live_ = false;
  std::optional<StreamStatus> broken_;
  std::exception_ptr thrown_;  // how it broke, if not by a status
  std::exception_ptr first_failure_;
  std::function<void(ByteView)> heard_;
  Bytes arrived_;
  std::size_t taken_ = 0;
  std::array<std::uint8_t, 1024> buffer_;
  Signal changed_;
  Life life_;
};

}  // namespace lockrig::station
