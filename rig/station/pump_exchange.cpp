// The Pump where it writes something and waits for its answers: setting the chip up,
// everything without a lead, and waits for a pin.
#include <string>
#include <utility>
#include <vector>

#include "rig/station/pump.hpp"

namespace lockrig::station {
namespace {

/// A host that is late for an edge that came in time has this long to hear of it.
constexpr Duration kEdgeGrace = 20ms;
/// Between two looks whether anyone still waits for an edge.
constexpr Duration kEdgeLook = 100ms;

}  // namespace

Task<void> Pump::set_up() {
  doing_ = "entering MPSSE mode";
  watchdog_.at(world_.now() + kAnswerLimit);
  flights_.clear();
  pieces_.clear();
  chained_ = false;
  reset_at_ = world_.now();
  co_await channel_.set_bit_mode(BitMode::reset);
  co_await channel_.set_bit_mode(BitMode::mpsse);

  Bytes commands{kNoCommand, mpsse::op::kFlush};
  co_await ask(std::move(commands), 2, "checking that answers follow commands");
  if (reply_[0] != mpsse::op::kBadCommand || reply_[1] != kNoCommand) {
    throw error("wrong answer");
  }

  commands.clear();
  mpsse::append_clock(commands, Pump::kClock);
  commands.push_back(mpsse::op::kLoopbackOff);
  mpsse::append_set_low(commands, idle_);
  mpsse::append_set_high(commands, idle_);
  mpsse::append_sample(commands);
  commands.push_back(mpsse::op::kFlush);
  co_await ask(std::move(commands), 2, "setting clock and outputs");

  const std::uint16_t before = ever_opened_ ? pins().value : idle_.value;
  pins_ = ahead_ = idle_;
  dead_man_.forget();
  ever_opened_ = true;
  chip_free_ = world_.now();
  user_.set_up(reset_at_, before, idle_.value,
               static_cast<std::uint16_t>(reply_[0] | reply_[1] << 8));
  opened_ = true;
  stirred_ = true;
  progress_.notify();
}

Task<void> Pump::ask(Bytes commands, std::size_t answers, const char* doing) {
  mpsse::Compiled compiled;
  compiled.commands = std::move(commands);
  compiled.reply_bytes = answers;
  doing_ = doing;
  co_await exchange(&compiled);
}

/// Once while the chip is set up. After that it goes on with what comes next until the
/// chip shall wait for a pin: there are some hundred exchanges in a simulated minute.
Task<void> Pump::exchange(const mpsse::Compiled* what) {
  for (; what != nullptr; what = opened_ ? take_up() : nullptr) {
    const mpsse::Compiled& compiled = *what;
    // The chip begins at once if it has nothing to do, else behind what it was given.
    const Instant start = begin();
    chip_free_ = start + compiled.length;
    watchdog_.at(chip_free_ + kAnswerLimit);
    if (running_ != nullptr) running_->start = start;

    // One byte more than is due shows answers that nobody asked for.
    reply_.resize(compiled.reply_bytes + 1);
    std::size_t got = 0;
    if (compiled.reply_bytes <= options_.fifo_bytes) {
      const StreamStatus written = co_await channel_.write(compiled.commands);
      must_write(written);
    } else {
      got = co_await write_in_parts(compiled);
    }
    while (got < compiled.reply_bytes) {
      const ReadResult read =
          co_await channel_.read_some(std::span(reply_).subspan(got), kNever);
      got += must_read(read);
    }
    watchdog_.cancel();
    if (got != compiled.reply_bytes) throw error("more answers than commands");
    if (!opened_) continue;
    const bool commanded = what == &commanded_;
    land(compiled, ByteView(reply_).first(compiled.reply_bytes), start,
         commanded ? std::exchange(running_, nullptr) : nullptr, commanded, nullptr);
  }
}

/// A chip whose answers are not taken stops, and takes no more commands: a stream that
/// answers more than the chip holds goes out in parts, one of them ahead of the answers
/// that are waited for. Returns how many answers are taken.
Task<std::size_t> Pump::write_in_parts(const mpsse::Compiled& compiled) {
  const std::vector<mpsse::Part> parts =
      mpsse::cut(compiled, options_.fifo_bytes / kPartsInFifo - 1, kClock);
  std::size_t due = 0;
  std::size_t got = 0;
  for (const mpsse::Part& part : parts) {
    const ByteView commands = ByteView(compiled.commands).subspan(part.from, part.size);
    out_.assign(commands.begin(), commands.end());
    if (&part != &parts.back()) out_.push_back(mpsse::op::kFlush);
    const StreamStatus written = co_await channel_.write(out_);
    must_write(written);
    while (got < due) {
      const ReadResult read =
          co_await channel_.read_some(std::span(reply_).subspan(got), kNever);
      got += must_read(read);
    }
    due += part.reply_bytes;
  }
  co_return got;
}

Task<void> Pump::exchange_armed() {
  // Looked at once: the job goes with its caller, the chip waits on.
  const Duration spare = commanded_.length + kEdgeGrace;
  Instant until = *running_->edge_until + spare;
  bool asks = static_cast<bool>(running_->in_vain);
  doing_ = "waiting for a pin";
  watchdog_.at(std::max(until, begin()) + kAnswerLimit);
  const StreamStatus written = co_await channel_.write(commanded_.commands);
  must_write(written);
  reply_.resize(commanded_.reply_bytes + 1);
  std::size_t got = 0;
  while (got < commanded_.reply_bytes) {
    const Instant look = asks ? std::min(until, world_.now() + kEdgeLook) : until;
    const ReadResult read =
        co_await channel_.read_some(std::span(reply_).subspan(got), look);
    if (read.status == StreamStatus::timed_out && look < until) {
      if (running_ == nullptr) asks = false;
      if (!asks || !running_->in_vain()) continue;
      // An edge that came just now still has its time.
      asks = false;
      until = std::min(until, world_.now() + spare);
      continue;
    }
    if (read.status == StreamStatus::timed_out) {
      opened_ = false;
      co_await set_up();
      end_job(std::exchange(running_, nullptr), nullptr);
      progress_.notify();
      co_return;
    }
    got += must_read(read);
  }
  watchdog_.cancel();
  if (got != commanded_.reply_bytes) throw error("more answers than commands");
  chip_free_ = world_.now();
  chained_ = false;
  if (running_ != nullptr) running_->edge_came = true;
  land(commanded_, ByteView(reply_).first(commanded_.reply_bytes),
       chip_free_ - commanded_.length, std::exchange(running_, nullptr), true, nullptr);
}

std::size_t Pump::must_read(ReadResult read) const {
  if (read.status != StreamStatus::ok) {
    throw error(std::string("reading ") + to_string(read.status));
  }
  return read.count;
}

void Pump::must_write(StreamStatus status) const {
  if (status == StreamStatus::ok) return;
  throw error(std::string("writing ") + to_string(status));
}

}  // namespace lockrig::station
