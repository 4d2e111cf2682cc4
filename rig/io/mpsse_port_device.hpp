// A port's device as its own two threads and the world's share it. Internal to
// mpsse_port.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "rig/core/error.hpp"
#include "rig/io/mpsse_port.hpp"

namespace lockrig::io {

/// What the world's thread and the device's two share. The coroutines that wait in a
/// port hold it too: what they let go of when they are destroyed is then still there.
class MpssePort::Device : public std::enable_shared_from_this<Device> {
 public:
  struct Call {
    enum class Kind { open, set_bit_mode, write };
    Kind kind;
    BitMode mode = BitMode::reset;
    Bytes data;
    std::size_t sent = 0;
    Instant begun{};
    std::optional<Instant> limit;  // of a dead man's
    bool done = false;
    std::optional<UsbError> failure;
  };

  Device(World& world, Config config, std::unique_ptr<FtdiHandle> handle)
      : world_(world),
        config_(std::move(config)),
        name_(fmt::format("gpio {} {}", config_.chip->name, config_.usb_serial)),
        handle_(std::move(handle)),
        outside_(world.outside()),
        changed_(world) {}

  void start() {
    self_ = weak_from_this();
    commander_ = std::thread([this] { command(); });
    collector_ = std::thread([this] { collect(); });
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return;
      closed_ = true;
      forget_answers();
    }
    work_.notify_one();
    reading_wanted_.notify_one();
    collector_.join();
    commander_.join();
    changed_.notify();
  }

  Task<void> perform(Call::Kind kind, BitMode mode, Bytes data, Label label);
  Task<ReadResult> read(std::span<std::uint8_t> into, Instant until);

  bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  void set_dead_man(Bytes commands, Instant due);
  void keep_pins() {
    const std::lock_guard lock(mutex_);
    keep_pins_ = true;
  }
  Latency latency() const;

 private:
  using Lock = std::unique_lock<std::mutex>;

  /// One reader's presence, withdrawn with its coroutine.
  class Reader {
   public:
    /// Wakes it after poll number `report_at`.
    Reader(Device& device, std::uint64_t report_at) : device_(device) {
      {
        const std::lock_guard lock(device_.mutex_);
        ++device_.readers_;
        device_.report_at_ = std::max(device_.report_at_, report_at);
        device_.next_poll_ = Instant{};
      }
      device_.reading_wanted_.notify_one();
    }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader() {
      const std::lock_guard lock(device_.mutex_);
      --device_.readers_;
    }

   private:
    Device& device_;
  };

  std::size_t take(std::span<std::uint8_t> into);
  void forget_answers() {
    answers_.clear();
    taken_ = 0;
  }

  void command();
  void collect();
  void work(Lock& lock);
  void perform_first(Lock& lock);
  void open(Lock& lock);
  void set_mode(Lock& lock, BitMode mode);
  void write_slice(Lock& lock);
  void poll(Lock& lock);
  void arm_dead_man();
  void finish_first();
  void fail(const UsbError& error, const Call* current);
  void wake();
  void measure(Instant begun);

  /// What the holder of `lock` does of the device with it open.
  template <class F>
  auto unlocked(Lock& lock, F&& use) {
    lock.unlock();
    struct Again {
      Lock& held;
      ~Again() { held.lock(); }
    } again{lock};
    return use();
  }

  /// The same, with no poll under way meanwhile.
  template <class F>
  void alone(Lock& lock, F&& use) {
    alone_ = true;
    poll_over_.wait(lock, [&] { return !polling_; });
    struct Over {
      Device& device;
      ~Over() {
        device.alone_ = false;
        device.reading_wanted_.notify_one();
      }
    } over{*this};
    unlocked(lock, use);
  }

  RigError error(const UsbError& usb) const {
    std::string what = usb.what();
    if (gone_since_ && clock_.now() - *gone_since_ >= 100ms) {
      what +=
          fmt::format(" (gone for {:.1f} s)", to_seconds(clock_.now() - *gone_since_));
    }
    return RigError(config_.station, name_, what, usb.check());
  }
  void check() const {
    if (failure_) throw error(*failure_);
    if (!opened_) {
      throw std::invalid_argument("station " + config_.station + ", " + name_ +
                                  ": not open");
    }
  }

  World& world_;
  const Config config_;
  const std::string name_;
  const std::unique_ptr<FtdiHandle> handle_;  // used by the two threads alone
  boost::asio::io_context& outside_;
  std::weak_ptr<Device> self_;
  const Clock clock_{Pace::wall};  // their own: the world's is not for them
  Signal changed_;                 // used by the world's thread alone

  mutable std::mutex mutex_;                // guards all below
  std::condition_variable work_;            // for command()
  std::condition_variable reading_wanted_;  // for collect()
  std::condition_variable poll_over_;
  std::deque<std::shared_ptr<Call>> calls_;
  Bytes answers_;
  std::size_t taken_ = 0;
  int readers_ = 0;
  std::uint64_t polls_ = 0;      // that have ended
  std::uint64_t report_at_ = 0;  // the poll that a reader wants to hear of
  int empty_polls_ = 0;
  Instant next_poll_{};
  bool polling_ = false;
  bool alone_ = false;                    // command() wants no poll
  std::optional<UsbError> poll_failure_;  // for command() to act upon
  Bytes dead_man_;
  Instant dead_man_due_ = kNever;
  bool opened_ = false;
  bool closed_ = false;
  bool keep_pins_ = false;
  std::optional<UsbError> failure_;
  std::optional<Instant> gone_since_;
  std::vector<float> latencies_us_;
  std::size_t writes_ = 0;
  double longest_us_ = 0;

  std::thread commander_;
  std::thread collector_;
};

}  // namespace lockrig::io
