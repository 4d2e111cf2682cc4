// The other end of a push by blocks, for tests: a receiver on a stream, and a line that
// damages what passes.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "rig/core/stream.hpp"
#include "rig/protocol/ymodem_receiver.hpp"

namespace lockrig::lock {

/// Takes one file. Returns when it is here, or why it is not is known; before that it
/// goes on for as long as a sender may repeat its EOT.
inline Task<void> take_by_blocks(World& world, ByteStream& stream,
                                 ymodem::Receiver& receiver) {
  constexpr Duration kLinger = ymodem::SenderLimits{}.eot + 1s;
  std::array<std::uint8_t, 1500> buffer;
  std::optional<Instant> done;
  for (;;) {
    const bool talks = !receiver.output().empty();
    if (receiver.state() == ymodem::State::failed && !talks) co_return;
    if (receiver.state() == ymodem::State::done && !done) done = world.now() + kLinger;
    if (done && world.now() >= *done && !talks) co_return;
    const Instant until = talks ? world.now() : done ? *done : receiver.deadline();
    const ReadResult read = co_await stream.read_some(buffer, until);
    if (read.status == StreamStatus::ok) {
      receiver.feed(ByteView(buffer).first(read.count), world.now());
      continue;
    }
    if (read.status != StreamStatus::timed_out) co_return;
    if (!talks) {
      receiver.expire(world.now());
      continue;
    }
    const Bytes answer(receiver.output().begin(), receiver.output().end());
    if (co_await stream.write(answer) != StreamStatus::ok) co_return;
    receiver.sent(world.now());
  }
}

/// Changes or drops the bytes at chosen places of what passes, each direction counted
/// from 0.
class DamagedStream final : public ByteStream {
 public:
  enum class Damage { flipped, dropped };
  using Places = std::map<std::size_t, Damage>;

  /// The stream outlives it.
  DamagedStream(ByteStream& stream, Places written, Places read)
      : stream_(stream), out_{std::move(written)}, in_{std::move(read)} {}

  Task<ReadResult> read_some(std::span<std::uint8_t> into, Instant until) override {
    for (;;) {
      const ReadResult read = co_await stream_.read_some(into, until);
      if (read.status != StreamStatus::ok) co_return read;
      const Bytes left = in_.pass(ByteView(into).first(read.count));
      std::copy(left.begin(), left.end(), into.begin());
      if (!left.empty()) co_return ReadResult{StreamStatus::ok, left.size()};
    }
  }

  Task<StreamStatus> write(ByteView data) override {
    const Bytes left = out_.pass(data);
    if (left.empty()) co_return StreamStatus::ok;
    co_return co_await stream_.write(left);
  }

  void close() override { stream_.close(); }

  /// Damage that was done so far.
  int done() const { return out_.done + in_.done; }

 private:
  struct Direction {
    Bytes pass(ByteView bytes) {
      Bytes left;
      for (const std::uint8_t byte : bytes) {
        const auto damage = places.find(at++);
        if (damage == places.end()) {
          left.push_back(byte);
          continue;
        }
        ++done;
        if (damage->second == Damage::flipped) left.push_back(byte ^ 0x40);
      }
      return left;
    }
    Places places;
    std::size_t at = 0;
    int done = 0;
  };

  ByteStream& stream_;
  Direction out_;
  Direction in_;
};

}  // namespace lockrig::lock
