#include "tests/benchmark/hardware_path/log_listener.hpp"

#include <time.h>

#include "rig/core/world.hpp"
#include "tests/benchmark/hardware_path/console_at.hpp"

namespace lockrig::hardware_path {
namespace {

double thread_us() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 +
         static_cast<double>(time.tv_nsec) * 1e-3;
}

}  // namespace

LogListener::LogListener(const std::string& path)
    : port_(world_, console_at(path)), console_(world_, port_, "S") {
  console_.set_live(true);
}

Window LogListener::hear(std::size_t bytes) {
  return world_.run(listen(bytes), 10min, "a part of a log");
}

Task<Window> LogListener::listen(std::size_t bytes) {
  Window window;
  const Instant begun = world_.now();
  while (window.bytes < bytes) {
    const double before = thread_us();
    const ReadResult read = co_await console_.read_some(buffer_, world_.now() + 2s);
    if (read.status != StreamStatus::ok) break;
    const ByteView got = ByteView(buffer_).first(read.count);
    if (watch_.feed(got)) matched_ = true;
    window.us += thread_us() - before;
    window.bytes += read.count;
    ++window.reads;
    if (!said_.continues(got)) ++wrong_;
  }
  received_ += window.bytes;
  reads_ += window.reads;
  took_ += world_.now() - begun;
  co_return window;
}

}  // namespace lockrig::hardware_path
