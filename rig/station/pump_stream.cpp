// The Pump with a lead: a chip in real time, fed ahead of its need.
//
// Predicted and real chip time: the chip begins what is written when it is written, or
// behind what it has. From there its crystal counts, which may be off against the
// host's by some 50 ppm each. An answer that is there early proves the prediction late,
// and answers that all come later than they can be on their way prove it early; both
// move the prediction.
//
// Each piece ends with a command that no chip knows: its answer is where it belongs, or
// an answer was lost or came unasked on the way.
#include <utility>

#include "rig/station/pump.hpp"

namespace lockrig::station {
namespace {

/// Answers are looked for that much before they are expected: how much the prediction
/// can be corrected by one answer.
constexpr Duration kLook = 1ms;
/// One answer may be late for the host's own reasons; of so many, one is in time.
constexpr int kAnswersJudged = 8;
/// The longest command; an empty waveform has one part of none.
constexpr std::size_t kShortestPart = 3;

/// Bytes that end a piece, and their answer's.
constexpr std::size_t kMark = 2;

const mpsse::Compiled& one_sample() {
  static const mpsse::Compiled sample =
      compile(mpsse::Waveform().sample(), Pump::kClock);
  return sample;
}

}  // namespace

Task<void> Pump::stream() {
  life_->spawn(collect());
  for (;;) {
    const Instant now = world_.now();
    if (take_job()) {
      if (commanded_.waits_for_pin) {
        co_await settled();
        // The caller may have gone meanwhile, and its waveform with it.
        if (running_ != nullptr) {
          co_await exchange_armed();
        } else {
          ahead_ = pins_;
        }
      } else {
        co_await send_job();
      }
    } else if (attention_ > 0) {
      const Instant next = polled_at_ + poll_period();
      if (!pieces_.empty() || next > now) {
        const Instant until = pieces_.empty() ? next : kNever;
        co_await wake_.wait(until, "the next sample");
      } else {
        polled_at_ = now;
        mind_gap(2 * poll_period());
        co_await send_chunk(one_sample());
      }
    } else if (chip_free_ > now + options_.lead) {
      co_await wake_.wait(chip_free_ - options_.lead, "the chip to need more");
    } else {
      mind_gap(Duration::zero());
      co_await send_chunk(next_chunk());
    }
  }
}

Task<void> Pump::settled() {
  while (!pieces_.empty()) {
    co_await wake_.wait(kNever, "the chip to have nothing to do");
  }
}

void Pump::mind_gap(Duration allowed) {
  const Duration idle = world_.now() - chip_free_;
  if (chained_ && idle > std::max(allowed, gap_allowed_)) {
    ++gaps_.count;
    gaps_.longest = std::max(gaps_.longest, idle);
  }
  chained_ = true;
  gap_allowed_ = allowed;
}

Task<void> Pump::send_chunk(const mpsse::Compiled& compiled) {
  co_await make_room(compiled.commands.size() + kMark);
  const Instant start = begin();
  chip_free_ = start + compiled.length;
  doing_ = "sampling";
  flights_.push_back({.own = {},
                      .compiled = &compiled,
                      .commanded = false,
                      .job = nullptr,
                      .start = start,
                      .reply = {},
                      .failure = nullptr});
  const Piece piece{.bytes = compiled.commands.size() + kMark,
                    .answers = compiled.reply_bytes,
                    .start = start,
                    .end = chip_free_,
                    .last = true,
                    .written = false};
  co_await send(compiled.commands, piece);
}

Task<void> Pump::send_job() {
  doing_ = "running a waveform";
  flights_.push_back({.own = std::move(commanded_),
                      .compiled = nullptr,
                      .commanded = true,
                      .job = std::exchange(running_, nullptr),
                      .start = begin(),
                      .reply = {},
                      .failure = nullptr});
  Flight& flight = flights_.back();
  flight.compiled = &flight.own;
  mind_gap(attention_ > 0 ? 2 * poll_period() : Duration::zero());
  dead_man_.arm(ahead_, flight.start + flight.own.length);

  // What fits goes out at once: nothing of it can be late. A longer one is cut from its
  // beginning on, or its second part would have to wait for the end of the first.
  const std::size_t size = flight.own.commands.size();
  const bool fits = inside() + size + kMark <= options_.fifo_bytes;
  const std::size_t most =
      fits ? std::max(size, kShortestPart) : options_.fifo_bytes / kPartsInFifo - kMark;
  const std::vector<mpsse::Part> parts = mpsse::cut(flight.own, most, kClock);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const mpsse::Part& part = parts[i];
    co_await make_room(part.size + kMark);
    const Instant start = i == 0 ? begin() : chip_free_;
    if (i == 0) flight.start = start;
    chip_free_ = start + mpsse::to_duration(part.ticks);
    const Piece piece{.bytes = part.size + kMark,
                      .answers = part.reply_bytes,
                      .start = start,
                      .end = chip_free_,
                      .last = i + 1 == parts.size(),
                      .written = false};
    const ByteView commands =
        ByteView(flight.own.commands).subspan(part.from, part.size);
    co_await send(commands, piece);
    const Duration late = world_.now() - start;
    if (i > 0 && late > Duration::zero()) {
      const auto us = std::chrono::ceil<std::chrono::microseconds>(late).count();
      if (!flight.failure) {
        flight.failure = std::make_exception_ptr(
            error("starved: the chip had to wait " + std::to_string(us) + " us"));
      }
      shift(late);
    }
  }
}

Task<void> Pump::send(ByteView commands, Piece piece) {
  pieces_.push_back(piece);
  if (pieces_.size() == 1) watch_front();
  out_.assign(commands.begin(), commands.end());
  if (piece.answers > 0) {
    if (piece.last) out_.pop_back();  // its flush
    out_.push_back(kNoCommand);
    out_.push_back(mpsse::op::kFlush);
  }
  const StreamStatus written = co_await channel_.write(out_);
  must_write(written);
  pieces_.back().written = true;
  sent_.notify();
}

std::size_t Pump::inside() const {
  std::size_t bytes = 0;
  for (const Piece& each : pieces_) {
    if (each.end > world_.now()) bytes += each.bytes;
  }
  return bytes;
}

Task<void> Pump::make_room(std::size_t bytes) {
  for (;;) {
    Instant first = kNever;
    for (const Piece& each : pieces_) {
      if (each.end > world_.now()) first = std::min(first, each.end);
    }
    if (inside() + bytes <= options_.fifo_bytes || first == kNever) co_return;
    co_await world_.sleep_until(first, "room in the chip's FIFO");
  }
}

Task<void> Pump::collect() {
  std::exception_ptr failure;
  try {
    for (;;) {
      while (pieces_.empty() || !pieces_.front().written) {
        co_await sent_.wait(kNever, "commands for the chip");
      }
      co_await collect_front();
    }
  } catch (...) {
    failure = std::current_exception();
  }
  fail(std::move(failure));
  world_.end(std::move(life_));
}

Task<void> Pump::collect_front() {
  const std::size_t due = pieces_.front().answers;
  const Instant look = pieces_.front().end - (due > 0 ? kLook : Duration::zero());
  if (look > world_.now()) co_await world_.sleep_until(look, "samples to be taken");
  if (due > 0) {
    reply_.resize(due + kMark);
    std::size_t got = 0;
    while (got < reply_.size()) {
      const ReadResult read =
          co_await channel_.read_some(std::span(reply_).subspan(got), kNever);
      got += must_read(read);
    }
    if (reply_[due] != mpsse::op::kBadCommand || reply_[due + 1] != kNoCommand) {
      throw error("answers out of step with commands");
    }
    Flight& flight = flights_.front();
    flight.reply.insert(flight.reply.end(), reply_.begin(),
                        reply_.begin() + static_cast<std::ptrdiff_t>(due));
    anchor();
  }
  const bool last = pieces_.front().last;
  pieces_.pop_front();
  watch_front();
  if (last) land_front();
  wake_.notify();
}

void Pump::land_front() {
  Flight flight = std::move(flights_.front());
  flights_.pop_front();
  const mpsse::Compiled& compiled = flight.commanded ? flight.own : *flight.compiled;
  land(compiled, flight.reply, flight.start, flight.job, flight.commanded,
       flight.failure);
}

void Pump::anchor() {
  const Duration late = world_.now() - pieces_.front().end;
  if (late < Duration::zero()) {
    shift(late);
  } else {
    least_late_ = std::min(least_late_, late);
    if (++answers_timed_ < kAnswersJudged) return;
    if (least_late_ > kLatency) shift(least_late_ - kLatency);
  }
  least_late_ = Duration::max();
  answers_timed_ = 0;
}

void Pump::shift(Duration by) {
  chip_free_ += by;
  for (Flight& each : flights_) each.start += by;
  for (Piece& each : pieces_) {
    each.start += by;
    each.end += by;
  }
}

void Pump::watch_front() {
  if (pieces_.empty()) {
    watchdog_.cancel();
  } else {
    watchdog_.at(pieces_.front().end + kAnswerLimit);
  }
}

}  // namespace lockrig::station
