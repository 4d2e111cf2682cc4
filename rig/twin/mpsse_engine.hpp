// Executes the MPSSE command stream of one virtual FTDI channel, in the chip's own
// time.
//
// Time: only clocks take time, in ticks of the chip's 60 MHz that are summed before
// they become nanoseconds, so that nothing drifts. What an opcode itself costs is not
// published and not confirmed without hardware (protocols.md): zero here.
// Speed: a run of waits and reads in which no output changes is planned as a whole and
// read afterwards from the history of the inputs; nobody wakes per sample. A set, and
// the wait in front of one, are nearly all there is besides: they go without a plan.
// Sans-I/O: whoever owns it says what time it is and comes back when told.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "rig/protocol/mpsse.hpp"

namespace lockrig::twin {

class MpsseEngine {
 public:
  /// Each way (protocols.md, "FTDI MPSSE as a timed GPIO port").
  static constexpr std::size_t kFifoBytes = 4096;

  /// `drive` is called when the outputs change, at the time of the change. `skip`, if
  /// any, moves the clock on to a moment before which nothing else happens, or says
  /// false: see run().
  explicit MpsseEngine(std::function<void(mpsse::Pins)> drive,
                       std::function<bool(Instant)> skip = {})
      : drive_(std::move(drive)), skip_(std::move(skip)) {}

  /// The controller as it comes up: FIFOs empty, every pin an input, divide-by-5 on
  /// (the H series' default, AN_108 on 0x8A), divisor 0 [assumed to be reset with it].
  /// Does not call `drive`.
  void reset();

  void push(ByteView commands);
  /// Drops the commands not yet executed, a wait under way included. Outputs, clock and
  /// answers stay.
  void drop_commands(Instant now);
  void drop_answers(Instant now);
  /// Executes what is due by `now`. Returns when to come back if nothing else happens;
  /// kNever while it waits for commands, for room or for GPIOL1.
  /// std::logic_error for a command whose effect this chip does not model.
  Instant advance(Instant now) { return advance(now, false); }
  /// The same, and goes on through waits between two sets as long as the clock can be
  /// moved there.
  Instant run(Instant now) { return advance(now, static_cast<bool>(skip_)); }
  /// Evaluates the reads that were due by `now` and nothing else.
  void settle(Instant now) {
    if (busy() && now >= settle_at_) settle_run(now);
  }

  /// Levels of the pins as far as the chip does not drive them itself. A read at the
  /// same moment sees them.
  void set_inputs(std::uint16_t levels, Instant now) {
    if (levels == inputs_) return;
    inputs_ = levels;
    if (run_.empty()) return;
    if (now <= same_until_ && seen_edges_ < history_.size()) {
      history_.back().levels = levels;
    } else {
      note_edge(now);
    }
  }
  std::uint16_t inputs() const { return inputs_; }
  mpsse::Pins outputs() const { return outputs_; }
  /// From now on these pins read so, whoever drives them how.
  void short_pins(std::uint16_t mask, std::uint16_t levels) {
    short_mask_ = mask;
    short_levels_ = static_cast<std::uint16_t>(levels & mask);
  }
  std::uint16_t with_shorts(std::uint16_t levels) const {
    return static_cast<std::uint16_t>((levels & ~short_mask_) | short_levels_);
  }

  /// Bytes of commands not yet executed, those of a write() that waits included.
  std::size_t queued() const { return commands_.size() - head_; }
  std::size_t answered() const { return given_ - taken_; }
  std::size_t take(std::span<std::uint8_t> into);

  bool waits_for_gpiol1() const { return block_ == Block::gpiol1; }
  bool waits_for_room() const { return block_ == Block::room; }
  /// True once after answers were flushed to the host or execution came to a halt.
  bool take_flushed() { return std::exchange(flushed_, false); }

 private:
  enum class Block : std::uint8_t { none, commands, room, gpiol1 };

  /// `count` equal groups of commands, each some clocks and then reads without any
  /// between them: group i reads at first + i * period.
  struct Group {
    std::int64_t first;
    std::int64_t period;
    std::int64_t count;
    std::size_t bytes;  // of one group in the FIFO
    int reads;
    unsigned high;  // bit n: read n is of the high byte
  };
  struct Edge {
    std::int64_t tick;  // the first at which a read sees it
    std::uint16_t levels;
  };

  ByteView rest() const { return ByteView(commands_).subspan(head_); }
  std::size_t room() const { return kFifoBytes - answered(); }
  void consume(std::size_t bytes) {
    head_ += bytes;
    if (head_ == commands_.size()) {
      commands_.clear();
      head_ = 0;
    }
  }

  Instant time_of(std::int64_t tick) const { return start_ + mpsse::to_duration(tick); }
  std::int64_t first_tick_at(Instant t) const { return mpsse::first_tick(t - start_); }
  std::int64_t last_tick_at(Instant t) const { return mpsse::last_tick(t - start_); }

  Instant advance(Instant now, bool skips);
  void end_pause() {
    head_ += pause_bytes_;  // the set is still behind it
    pause_bytes_ = 0;
    ticks_ = pause_end_;
  }
  bool busy() const { return pause_bytes_ > 0 || !run_.empty(); }
  void set_and_pause(Instant& now, bool skips);
  Group group_at(ByteView stream, std::size_t space) const;
  void plan();
  void set_clock(mpsse::ChipClock clock) {
    clock_ = clock;
    ticks_per_clock_ = clock.ticks_per_clock();
  }
  bool change_clock(const mpsse::Command& command);
  mpsse::Pins outputs_after(bool high, std::uint8_t value,
                            std::uint8_t direction) const;
  bool changes_outputs(const mpsse::Command& command, mpsse::Pins& to) const;
  Block execute(Instant now);
  Block clock_until(const mpsse::Command& command, std::size_t bytes, Instant now);
  bool gpiol1(bool high) const;
  Instant next_wake() const;

  void settle_run(Instant now);
  void note_edge(Instant now);
  void note_next_read(std::int64_t tick);
  void read(Group& group, std::int64_t count);
  void answer(const Group& group, std::int64_t count);
  /// Where they are to be written. REQUIRES: count <= room().
  std::uint8_t* append_answers(std::size_t count);
  std::uint16_t pins(std::uint16_t levels) const {
    return with_shorts(static_cast<std::uint16_t>(
        (levels & ~outputs_.direction) | (outputs_.value & outputs_.direction)));
  }

  std::function<void(mpsse::Pins)> drive_;
  std::function<bool(Instant)> skip_;

  Bytes commands_;
  std::size_t head_ = 0;
  std::array<std::uint8_t, kFifoBytes> answers_;  // from taken_ to given_
  std::size_t taken_ = 0;
  std::size_t given_ = 0;
  bool flushed_ = false;
  Block block_ = Block::commands;

  mpsse::ChipClock clock_{.divide_by_5 = true, .divisor = 0};
  std::int64_t ticks_per_clock_ = clock_.ticks_per_clock();
  mpsse::Pins outputs_{};
  std::uint16_t inputs_ = 0xffff;
  std::uint16_t short_mask_ = 0;
  std::uint16_t short_levels_ = 0;

  Instant start_{};                             // where ticks are counted from
  std::int64_t ticks_ = 0;                      // executed so far
  std::optional<std::int64_t> clocking_since_;  // in a "clock until GPIOL1"
  Instant clocking_until_ = kNever;

  std::size_t pause_bytes_ = 0;  // of the wait under way in front of a set; 0 for none
  std::int64_t pause_end_ = 0;
  Instant pause_until_{};

  std::vector<Group> run_;  // planned; empty when nothing is
  std::size_t current_ = 0;
  std::int64_t run_end_ = 0;
  Instant settle_at_{};        // nothing under way is due before
  std::vector<Edge> history_;  // of the inputs since the run began
  std::size_t seen_edges_ = 0;
  std::uint16_t seen_ = 0xffff;
  Instant same_until_ = Instant::min();  // no read comes before, since the last edge
};

}  // namespace lockrig::twin
