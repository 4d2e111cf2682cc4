#include "rig/station/console.hpp"

#include <algorithm>

#include "rig/core/error.hpp"

namespace lockrig::station {

Console::Console(World& world, ByteStream& stream, const std::string& station,
                 Duration byte_period)
    : world_(world),
      stream_(stream),
      station_(station),
      byte_period_(byte_period),
      in_(world.trace().channel(station + "/console_in")),
      out_(world.trace().channel(station + "/console_out")),
      changed_(world),
      life_(world, station + " console") {
  life_.spawn(listen());
}

void Console::fail(StreamStatus status, std::exception_ptr thrown) {
  broken_ = status;
  thrown_ = thrown;
  if (!first_failure_ && status == StreamStatus::failed) {
    first_failure_ =
        thrown ? thrown
               : std::make_exception_ptr(RigError(station_, "console", "reading failed",
                                                  "its cable and adapter"));
  }
  changed_.notify();
}

Task<void> Console::listen() {
  for (;;) {
    ReadResult read{StreamStatus::failed, 0};
    std::exception_ptr thrown;
    try {
      read = co_await stream_.read_some(buffer_, kNever);
    } catch (const RigError&) {
      thrown = std::current_exception();
    }
    if (read.status != StreamStatus::ok) {
      fail(read.status, thrown);
      if (read.status == StreamStatus::closed) co_return;
      co_await world_.sleep_for(kRetry, "the console to come back");
      continue;
    }
    broken_.reset();
    thrown_ = nullptr;
    const auto bytes = ByteView(buffer_).first(read.count);
    const Duration length = byte_period_ * static_cast<std::int64_t>(read.count);
    world_.trace().bytes(in_, world_.now() - length, byte_period_, bytes);
    arrived_.insert(arrived_.end(), bytes.begin(), bytes.end());
    if (heard_) heard_(bytes);
    changed_.notify();
  }
}

Task<ReadResult> Console::read_some(std::span<std::uint8_t> into, Instant until) {
  while (arrived_.empty()) {
    if (thrown_) std::rethrow_exception(thrown_);
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
  StreamStatus status = StreamStatus::failed;
  std::exception_ptr thrown;
  try {
    status = co_await stream_.write(data);
  } catch (const RigError&) {
    thrown = std::current_exception();
  }
  if (status == StreamStatus::ok && broken_ != StreamStatus::closed) {
    broken_.reset();
    thrown_ = nullptr;
  } else if (status == StreamStatus::failed) {
    fail(status, thrown);
  }
  if (thrown) std::rethrow_exception(thrown);
  co_return status;
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
