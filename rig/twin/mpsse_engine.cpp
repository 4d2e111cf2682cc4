#include "rig/twin/mpsse_engine.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

namespace lockrig::twin {
namespace {

using mpsse::Command;
using Kind = Command::Kind;

constexpr std::size_t kSetBytes = 3;
constexpr int kReadsInGroup = 8;
/// Enough for one wait of append_wait(). A group leaves the FIFO as a whole: few waits
/// keep the moment exact at which a writer finds room.
constexpr int kWaitsInGroup = 2;

/// How often the first `length` bytes are repeated right behind themselves, at most
/// `limit` times.
std::size_t repeats(ByteView stream, std::size_t length, std::size_t limit) {
  const std::uint8_t* const a = stream.data();
  const std::uint8_t* const b = a + length;
  const std::size_t behind = stream.size() - length;
  const std::size_t compare = limit < behind / length ? limit * length : behind;
  const std::size_t whole = compare - compare % length;
  if (std::memcmp(a, b, whole) == 0) return whole / length;
  std::size_t same = 0;
  while (same + 8 <= compare && std::memcmp(a + same, b + same, 8) == 0) same += 8;
  while (same < compare && a[same] == b[same]) ++same;
  return same / length;
}

/// Of the wait that begins with this opcode; 0 for anything else.
std::size_t wait_bytes(std::uint8_t opcode) {
  return opcode == mpsse::op::kClockBits ? 2 : opcode == mpsse::op::kClockBytes ? 3 : 0;
}

bool is_read_at(const std::uint8_t* at, const std::uint8_t* end) {
  return at < end && (*at == mpsse::op::kReadLow || *at == mpsse::op::kReadHigh);
}

}  // namespace

void MpsseEngine::reset() {
  commands_.clear();
  head_ = 0;
  taken_ = given_ = 0;
  flushed_ = false;
  block_ = Block::commands;
  set_clock({.divide_by_5 = true, .divisor = 0});
  outputs_ = {};
  clocking_since_.reset();
  clocking_until_ = kNever;
  pause_bytes_ = 0;
  run_.clear();
  current_ = 0;
  history_.clear();
}

void MpsseEngine::push(ByteView commands) {
  if (head_ > kFifoBytes) {
    commands_.erase(commands_.begin(),
                    commands_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
  commands_.insert(commands_.end(), commands.begin(), commands.end());
}

void MpsseEngine::drop_commands(Instant now) {
  settle(now);
  commands_.clear();
  head_ = 0;
  clocking_since_.reset();
  clocking_until_ = kNever;
  pause_bytes_ = 0;
  run_.clear();
  current_ = 0;
  history_.clear();
  start_ = now;
  ticks_ = 0;
  block_ = Block::commands;
}

void MpsseEngine::drop_answers(Instant now) {
  settle(now);
  taken_ = given_ = 0;
  flushed_ = false;
}

Instant MpsseEngine::advance(Instant now, bool skips) {
  settle(now);
  // The chip stood still until now; a wait that counts clocks did not.
  if (block_ != Block::none && !clocking_since_ && time_of(ticks_) < now) {
    start_ = now;
    ticks_ = 0;
  }
  block_ = Block::none;
  while (!busy() && block_ == Block::none) {
    set_and_pause(now, skips);
    if (busy()) break;
    if (queued() == 0) {
      block_ = Block::commands;
      break;
    }
    // Ends every exchange: nothing to plan for.
    if (commands_[head_] == mpsse::op::kFlush) {
      flushed_ = true;
      consume(1);
      continue;
    }
    plan();
    if (run_.empty()) {
      block_ = execute(now);
    } else {
      settle(now);
    }
  }
  if (block_ != Block::none) flushed_ = true;
  return next_wake();
}

Instant MpsseEngine::next_wake() const {
  if (pause_bytes_ > 0) return pause_until_;
  if (run_.empty()) return block_ == Block::gpiol1 ? clocking_until_ : kNever;
  if (queued() > kFifoBytes) {
    std::size_t excess = queued() - kFifoBytes;
    for (std::size_t i = current_; i < run_.size(); ++i) {
      const Group& group = run_[i];
      const auto groups =
          static_cast<std::int64_t>((excess + group.bytes - 1) / group.bytes);
      if (groups <= group.count) {
        return time_of(group.first + (groups - 1) * group.period);
      }
      excess -= static_cast<std::size_t>(group.count) * group.bytes;
    }
  }
  return time_of(run_end_);
}

inline mpsse::Pins MpsseEngine::outputs_after(bool high, std::uint8_t value,
                                              std::uint8_t direction) const {
  const int shift = high ? 8 : 0;
  const auto put = [shift](std::uint16_t pins, int byte) {
    return static_cast<std::uint16_t>((pins & ~(0xff << shift)) | byte << shift);
  };
  return {put(outputs_.value, value & direction), put(outputs_.direction, direction)};
}

/// What plan() and execute() would do with sets that change the outputs, and with waits
/// in front of them, where a run ends in any case. All that follow each other, for they
/// come by the hundred: a key is shifted in bit by bit. What else is there stays.
void MpsseEngine::set_and_pause(Instant& now, bool skips) {
  for (;;) {
    const std::uint8_t* const stream = commands_.data() + head_;
    const std::size_t size = queued();
    const std::size_t wait = size > 0 ? wait_bytes(stream[0]) : 0;
    if (size < wait + kSetBytes) return;
    const std::uint8_t* const set = stream + wait;
    const bool high = set[0] == mpsse::op::kSetHigh;
    if (!high && set[0] != mpsse::op::kSetLow) return;
    const mpsse::Pins to = outputs_after(high, set[1], set[2]);
    if (to == outputs_) return;
    if (wait > 0) {
      const std::int64_t end = ticks_ + mpsse::clocks_of(stream) * ticks_per_clock_;
      const Instant until = time_of(end);
      // Flushed answers reach the host before the clock moves.
      if (now < until) {
        if (!skips || flushed_ || !skip_(until)) {
          pause_bytes_ = wait;
          pause_end_ = end;
          settle_at_ = pause_until_ = until;
          return;
        }
        now = until;
      }
      ticks_ = end;
    }
    outputs_ = to;
    consume(wait + kSetBytes);
    drive_(to);
  }
}

/// The equal groups that the stream begins with, of waits and reads as a rig sends
/// them; no bytes when it begins with something else.
MpsseEngine::Group MpsseEngine::group_at(ByteView stream, std::size_t space) const {
  const std::uint8_t* at = stream.data();
  const std::uint8_t* const end = at + stream.size();
  const auto most = static_cast<int>(std::min<std::size_t>(kReadsInGroup, space));
  std::int64_t clocks = 0;
  int waits = 0;
  Group group{.first = 0, .period = 0, .count = 1, .bytes = 0, .reads = 0, .high = 0};
  for (; waits < kWaitsInGroup && at != end; ++waits) {
    const std::size_t bytes = wait_bytes(*at);
    if (bytes == 0 || bytes > static_cast<std::size_t>(end - at)) break;
    // Without reads behind them, one wait is a group.
    if (waits == 1 && (most == 0 || !is_read_at(at + bytes, end))) break;
    clocks += mpsse::clocks_of(at);
    at += bytes;
  }
  for (; group.reads < most && is_read_at(at, end); ++at) {
    if (*at == mpsse::op::kReadHigh) group.high |= 1u << group.reads;
    ++group.reads;
  }
  group.bytes = static_cast<std::size_t>(at - stream.data());
  group.period = clocks * ticks_per_clock_;
  return group;
}

void MpsseEngine::plan() {
  ByteView stream = rest();
  std::int64_t tick = ticks_;
  std::size_t space = room();
  // A flush ends every exchange.
  while (!stream.empty() && stream[0] != mpsse::op::kFlush) {
    Group group = group_at(stream, space);
    if (group.bytes == 0) {
      ByteView behind = stream;
      const std::optional<Command> command = mpsse::next(behind);
      mpsse::Pins to;
      if (!command || !(change_clock(*command) || !changes_outputs(*command, to))) {
        break;
      }
      group.bytes = stream.size() - behind.size();
    } else if (group.reads > 0) {
      const std::size_t fit = space / static_cast<std::size_t>(group.reads);
      group.count += static_cast<std::int64_t>(repeats(stream, group.bytes, fit - 1));
      space -= static_cast<std::size_t>(group.count * group.reads);
    }
    group.first = tick + group.period;
    tick += group.count * group.period;
    stream = stream.subspan(static_cast<std::size_t>(group.count) * group.bytes);
    run_.push_back(group);
  }
  if (run_.empty()) return;
  current_ = 0;
  run_end_ = tick;
  settle_at_ = time_of(run_.front().first);
  history_.clear();
  same_until_ = Instant::min();
  seen_edges_ = 0;
  seen_ = inputs_;
}

bool MpsseEngine::change_clock(const Command& command) {
  switch (command.kind) {
    case Kind::divisor:
      set_clock({.divide_by_5 = clock_.divide_by_5, .divisor = command.divisor});
      return true;
    case Kind::div5_on:
    case Kind::div5_off:
      set_clock(
          {.divide_by_5 = command.kind == Kind::div5_on, .divisor = clock_.divisor});
      return true;
    case Kind::loopback_on:  // joins TDI to TDO; no data is shifted here
    case Kind::loopback_off:
    case Kind::three_phase_off:
    case Kind::adaptive_off:
      return true;
    default:
      return false;
  }
}

/// Also true for every command that does not set pins.
bool MpsseEngine::changes_outputs(const Command& command, mpsse::Pins& to) const {
  if (command.kind != Kind::set_low && command.kind != Kind::set_high) return true;
  to = outputs_after(command.kind == Kind::set_high, command.value, command.direction);
  return !(to == outputs_);
}

MpsseEngine::Block MpsseEngine::execute(Instant now) {
  ByteView stream = rest();
  const std::optional<Command> command = mpsse::next(stream);
  if (!command) return Block::commands;
  const std::size_t bytes = queued() - stream.size();
  switch (command->kind) {
    case Kind::set_low:
    case Kind::set_high:
      changes_outputs(*command, outputs_);
      consume(bytes);
      drive_(outputs_);
      return Block::none;
    case Kind::read_low:
    case Kind::read_high:
      return Block::room;  // with room it would have been planned
    case Kind::wait_gpiol1_high:
    case Kind::wait_gpiol1_low:
      if (!gpiol1(command->kind == Kind::wait_gpiol1_high)) return Block::gpiol1;
      consume(bytes);
      return Block::none;
    case Kind::clock_until_high:
    case Kind::clock_until_low:
    case Kind::clock_bytes_until_high:
    case Kind::clock_bytes_until_low:
      return clock_until(*command, bytes, now);
    case Kind::bad: {
      if (room() < 2) return Block::room;
      std::uint8_t* const to = append_answers(2);
      to[0] = mpsse::op::kBadCommand;
      to[1] = command->opcode;
      consume(bytes);
      return Block::none;
    }
    default:
      throw std::logic_error("virtual FT2232H: opcode " +
                             std::to_string(command->opcode) + " is not modelled");
  }
}

MpsseEngine::Block MpsseEngine::clock_until(const Command& command, std::size_t bytes,
                                            Instant now) {
  const bool high = command.kind == Kind::clock_until_high ||
                    command.kind == Kind::clock_bytes_until_high;
  const bool counted = command.clocks > 0;
  const std::int64_t period = ticks_per_clock_;
  if (!clocking_since_) {
    clocking_since_ = ticks_;
    clocking_until_ =
        counted ? time_of(ticks_ + std::int64_t{command.clocks} * period) : kNever;
  }
  if (!gpiol1(high) && now < clocking_until_) return Block::gpiol1;
  // The pin is looked at between clocks: the last one is always whole.
  const std::int64_t passed = first_tick_at(now) - *clocking_since_;
  std::int64_t clocks = (passed + period - 1) / period;
  if (counted) clocks = std::min(clocks, std::int64_t{command.clocks});
  run_end_ = *clocking_since_ + clocks * period;
  run_.push_back({run_end_, 0, 1, bytes, 0, 0});
  settle_at_ = time_of(run_end_);
  current_ = 0;
  clocking_since_.reset();
  clocking_until_ = kNever;
  settle(now);
  return Block::none;
}

bool MpsseEngine::gpiol1(bool high) const {
  return (pins(inputs_) >> mpsse::kGpiol1Bit & 1) == (high ? 1 : 0);
}

void MpsseEngine::note_edge(Instant now) {
  const std::int64_t tick = first_tick_at(now);
  note_next_read(tick);
  if (history_.size() > seen_edges_ && history_.back().tick == tick) {
    history_.back().levels = inputs_;
  } else {
    history_.push_back({tick, inputs_});
  }
}

/// What changes from `tick` until the next read is seen by nobody but that one. Looked
/// up in the group under way only.
void MpsseEngine::note_next_read(std::int64_t tick) {
  same_until_ = Instant::min();
  const Group& group = run_[current_];
  if (group.reads == 0 || group.period == 0) return;
  const std::int64_t ahead = std::max<std::int64_t>(tick - group.first, 0);
  const std::int64_t next = (ahead + group.period - 1) / group.period;
  if (next < group.count) same_until_ = time_of(group.first + next * group.period);
}

void MpsseEngine::settle_run(Instant now) {
  if (pause_bytes_ > 0) {
    if (now >= pause_until_) end_pause();
    return;
  }
  const std::int64_t limit = last_tick_at(now);
  for (; current_ < run_.size(); ++current_) {
    Group& group = run_[current_];
    if (group.first <= limit) {
      std::int64_t due = group.count;
      if (group.period > 0)
        due = std::min(due, (limit - group.first) / group.period + 1);
      read(group, due);
    }
    if (group.count > 0) {
      settle_at_ = time_of(group.first);
      return;
    }
  }
  ticks_ = run_end_;
  run_.clear();
  history_.clear();
}

void MpsseEngine::read(Group& group, std::int64_t count) {
  consume(static_cast<std::size_t>(count) * group.bytes);
  while (count > 0) {
    while (seen_edges_ < history_.size() && history_[seen_edges_].tick <= group.first) {
      seen_ = history_[seen_edges_++].levels;
    }
    std::int64_t same = count;
    if (seen_edges_ < history_.size() && group.period > 0) {
      const std::int64_t until_edge = history_[seen_edges_].tick - group.first;
      same = std::min(same, (until_edge + group.period - 1) / group.period);
    }
    if (group.reads > 0) answer(group, same);
    group.first += same * group.period;
    group.count -= same;
    count -= same;
  }
}

/// The pins did not change over all of these reads.
void MpsseEngine::answer(const Group& group, std::int64_t count) {
  const auto size = static_cast<std::size_t>(group.reads);
  const std::size_t total = size * static_cast<std::size_t>(count);
  std::uint8_t* const to = append_answers(total);
  const std::uint16_t levels = pins(seen_);
  if (size == 2 && group.high == 2) {  // a sample, as nearly all are
    const auto low = static_cast<std::uint8_t>(levels);
    const auto high = static_cast<std::uint8_t>(levels >> 8);
    const std::uint8_t four[8] = {low, high, low, high, low, high, low, high};
    std::size_t i = 0;
    for (; i + sizeof four <= total; i += sizeof four) {
      std::memcpy(to + i, four, sizeof four);
    }
    std::memcpy(to + i, four, total - i);
    return;
  }
  for (std::size_t i = 0; i < size; ++i) {
    to[i] = static_cast<std::uint8_t>(group.high >> i & 1 ? levels >> 8 : levels);
  }
  for (std::size_t done = size; done < total;) {
    const std::size_t more = std::min(done, total - done);
    std::memcpy(to + done, to, more);
    done += more;
  }
}

std::uint8_t* MpsseEngine::append_answers(std::size_t count) {
  if (given_ + count > answers_.size()) {
    std::memmove(answers_.data(), answers_.data() + taken_, answered());
    given_ = answered();
    taken_ = 0;
  }
  return answers_.data() + std::exchange(given_, given_ + count);
}

std::size_t MpsseEngine::take(std::span<std::uint8_t> into) {
  const std::size_t count = std::min(into.size(), answered());
  if (count > 0) std::memcpy(into.data(), answers_.data() + taken_, count);
  taken_ += count;
  if (taken_ == given_) taken_ = given_ = 0;
  return count;
}

}  // namespace lockrig::twin
