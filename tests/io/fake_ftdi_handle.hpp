// A scripted FTDI device behind a port's seam to libftdi1: a chip that executes its
// commands at once, can vanish at any call, refuse to take bytes, and keeps a log.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "rig/io/ftdi_handle.hpp"
#include "rig/protocol/mpsse.hpp"

namespace lockrig::io {

/// Shared by the test and the handle, which lives on the port's thread.
class FakeDevice {
 public:
  template <class F>
  auto with(F&& use) {
    const std::lock_guard lock(mutex_);
    return use(*this);
  }
  /// Returns once `holds` does; false after 5 s.
  template <class F>
  bool wait(F&& holds) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 5s, [&] { return holds(*this); });
  }
  /// What is held.
  void release() {
    const std::lock_guard lock(mutex_);
    holds_reads = false;
    changed_.notify_all();
  }

  // All below under the lock.

  int calls = 0;
  int vanishes_at = 0;  // the call at which it does; 0 for never
  bool there = true;
  std::string open_refusal;
  std::map<int, int> latency_ms;
  int timer_sticks_at = 0;  // what the timer is whatever is set; 0 for no such fault
  std::size_t room = SIZE_MAX;  // bytes a write takes
  bool silent = false;          // no answers come out
  bool hangs = false;           // a read lasts as long as libusb lets it
  bool holds_reads = false;     // a read lasts until release()
  bool reading = false;
  std::vector<std::string> log;
  Bytes commands;
  Bytes answers;
  std::uint16_t pins = 0x1234;
  bool open = false;

 private:
  friend class FakeHandle;
  std::mutex mutex_;
  std::condition_variable changed_;
};

class FakeHandle final : public FtdiHandle {
 public:
  explicit FakeHandle(std::shared_ptr<FakeDevice> device) : d_(std::move(device)) {}

  void open(const mpsse::Chip&, const std::string& usb_serial, int channel) override {
    const auto lock = call("open " + usb_serial + " " + std::to_string(channel));
    if (!d_->open_refusal.empty()) throw UsbError(d_->open_refusal, "the fake");
    d_->open = true;
  }
  void close() override {
    const std::lock_guard lock(d_->mutex_);
    if (d_->open) d_->log.push_back("close");
    d_->open = false;
    d_->changed_.notify_all();
  }
  void set_latency_ms(int channel, int latency) override {
    const auto lock = call("set latency");
    d_->latency_ms[channel] = d_->timer_sticks_at > 0 ? d_->timer_sticks_at : latency;
  }
  int latency_ms(int channel) override {
    const auto lock = call("latency");
    return d_->latency_ms[channel];
  }
  void set_bit_mode(bool mpsse) override {
    const auto lock = call(mpsse ? "mpsse" : "reset");
  }
  void purge() override {
    const auto lock = call("purge");
    d_->answers.clear();
  }
  std::size_t write(ByteView data, Duration limit) override {
    auto lock = call("write");
    // A full FIFO takes the time that it is given.
    if (d_->room == 0) {
      d_->changed_.wait_for(lock, limit, [&] { return d_->room > 0 || !d_->there; });
    }
    const std::size_t count = std::min(data.size(), d_->room);
    execute(data.first(count));
    return count;
  }
  std::size_t read(std::span<std::uint8_t> into) override {
    auto lock = call("read");
    if (d_->hangs) {
      d_->changed_.wait_for(lock, 300ms, [&] { return !d_->hangs; });
      throw UsbError("did not answer", "the fake");
    }
    d_->reading = true;
    d_->changed_.notify_all();
    d_->changed_.wait(lock, [&] { return !d_->holds_reads; });
    d_->reading = false;
    // The latency timer's time.
    const auto some = [&] { return !d_->answers.empty() && !d_->silent; };
    if (!d_->changed_.wait_for(lock, 1ms, some)) return 0;
    const std::size_t count = std::min(into.size(), d_->answers.size());
    std::copy_n(d_->answers.begin(), count, into.begin());
    d_->answers.erase(d_->answers.begin(),
                      d_->answers.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }

 private:
  std::unique_lock<std::mutex> call(const std::string& what) {
    std::unique_lock lock(d_->mutex_);
    d_->log.push_back(what);
    if (++d_->calls == d_->vanishes_at) d_->there = false;
    d_->changed_.notify_all();
    if (!d_->there) throw UsbError::gone();
    return lock;
  }
  void execute(ByteView data) {
    d_->commands.insert(d_->commands.end(), data.begin(), data.end());
    rest_.insert(rest_.end(), data.begin(), data.end());
    ByteView left = rest_;
    while (const auto command = mpsse::next(left)) {
      using Kind = mpsse::Command::Kind;
      if (command->kind == Kind::read_low) d_->answers.push_back(d_->pins & 0xff);
      if (command->kind == Kind::read_high) d_->answers.push_back(d_->pins >> 8);
      if (command->kind == Kind::bad) {
        d_->answers.push_back(mpsse::op::kBadCommand);
        d_->answers.push_back(command->opcode);
      }
    }
    rest_ = Bytes(left.begin(), left.end());
    d_->changed_.notify_all();
  }

  std::shared_ptr<FakeDevice> d_;
  Bytes rest_;
};

}  // namespace lockrig::io
