#include "rig/station/console.hpp"

#include <algorithm>

namespace lockrig::station {

Console::Console(World& world, ByteStream& stream, const std::string& station,
                 Duration byte_period)
    : world_(world),
      stream_(stream),
      byte_period_(byte_period),
      in_(world.trace().channel(station + "/console_in")),
      out_(world.trace().channel(station + "/console_out")),
      changed_(world),
      life_(world, station + " console") {
  life_.spawn(listen());
}

Task<void> Console::listen() {
  for (;;) {
    const ReadResult read = co_await stream_.read_some(buffer_, kNever);
    if (read.status != StreamStatus::ok) {
      broken_ = read.status;
      changed_.notify();
      co_return;
    }
    const auto bytes = ByteView(buffer_).first(read.count);
    const Duration length = byte_period_ * static_cast<std::int64_t>(read.count);
    world_.trace().bytes(in_, world_.now() - length, byte_period_, bytes);
    arrived_.insert(arrived_.end(), bytes.begin(), bytes.end());
    changed_.notify();
  }
}

Task<ReadResult> Console::read_some(std::span<std::uint8_t> into, Instant until) {
  while (arrived_.empty()) {
    if (broken_) co_return ReadResult{*broken_, 0};
    if (!live_) co_return ReadResult{StreamStatus::closed, 0};
    if (!co_await changed_.wait(until, "bytes from the console") && arrived_.empty()) {
      co_return ReadResult{StreamStatus::timed_out, 0};
    }
  }
  const std::size_t count = std::min(into.size(), arrived_.size() - taken_);
  std::copy_n(arrived_.begin() + static_cast<std::ptrdiff_t>(taken_), count,
              into.begin());
  taken_ += count;
  if (taken_ == arrived_.size()) discard();
  co_return ReadResult{StreamStatus::ok, count};
}

Task<StreamStatus> Console::write(ByteView data) {
  if (!live_) co_return StreamStatus::closed;
  world_.trace().bytes(out_, world_.now(), byte_period_, data);
  co_return co_await stream_.write(data);
}

void Console::set_live(bool live) {
  live_ = live;
  changed_.notify();
}

void Console::discard() {
  arrived_.clear();
  taken_ = 0;
}

}  // namespace lockrig::station
