#include "rig/lock/link.hpp"

#include "rig/core/error.hpp"
#include "rig/lock/banner.hpp"

namespace lockrig::lock {
namespace {

// Of an answer. The longest, a page of the log, is below 1 KiB.
constexpr std::size_t kMaxAnswer = 4096;

}  // namespace

Link::Link(World& world, station::Console& console, std::string station)
    : world_(world),
      console_(console),
      station_(std::move(station)),
      decoder_(kMaxAnswer) {}

Task<StreamStatus> Link::send(ByteView message) {
  smp::encode_frame(message, frame_);
  const StreamStatus status = co_await console_.write(frame_);
  if (status == StreamStatus::failed) {
    throw RigError(station_, "console", "writing failed", "its cable and adapter");
  }
  co_return status;
}

Task<Link::Incoming> Link::receive(Instant until) {
  for (;;) {
    if (auto message = decoder_.next_message()) {
      co_return Incoming{StreamStatus::ok, std::move(*message)};
    }
    const StreamStatus status = co_await read(until);
    if (status != StreamStatus::ok) co_return Incoming{status, {}};
  }
}

Task<std::optional<std::string>> Link::next_text(Instant until) {
  while (texts_.empty()) {
    if (co_await read(until) != StreamStatus::ok) co_return std::nullopt;
    drop_messages();
  }
  std::optional<std::string> line(std::move(texts_.front()));
  texts_.pop_front();
  co_return line;
}

Task<void> Link::collect() {
  // GCC 12 compiles `while (co_await ...) {}` to a trap.
  for (;;) {
    const StreamStatus status = co_await read(world_.now());
    if (status != StreamStatus::ok) co_return;
  }
}

void Link::drop_messages() {
  while (decoder_.next_message()) {
  }
}

void Link::discard() {
  console_.discard();
  begin_anew();
  texts_.clear();
}

void Link::begin_anew() {
  decoder_ = smp::LineDecoder(kMaxAnswer);
  ++boots_seen_;
}

std::uint32_t Link::damaged() const {
  const smp::LineErrors& e = decoder_.errors();
  return e.bad_base64 + e.bad_crc + e.bad_length + e.overflow + e.stray_continuation +
         e.interrupted;
}

Task<StreamStatus> Link::read(Instant until) {
  const ReadResult got = co_await console_.read_some(buffer_, until);
  if (got.status == StreamStatus::failed) {
    throw RigError(station_, "console", "reading failed", "its cable and adapter");
  }
  // Whatever boots next begins a new line and may be another firmware.
  if (got.status == StreamStatus::closed) begin_anew();
  if (got.status == StreamStatus::ok) {
    decoder_.feed(ByteView(buffer_).first(got.count));
    collect_text();
  }
  co_return got.status;
}

void Link::collect_text() {
  while (auto line = decoder_.next_text_line()) {
    if (parse_banner(*line)) ++boots_seen_;
    if (texts_.size() == smp::LineDecoder::kMaxQueued) texts_.pop_front();
    texts_.push_back(std::move(*line));
  }
}

}  // namespace lockrig::lock
