#include "rig/core/stream.hpp"

#include <algorithm>
#include <utility>

namespace lockrig {

const char* to_string(StreamStatus status) {
  switch (status) {
    case StreamStatus::ok:
      return "ok";
    case StreamStatus::timed_out:
      return "timed out";
    case StreamStatus::closed:
      return "closed";
    case StreamStatus::failed:
      return "failed";
  }
  return "?";
}

Pipe::Pipe(World& world, Duration byte_period, Duration latency)
    : world_(world),
      byte_period_(byte_period),
      latency_(latency),
      changed_(world),
      timer_(world, "bytes on a line", [this] { arrive(); }) {}

Task<StreamStatus> Pipe::write(ByteView data) {
  if (failed_) co_return StreamStatus::failed;
  if (closed_) co_return StreamStatus::closed;
  const Instant start = std::max(world_.now(), line_free_);
  const Instant end = start + byte_period_ * static_cast<std::int64_t>(data.size());
  line_free_ = end;
  if (watch_) watch_(start, data);
  if (connected_) {
    on_wire_.push_back({start, end, Bytes(data.begin(), data.end())});
    if (!timer_.armed()) timer_.at(end + latency_);
  }
  if (!world_.skip_to(end)) co_await world_.wake_at(end, "the line to take its bytes");
  co_return failed_ ? StreamStatus::failed : StreamStatus::ok;
}

Task<ReadResult> Pipe::read_some(std::span<std::uint8_t> into, Instant until) {
  while (arrived_.empty()) {
    if (failed_) co_return ReadResult{StreamStatus::failed, 0};
    if (closed_ && on_wire_.empty()) co_return ReadResult{StreamStatus::closed, 0};
    const bool in_time = co_await changed_.wait(until, "bytes from a line");
    if (std::exchange(interrupted_, false)) {
      co_return ReadResult{StreamStatus::failed, 0};
    }
    if (!in_time && arrived_.empty()) co_return ReadResult{StreamStatus::timed_out, 0};
  }
  const std::size_t count = std::min(into.size(), arrived_.size() - taken_);
  std::copy_n(arrived_.begin() + static_cast<std::ptrdiff_t>(taken_), count,
              into.begin());
  taken_ += count;
  if (taken_ == arrived_.size()) {
    arrived_.clear();
    taken_ = 0;
  }
  co_return ReadResult{StreamStatus::ok, count};
}

void Pipe::close() {
  closed_ = true;
  changed_.notify();
}

void Pipe::fail() {
  failed_ = true;
  on_wire_.clear();
  timer_.cancel();
  arrived_.clear();
  taken_ = 0;
  changed_.notify();
}

void Pipe::interrupt() {
  interrupted_ = changed_.awaited();
  changed_.notify();
}

void Pipe::connect(bool connected) {
  if (connected_ == connected) return;
  connected_ = connected;
  if (connected) return;
  for (const Run& run : on_wire_) {
    if (run.start >= world_.now() || byte_period_ <= Duration::zero()) continue;
    const auto whole =
        static_cast<std::size_t>((world_.now() - run.start) / byte_period_);
    deliver(ByteView(run.data).first(std::min(whole, run.data.size())));
  }
  on_wire_.clear();
  timer_.cancel();
  line_free_ = world_.now();
}

void Pipe::arrive() {
  while (!on_wire_.empty() && on_wire_.front().end + latency_ <= world_.now()) {
    deliver(on_wire_.front().data);
    on_wire_.pop_front();
  }
  if (!on_wire_.empty()) timer_.at(on_wire_.front().end + latency_);
}

void Pipe::deliver(ByteView data) {
  if (data.empty()) return;
  if (taken_ > 0) {
    arrived_.erase(arrived_.begin(),
                   arrived_.begin() + static_cast<std::ptrdiff_t>(taken_));
    taken_ = 0;
  }
  arrived_.insert(arrived_.end(), data.begin(), data.end());
  changed_.notify();
}

}  // namespace lockrig
