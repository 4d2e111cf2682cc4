// Bytes and time, as every layer speaks of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

namespace lockrig {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// All time is nanoseconds: the finest step of an FTDI chip (60 MHz) is 16.7 ns.
using Duration = std::chrono::nanoseconds;

/// The clock of one World. It has no now(): the time is asked of the World alone, so
/// that no code can reach for the host's clock by accident.
struct WorldClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<WorldClock>;
  static constexpr bool is_steady = true;
};

/// A moment in one World, counted from the world's start.
using Instant = WorldClock::time_point;

/// A moment that never comes: the deadline of a wait that has none.
inline constexpr Instant kNever = Instant::max();

using namespace std::chrono_literals;

/// Seconds as Python and the journal count them.
constexpr double to_seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}
constexpr double to_seconds(Instant t) { return to_seconds(t.time_since_epoch()); }
constexpr Duration from_seconds(double s) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(s));
}

}  // namespace lockrig
