// The station's console line: traced both ways, and silent the moment the rig cuts the
// board's power.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "rig/core/stream.hpp"

namespace lockrig::station {

class Console final : public ByteStream {
 public:
  /// 115200 baud, ten bits a byte. Assumed; for the trace alone, the stream keeps time.
  static constexpr Duration kBytePeriod = 86'806ns;

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
  /// Forgets what arrived and was not read: the last words before a cut.
  void discard();

 private:
  Task<void> listen();

  World& world_;
  ByteStream& stream_;
  Duration byte_period_;
  Trace::Channel in_;
  Trace::Channel out_;
  bool live_ = false;
  std::optional<StreamStatus> broken_;
  Bytes arrived_;
  std::size_t taken_ = 0;
  std::array<std::uint8_t, 1024> buffer_;
  Signal changed_;
  Life life_;
};

}  // namespace lockrig::station
