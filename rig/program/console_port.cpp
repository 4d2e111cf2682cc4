#include "rig/program/console_port.hpp"

#include <algorithm>

namespace lockrig::program {

void ConsolePort::connect(std::unique_ptr<ByteStream> stream) {
  world_.end(std::move(life_));
  stream_ = std::move(stream);
  hears_ = true;
  life_ = std::make_unique<Life>(world_, "console of a program");
  life_->spawn(carry(stream_));
}

Task<void> ConsolePort::carry(std::shared_ptr<ByteStream> from) {
  std::uint8_t buffer[4096];
  for (;;) {
    const ReadResult read = co_await from->read_some(buffer, kNever);
    if (read.status != StreamStatus::ok) co_return;
    has_spoken_ = true;
    while (arrived_.size() >= io::FdStream::kLimit) {
      co_await taken_.wait(kNever, "the console to be read");
    }
    arrived_.insert(arrived_.end(), buffer, buffer + read.count);
    changed_.notify();
  }
}

Task<ReadResult> ConsolePort::read_some(std::span<std::uint8_t> into, Instant until) {
  interrupted_ = false;
  for (bool in_time = true;; in_time = co_await changed_.wait(until, "the console")) {
    if (!arrived_.empty()) {
      const std::size_t count = std::min(into.size(), arrived_.size());
      std::copy_n(arrived_.begin(), count, into.begin());
      arrived_.erase(arrived_.begin(),
                     arrived_.begin() + static_cast<std::ptrdiff_t>(count));
      taken_.notify();
      co_return ReadResult{StreamStatus::ok, count};
    }
    if (closed_) co_return ReadResult{StreamStatus::closed, 0};
    if (interrupted_) co_return ReadResult{StreamStatus::failed, 0};
    if (!in_time) co_return ReadResult{StreamStatus::timed_out, 0};
  }
}

Task<StreamStatus> ConsolePort::write(ByteView data) {
  if (closed_) co_return StreamStatus::closed;
  if (!hears_) co_return StreamStatus::ok;
  const std::shared_ptr<ByteStream> to = stream_;
  co_await to->write(data);  // a program that ends meanwhile hears no more
  co_return StreamStatus::ok;
}

void ConsolePort::close() {
  closed_ = true;
  changed_.notify();
}

void ConsolePort::interrupt() {
  interrupted_ = true;
  changed_.notify();
}

}  // namespace lockrig::program
