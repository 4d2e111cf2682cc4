#include "rig/protocol/mpsse.hpp"

#include <algorithm>

namespace lockrig::mpsse {
namespace {

constexpr std::int64_t kClocksPerByte = 8;
constexpr std::int64_t kMaxClockBytes = 65536;

std::uint8_t low_byte(std::int64_t n) { return static_cast<std::uint8_t>(n & 0xff); }
std::uint8_t high_byte(std::int64_t n) {
  return static_cast<std::uint8_t>(n >> 8 & 0xff);
}

}  // namespace

void append_set_low(Bytes& out, Pins pins) {
  out.push_back(op::kSetLow);
  out.push_back(low_byte(pins.value));
  out.push_back(low_byte(pins.direction));
}

void append_set_high(Bytes& out, Pins pins) {
  out.push_back(op::kSetHigh);
  out.push_back(high_byte(pins.value));
  out.push_back(high_byte(pins.direction));
}

void append_sample(Bytes& out) { out.insert(out.end(), {op::kReadLow, op::kReadHigh}); }

void append_clock(Bytes& out, ChipClock clock) {
  out.insert(out.end(),
             {clock.divide_by_5 ? op::kDivideBy5On : op::kDivideBy5Off, op::kDivisor,
              low_byte(clock.divisor), high_byte(clock.divisor)});
}

void append_wait(Bytes& out, std::int64_t clocks) {
  for (std::int64_t whole = clocks / kClocksPerByte; whole > 0;) {
    const std::int64_t part = std::min(whole, kMaxClockBytes);
    out.insert(out.end(), {op::kClockBytes, low_byte(part - 1), high_byte(part - 1)});
    whole -= part;
  }
  if (const std::int64_t rest = clocks % kClocksPerByte; rest > 0) {
    out.push_back(op::kClockBits);
    out.push_back(low_byte(rest - 1));
  }
}

}  // namespace lockrig::mpsse
