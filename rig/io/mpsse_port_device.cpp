// What the world's thread does of a port's device; the rest is in
// mpsse_port_thread.cpp.
#include "rig/io/mpsse_port_device.hpp"

#include <algorithm>

namespace lockrig::io {

Task<void> MpssePort::Device::perform(Call::Kind kind, BitMode mode, Bytes data,
                                      Label label) {
  const auto self = shared_from_this();
  const auto call = std::make_shared<Call>();
  call->kind = kind;
  call->mode = mode;
  call->data = std::move(data);
  call->begun = clock_.now();
  {
    const std::lock_guard lock(mutex_);
    if (kind != Call::Kind::open) check();
    if (kind != Call::Kind::write) {
      // Reset drops commands that have not begun, here as in the chip.
      for (const auto& each : calls_) each->done = true;
      calls_.clear();
      dead_man_.clear();
      dead_man_due_ = kNever;
    }
    calls_.push_back(call);
    empty_polls_ = 0;
    next_poll_ = Instant{};
  }
  work_.notify_one();
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (call->done || closed_) break;
    }
    co_await changed_.wait(kNever, label);
  }
  const std::lock_guard lock(mutex_);
  if (call->failure) throw error(*call->failure);
}

Task<ReadResult> MpssePort::Device::read(std::span<std::uint8_t> into, Instant until) {
  const auto self = shared_from_this();
  std::optional<Reader> reader;
  std::uint64_t look = 0;
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) co_return ReadResult{StreamStatus::closed, 0};
      check();
      if (!answers_.empty()) co_return ReadResult{StreamStatus::ok, take(into)};
      // Every reader is owed a look at the chip, also one that has no time; one under
      // way may have begun before what the reader expects was written.
      if (!reader) look = polls_ + (polling_ ? 2 : 1);
      const bool looked = reader && polls_ >= look;
      if (looked && world_.now() >= until) {
        co_return ReadResult{StreamStatus::timed_out, 0};
      }
    }
    if (!reader) reader.emplace(*this, until == kNever ? 0 : look);
    const Instant limit = world_.now() < until ? until : kNever;
    co_await changed_.wait(limit, "the FTDI chip's answer");
  }
}

std::size_t MpssePort::Device::take(std::span<std::uint8_t> into) {
  const std::size_t count = std::min(into.size(), answers_.size() - taken_);
  std::copy_n(answers_.begin() + static_cast<std::ptrdiff_t>(taken_), count,
              into.begin());
  taken_ += count;
  if (taken_ == answers_.size()) forget_answers();
  return count;
}

void MpssePort::Device::set_dead_man(Bytes commands, Instant due) {
  // A day is as good as never, and cannot overflow.
  const Duration rest = std::clamp<Duration>(due - world_.now(), Duration::zero(),
                                             std::chrono::hours(24));
  {
    const std::lock_guard lock(mutex_);
    if (!opened_ || failure_ || closed_) return;
    dead_man_ = std::move(commands);
    dead_man_due_ = dead_man_.empty() ? kNever : clock_.now() + rest;
  }
  work_.notify_one();
}

MpssePort::Latency MpssePort::Device::latency() const {
  Latency all;
  std::vector<float> sorted;
  {
    const std::lock_guard lock(mutex_);
    sorted = latencies_us_;
    all.count = writes_;
    all.max_us = longest_us_;
  }
  if (sorted.empty()) return all;
  std::sort(sorted.begin(), sorted.end());
  all.p50_us = sorted[(sorted.size() - 1) / 2];
  all.p99_us = sorted[(sorted.size() - 1) * 99 / 100];
  return all;
}

}  // namespace lockrig::io
