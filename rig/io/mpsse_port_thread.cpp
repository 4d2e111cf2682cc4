// What a port's own threads do: one gives the device commands, one collects answers, so
// that a command need not wait for an answer under way. All of it runs there, with the
// lock held but for the calls to the device.
#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>

#include "rig/io/mpsse_port_device.hpp"

namespace lockrig::io {

void MpssePort::Device::command() {
  Lock lock(mutex_);
  while (!closed_) {
    const bool reading_failed = poll_failure_.has_value();
    const std::shared_ptr<Call> current =
        reading_failed || calls_.empty() ? nullptr : calls_.front();
    try {
      work(lock);
    } catch (const UsbError& error) {
      alone(lock, [&] { handle_->close(); });
      fail(error, current.get());
    }
  }
  const bool reset = opened_ && !failure_ && !keep_pins_;
  for (const auto& each : calls_) each->done = true;
  calls_.clear();
  alone(lock, [&] {
    try {
      if (reset) handle_->set_bit_mode(false);
    } catch (const UsbError&) {
      // It is gone, and its pins with it: there is nobody left to tell.
    }
    handle_->close();
  });
}

void MpssePort::Device::work(Lock& lock) {
  if (poll_failure_) throw UsbError(*poll_failure_);
  arm_dead_man();
  if (!calls_.empty()) {
    if (calls_.front()->kind == Call::Kind::write) {
      write_slice(lock);
    } else {
      perform_first(lock);
    }
  } else if (dead_man_due_ == kNever) {
    work_.wait(lock);
  } else {
    work_.wait_for(lock, dead_man_due_ - clock_.now());
  }
}

void MpssePort::Device::collect() {
  Lock lock(mutex_);
  while (!closed_) {
    const bool wanted = readers_ > 0 && answers_.empty() && opened_ && !failure_ &&
                        !poll_failure_ && !alone_;
    const Instant now = clock_.now();
    if (!wanted) {
      reading_wanted_.wait(lock);
    } else if (next_poll_ > now) {
      reading_wanted_.wait_for(lock, next_poll_ - now);
    } else {
      poll(lock);
    }
  }
}

void MpssePort::Device::perform_first(Lock& lock) {
  const std::shared_ptr<Call> call = calls_.front();
  if (call->kind == Call::Kind::open) {
    open(lock);
  } else {
    set_mode(lock, call->mode);
  }
  // Another reset may have dropped it meanwhile.
  if (!calls_.empty() && calls_.front() == call) finish_first();
}

void MpssePort::Device::open(Lock& lock) {
  opened_ = true;
  alone(lock, [&] {
    handle_->close();
    handle_->open(*config_.chip, config_.usb_serial, config_.channel);
    handle_->set_bit_mode(false);
    handle_->purge();
    constexpr int kMs = static_cast<int>(kLatency / 1ms);
    for (int i = 0; i < static_cast<int>(config_.chip->channels.size()); ++i) {
      handle_->set_latency_ms(i, kMs);
      if (const int is = handle_->latency_ms(i); is != kMs) {
        throw UsbError(
            fmt::format("its latency timer of channel {} is {} ms, set to {}",
                        config_.chip->channels[static_cast<std::size_t>(i)].letter, is,
                        kMs),
            "that the chip is a genuine " + std::string(config_.chip->name));
      }
    }
  });
  failure_.reset();
  poll_failure_.reset();  // of a read that open() waited for
  gone_since_.reset();
  forget_answers();
}

void MpssePort::Device::set_mode(Lock& lock, BitMode mode) {
  alone(lock, [&] {
    handle_->set_bit_mode(mode == BitMode::mpsse);
    handle_->purge();
  });
  forget_answers();
}

void MpssePort::Device::write_slice(Lock& lock) {
  const std::shared_ptr<Call> call = calls_.front();
  const ByteView rest = ByteView(call->data).subspan(call->sent);
  const std::size_t sent =
      rest.empty() ? 0
                   : unlocked(lock, [&] { return handle_->write(rest, kWriteSlice); });
  call->sent += sent;
  if (calls_.empty() || calls_.front() != call) return;  // dropped meanwhile
  if (call->sent == call->data.size()) {
    if (!call->limit) measure(call->begun);
    finish_first();
    return;
  }
  const Instant now = clock_.now();
  const bool late = std::any_of(calls_.begin(), calls_.end(), [&](const auto& each) {
    return each->limit && now > *each->limit;
  });
  if (!late) return;
  alone(lock, [&] { handle_->set_bit_mode(false); });
  throw UsbError("took no commands, and was reset to let go of its outputs",
                 "what GPIOL1 waits for, and the length of what is queued");
}

void MpssePort::Device::poll(Lock& lock) {
  std::array<std::uint8_t, 4096> buffer;
  std::size_t count = 0;
  polling_ = true;
  try {
    count = unlocked(lock, [&] { return handle_->read(buffer); });
  } catch (const UsbError& error) {
    poll_failure_ = error;
    work_.notify_one();
  }
  polling_ = false;
  poll_over_.notify_one();
  if (poll_failure_) return;
  ++polls_;
  if (count > 0) {
    answers_.insert(answers_.end(), buffer.begin(),
                    buffer.begin() + static_cast<std::ptrdiff_t>(count));
    empty_polls_ = 0;
    wake();
    return;
  }
  if (polls_ == report_at_) wake();
  // 0, 0, 125 us, 250 us ... : what answers soon is asked at once.
  const int step = std::min(empty_polls_++, 8);
  const Duration pause =
      step < 2 ? Duration::zero() : Duration(125us) * (1 << (step - 2));
  next_poll_ = clock_.now() + std::min<Duration>(pause, kLongestPause);
}

/// Puts the dead man's commands in front of every write that has not begun.
void MpssePort::Device::arm_dead_man() {
  if (clock_.now() < dead_man_due_) return;
  const auto call = std::make_shared<Call>();
  call->kind = Call::Kind::write;
  call->data = std::exchange(dead_man_, {});
  call->limit = dead_man_due_ + kDeadManPatience;
  dead_man_due_ = kNever;
  const bool under_way = !calls_.empty() && calls_.front()->sent > 0;
  calls_.insert(calls_.begin() + (under_way ? 1 : 0), call);
}

void MpssePort::Device::finish_first() {
  calls_.front()->done = true;
  calls_.pop_front();
  wake();
}

void MpssePort::Device::fail(const UsbError& error, const Call* current) {
  using Kind = Call::Kind;
  std::string what = error.what();
  if (current == nullptr) {
    what += " while reading";
  } else if (current->kind == Kind::write) {
    what += " while writing";
  } else if (current->kind == Kind::set_bit_mode) {
    what += " while setting the bit mode";
  } else if (error.vanished()) {
    what += " while opening it";
  }
  if (error.vanished() && !gone_since_) gone_since_ = clock_.now();
  failure_ = UsbError(what, error.check(), error.vanished());
  poll_failure_.reset();
  // An open() asked for meanwhile has its own chance.
  std::erase_if(calls_, [&](const auto& each) {
    if (each->kind == Kind::open && each.get() != current) return false;
    each->failure = failure_;
    each->done = true;
    return true;
  });
  forget_answers();
  dead_man_.clear();
  dead_man_due_ = kNever;
  wake();
}

/// The world's thread may be past the port by the time it comes to this.
void MpssePort::Device::wake() {
  boost::asio::post(outside_, [self = self_] {
    if (const auto alive = self.lock()) alive->changed_.notify();
  });
}

void MpssePort::Device::measure(Instant begun) {
  const double us = to_seconds(clock_.now() - begun) * 1e6;
  longest_us_ = std::max(longest_us_, us);
  if (latencies_us_.size() < kMeasured) {
    latencies_us_.push_back(static_cast<float>(us));
  } else {
    latencies_us_[writes_ % kMeasured] = static_cast<float>(us);
  }
  ++writes_;
}

}  // namespace lockrig::io
