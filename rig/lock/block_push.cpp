#include "rig/lock/block_push.hpp"

#include <array>
#include <utility>

#include "rig/core/error.hpp"

namespace lockrig::lock {
namespace {

using ymodem::Reason;
using ymodem::State;

// Of what had come before a block leaves; behind that, a loader that never stops
// talking is in the middle of something else.
constexpr std::size_t kMaxStale = 64 * 1024;

Failure::Kind kind_of(Reason reason) {
  switch (reason) {
    case Reason::not_asked:
    case Reason::no_answer:
      return Failure::Kind::timed_out;
    case Reason::cancelled:
      return Failure::Kind::refused;
    default:
      return Failure::Kind::malformed;
  }
}

/// One push: moves bytes between the sender and the console.
class BlockPush {
 public:
  BlockPush(World& world, ByteStream& console, std::string station, ByteView image,
            ymodem::Offer offer, Progress progress)
      : world_(world),
        console_(console),
        station_(std::move(station)),
        protocol_(offer.protocol),
        sender_(image, std::move(offer), world.now()),
        progress_(std::move(progress)) {}

  Task<Push> run() {
    while (sender_.state() == State::running || !sender_.output().empty()) {
      StreamStatus status = StreamStatus::ok;
      if (sender_.output().empty()) {
        status = co_await listen(sender_.deadline());
        if (status == StreamStatus::timed_out) sender_.expire(world_.now());
      } else {
        status = co_await say();
      }
      if (status == StreamStatus::closed) co_return closed();
      if (progress_ && sender_.acknowledged() > told_) {
        told_ = sender_.acknowledged();
        progress_(told_);
      }
    }
    co_return ended();
  }

 private:
  Task<StreamStatus> listen(Instant until) {
    const ReadResult read = co_await console_.read_some(buffer_, until);
    if (read.status == StreamStatus::ok) {
      heard_ += read.count;
      sender_.feed(ByteView(buffer_).first(read.count), world_.now());
    }
    check(read.status, "reading failed");
    co_return read.status;
  }

  Task<StreamStatus> say() {
    heard_ = 0;
    for (;;) {
      const StreamStatus status = co_await listen(world_.now());
      if (status == StreamStatus::closed) co_return status;
      if (status != StreamStatus::ok || heard_ >= kMaxStale) break;
    }
    // A copy: the sender's own goes when a cancellation comes.
    leaving_.assign(sender_.output().begin(), sender_.output().end());
    if (leaving_.empty()) co_return StreamStatus::ok;
    const StreamStatus status = co_await console_.write(leaving_);
    check(status, "writing failed");
    sender_.sent(world_.now());
    co_return status;
  }

  void check(StreamStatus status, const char* what) const {
    if (status != StreamStatus::failed) return;
    throw RigError(station_, "console", what, "its cable and adapter");
  }

  std::string named(const char* what) const {
    return std::string(ymodem::to_string(protocol_)) + ": " + what;
  }

  Push closed() const {
    Push push;
    push.acknowledged = sender_.acknowledged();
    push.accepted = sender_.state() == State::done;
    push.failure = Failure{Failure::Kind::closed, named("the console is dead")};
    return push;
  }

  Push ended() const {
    Push push;
    push.acknowledged = sender_.acknowledged();
    push.accepted = sender_.state() == State::done;
    if (push.accepted) return push;
    const Reason reason = sender_.reason();
    push.failure = Failure{kind_of(reason), named(ymodem::to_string(reason))};
    return push;
  }

  World& world_;
  ByteStream& console_;
  std::string station_;
  ymodem::Protocol protocol_;
  ymodem::Sender sender_;
  Progress progress_;
  std::size_t told_ = 0;
  std::size_t heard_ = 0;
  Bytes leaving_;
  std::array<std::uint8_t, 1024> buffer_;
};

}  // namespace

Task<Push> push_by_blocks(World& world, ByteStream& console, std::string station,
                          ByteView image, ymodem::Offer offer, Progress progress) {
  BlockPush push(world, console, std::move(station), image, std::move(offer),
                 std::move(progress));
  co_return co_await push.run();
}

}  // namespace lockrig::lock
