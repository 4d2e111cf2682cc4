#include "rig/io/ft4232h_pair.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "rig/protocol/mpsse.hpp"

namespace lockrig::io {
namespace {

using Kind = mpsse::Command::Kind;

bool waits_for_gpiol1(Kind kind) {
  switch (kind) {
    case Kind::wait_gpiol1_high:
    case Kind::wait_gpiol1_low:
    case Kind::clock_until_high:
    case Kind::clock_until_low:
    case Kind::clock_bytes_until_high:
    case Kind::clock_bytes_until_low:
      return true;
    default:
      return false;
  }
}

}  // namespace

void Ft4232hSplit::split(ByteView commands, Bytes& low, Bytes& high) {
  Bytes joined = rest_;
  joined.insert(joined.end(), commands.begin(), commands.end());
  ByteView left = joined;
  while (const auto command = mpsse::next(left)) {
    if (waits_for_gpiol1(command->kind)) {
      throw std::invalid_argument(
          "the two channels of an FT4232H cannot wait for GPIOL1 together");
    }
  }
  rest_.assign(left.begin(), left.end());

  left = joined;
  for (;;) {
    const ByteView before = left;
    const auto command = mpsse::next(left);
    if (!command) return;
    const ByteView bytes = before.first(before.size() - left.size());
    switch (command->kind) {
      case Kind::set_low:
        low.insert(low.end(), bytes.begin(), bytes.end());
        break;
      case Kind::set_high:
        high.insert(high.end(),
                    {mpsse::op::kSetLow, command->value, command->direction});
        break;
      case Kind::read_low:
        low.push_back(mpsse::op::kReadLow);
        order_.push_back({From::low});
        break;
      case Kind::read_high:
        high.push_back(mpsse::op::kReadLow);
        order_.push_back({From::high});
        break;
      default:
        low.insert(low.end(), bytes.begin(), bytes.end());
        high.insert(high.end(), bytes.begin(), bytes.end());
        if (command->kind == Kind::bad) {
          order_.push_back({From::both, command->opcode});
        }
        break;
    }
  }
}

bool Ft4232hSplit::wants_high() const {
  if (order_.empty()) return false;
  const From from = order_.front().from;
  return from == From::both ? low_.size() >= 2 : from == From::high;
}

std::size_t Ft4232hSplit::merge(std::span<std::uint8_t> into) {
  std::size_t count = 0;
  const auto move_one = [&](std::deque<std::uint8_t>& from) {
    into[count++] = from.front();
    from.pop_front();
  };
  while (count < into.size()) {
    if (order_.empty()) {
      if (low_.empty() && high_.empty()) break;
      move_one(low_.empty() ? high_ : low_);
      continue;
    }
    const Answer next = order_.front();
    if (next.from == From::both) {
      if (low_.size() < 2 || high_.size() < 2 || into.size() - count < 2) break;
      // The caller must see the answer that is wrong, if one is.
      const bool low_is_right =
          low_[0] == mpsse::op::kBadCommand && low_[1] == next.opcode;
      auto& seen = low_is_right ? high_ : low_;
      auto& other = low_is_right ? low_ : high_;
      other.erase(other.begin(), other.begin() + 2);
      move_one(seen);
      move_one(seen);
    } else {
      auto& from = next.from == From::low ? low_ : high_;
      if (from.empty()) break;
      move_one(from);
    }
    order_.pop_front();
  }
  return count;
}

Ft4232hPair::Ft4232hPair(World& world, FtdiChannel& low, FtdiChannel& high)
    : world_(world), low_(low), high_(high), high_ended_(world) {}

Task<StreamStatus> Ft4232hPair::write(ByteView data) {
  Bytes low;
  Bytes high;
  split_.split(data, low, high);
  high_busy_ = !high.empty();
  high_status_ = StreamStatus::ok;
  high_failure_ = nullptr;
  if (high_busy_) {
    if (life_ == nullptr) life_ = std::make_unique<Life>(world_, "FT4232H channel B");
    life_->spawn(write_high(std::move(high)));
  }
  StreamStatus status = StreamStatus::ok;
  std::exception_ptr failure;
  try {
    if (!low.empty()) status = co_await low_.write(low);
  } catch (...) {
    failure = std::current_exception();
  }
  while (high_busy_) {
    co_await high_ended_.wait(kNever, "channel B of the FT4232H to take commands");
  }
  if (failure) std::rethrow_exception(failure);
  if (high_failure_) std::rethrow_exception(high_failure_);
  co_return status != StreamStatus::ok ? status : high_status_;
}

Task<void> Ft4232hPair::write_high(Bytes data) {
  try {
    high_status_ = co_await high_.write(data);
  } catch (...) {
    high_failure_ = std::current_exception();
  }
  high_busy_ = false;
  high_ended_.notify();
}

Task<ReadResult> Ft4232hPair::read_some(std::span<std::uint8_t> into, Instant until) {
  std::array<std::uint8_t, 512> buffer;
  for (;;) {
    if (const std::size_t count = split_.merge(into); count > 0) {
      co_return ReadResult{StreamStatus::ok, count};
    }
    const bool from_high = split_.wants_high();
    FtdiChannel& channel = from_high ? high_ : low_;
    const ReadResult read = co_await channel.read_some(buffer, until);
    if (read.status != StreamStatus::ok) co_return read;
    const ByteView answers = ByteView(buffer).first(read.count);
    if (from_high) {
      split_.take_high(answers);
    } else {
      split_.take_low(answers);
    }
  }
}

Task<void> Ft4232hPair::set_bit_mode(BitMode mode) {
  world_.end(std::move(life_));
  high_busy_ = false;
  high_ended_.notify();
  split_.reset();
  // One that fails does not keep the other from letting go of its pins.
  std::exception_ptr failure;
  try {
    co_await low_.set_bit_mode(mode);
  } catch (...) {
    failure = std::current_exception();
  }
  co_await high_.set_bit_mode(mode);
  if (failure) std::rethrow_exception(failure);
}

void Ft4232hPair::dead_man(Bytes commands, Instant due) {
  Ft4232hSplit own;
  Bytes low;
  Bytes high;
  own.split(commands, low, high);
  if (own.expects_answers()) {
    throw std::invalid_argument("a dead man's commands have no answers");
  }
  low_.dead_man(std::move(low), due);
  high_.dead_man(std::move(high), due);
}

void Ft4232hPair::close() {
  low_.close();
  high_.close();
}

}  // namespace lockrig::io
