// A scripted FTDI channel: it executes MPSSE commands in chip time on an in-memory pin
// model, and fails, stalls or loses bytes on demand.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rig/protocol/ftdi_channel.hpp"
#include "rig/protocol/mpsse.hpp"
#include "rig/protocol/wiring.hpp"

namespace lockrig::station {

class FakeChip final : public FtdiChannel {
 public:
  struct Output {
    Instant at;
    std::uint16_t value;
  };

  FakeChip(World& world, const mpsse::Wiring& wiring)
      : world_(world),
        wiring_(wiring),
        input_{{Instant{}, levels({"bolt_extended"})}},
        value_(wiring.idle()),  // as the external pulls hold it
        answered_(world),
        room_(world),
        step_(world, "fake chip", [this] { step(); }),
        deliver_(world, "fake chip's answers", [this] { deliver(); }),
        dead_man_(world, "fake dead man", [this] {
          enqueue(dead_man_commands, Fault::none);
          step();
        }) {}

  // What the test does to it.

  /// The input has this level from `at` on; times may lie ahead.
  void input(std::string_view line, bool active, Instant at) {
    const mpsse::Line& it = wiring_.at(line);
    const std::uint16_t now = mpsse::Wiring::with(input_at(at), it, active);
    auto place = std::find_if(input_.begin(), input_.end(),
                              [&](const Output& o) { return o.at >= at; });
    if (place == input_.end() || place->at != at) place = input_.insert(place, {at, 0});
    place->value = now;
    for (auto later = place + 1; later != input_.end(); ++later) {
      later->value = mpsse::Wiring::with(later->value, it, active);
    }
    if (waits_) step_.at(std::max(at, world_.now()));
  }
  /// Pulses: `count` times active for `on`, then inactive for `off`.
  void blink(std::string_view line, Instant at, int count, Duration on, Duration off) {
    for (int i = 0; i < count; ++i) {
      input(line, true, at);
      input(line, false, at + on);
      at += on + off;
    }
  }
  /// The rail follows the power switch this much later, unless unplugged.
  std::optional<Duration> rail_delay = 3ms;

  /// Pins that read low, driven as they may be.
  std::uint16_t shorted_low = 0;

  /// A host and its bus: commands are in the chip that much after they are written
  /// (when write() returns), answers with the reader that much after they are made.
  Duration command_latency{};
  Duration answer_latency{};
  /// On top, for the next write only.
  Duration next_write_late{};
  /// How slow its crystal is against the world's clock, in millionths.
  std::int64_t slow_ppm = 0;
  std::size_t fifo_bytes = 4096;  // each way

  /// Exchange number n (from 0, sync check first) misbehaves so:
  enum class Fault {
    none,
    write_fails,
    write_stalls,
    no_answer,
    loses_byte,
    extra_byte,
    read_fails,
    wrong_answer,
  };
  Fault fault = Fault::none;
  int fault_at = 0;
  bool mode_stalls = false;

  // What the test sees of it.

  std::vector<Output> outputs;  // at every change
  std::vector<std::string> modes;
  int exchanges = 0;
  Duration last_length{};
  std::vector<Instant> written;  // when each exchange was begun
  std::size_t most_bytes = 0;    // that were ever in the command FIFO
  int blocked_writes = 0;        // that found no room
  bool answers_overflowed = false;

  bool commanded(std::string_view line) const { return was(line, kNever); }
  bool was(std::string_view line, Instant at) const {
    std::uint16_t value = wiring_.idle();
    for (const Output& o : outputs) {
      if (o.at <= at) value = o.value;
    }
    return mpsse::Wiring::active(value, wiring_.at(line));
  }
  /// When the line came to be so, in order.
  std::vector<Instant> times(std::string_view line, bool active) const {
    std::vector<Instant> found;
    bool before = false;
    for (const Output& o : outputs) {
      const bool now = mpsse::Wiring::active(o.value, wiring_.at(line));
      if (now != before && now == active) found.push_back(o.at);
      before = now;
    }
    return found;
  }

  // FtdiChannel.

  void dead_man(Bytes commands, Instant due) override {
    dead_man_commands = std::move(commands);
    dead_man_due = due;
    if (dead_man_commands.empty()) {
      dead_man_.cancel();
    } else {
      dead_man_.at(due);
    }
  }
  Bytes dead_man_commands;
  Instant dead_man_due{};

  Task<void> set_bit_mode(BitMode mode) override {
    modes.push_back(mode == BitMode::reset ? "reset" : "mpsse");
    if (mode_stalls) co_await world_.never();
    read_fails_ = false;
    fifo_.clear();
    inside_ = 0;
    waits_ = false;
    made_.clear();
    on_way_.clear();
    replies_.clear();
    step_.cancel();
    deliver_.cancel();
    dead_man_.cancel();
    drive(wiring_.idle());
  }

  Task<StreamStatus> write(ByteView data) override {
    written.push_back(world_.now());
    const Fault now = exchanges++ == fault_at ? fault : Fault::none;
    if (now == Fault::write_fails) co_return StreamStatus::failed;
    if (now == Fault::write_stalls) co_await world_.never();
    if (now == Fault::read_fails) read_fails_ = true;
    const Duration late = command_latency + std::exchange(next_write_late, Duration{});
    if (late > Duration::zero()) co_await world_.sleep_for(late, "the bus");
    if (inside_ + data.size() > fifo_bytes) ++blocked_writes;
    while (inside_ > 0 && inside_ + data.size() > fifo_bytes) {
      co_await room_.wait(kNever, "room in the fake chip");
    }
    enqueue(data, now);
    most_bytes = std::max(most_bytes, inside_);
    step();
    while (inside_ > fifo_bytes)
      co_await room_.wait(kNever, "the fake chip to take it");
    co_return StreamStatus::ok;
  }

  Task<ReadResult> read_some(std::span<std::uint8_t> into, Instant until) override {
    if (read_fails_) co_return ReadResult{StreamStatus::failed, 0};
    while (replies_.empty()) {
      if (!co_await answered_.wait(until, "fake chip")) {
        co_return ReadResult{StreamStatus::timed_out, 0};
      }
    }
    const std::size_t count = std::min(into.size(), replies_.size());
    std::copy_n(replies_.begin(), count, into.begin());
    replies_.erase(replies_.begin(),
                   replies_.begin() + static_cast<std::ptrdiff_t>(count));
    if (full_) step_.at(world_.now());
    co_return ReadResult{StreamStatus::ok, count};
  }

  void close() override {}

 private:
  using Kind = mpsse::Command::Kind;
  struct Pending {
    mpsse::Command command;
    std::size_t bytes;
    bool silent = false;  // does not answer
    bool mute = false;    // of its answers the last byte is lost
    bool wrong = false;   // answers 0x55
  };
  struct Delivery {
    Instant at;
    Bytes bytes;
  };

  std::uint16_t levels(std::initializer_list<std::string_view> active) const {
    std::uint16_t value = 0;
    for (const mpsse::Line& line : wiring_.lines()) {
      const bool is =
          std::find(active.begin(), active.end(), line.name) != active.end();
      if (!line.output) value = mpsse::Wiring::with(value, line, is);
    }
    return value;
  }

  std::uint16_t input_at(Instant at) const {
    std::uint16_t value = input_.front().value;
    for (const Output& change : input_) {
      if (change.at <= at) value = change.value;
    }
    return value;
  }

  static bool answers(const Pending& it) {
    return it.command.kind == Kind::bad || it.command.kind == Kind::read_low ||
           it.command.kind == Kind::read_high;
  }

  void enqueue(ByteView stream, Fault now) {
    if (fifo_.empty()) free_ = std::max(free_, world_.now());
    const std::size_t first = fifo_.size();
    std::int64_t clocks = 0;
    for (std::size_t before = stream.size(); const auto command = mpsse::next(stream);
         before = stream.size()) {
      fifo_.push_back({*command, before - stream.size()});
      inside_ += fifo_.back().bytes;
      fifo_.back().wrong = now == Fault::wrong_answer;
      clocks += command->clocks;
    }
    last_length = clocks * 1us;
    bool last = true;
    for (std::size_t i = fifo_.size(); i-- > first;) {
      if (!answers(fifo_[i])) continue;
      fifo_[i].silent = now == Fault::no_answer;
      fifo_[i].mute = now == Fault::loses_byte && last;
      if (now == Fault::extra_byte && last) {
        Pending extra{{.kind = Kind::read_low}, 0};
        extra.wrong = true;
        fifo_.insert(fifo_.begin() + static_cast<std::ptrdiff_t>(i), extra);
      }
      last = false;
    }
  }

  /// Executes what is due. A command of no length is due when the one before has ended.
  void step() {
    while (!fifo_.empty()) {
      const Pending& next = fifo_.front();
      const Instant now = world_.now();
      const Kind kind = next.command.kind;
      if (next.command.clocks > 0) {
        const std::int64_t ns = std::int64_t{next.command.clocks} * 1000;
        const Instant end = free_ + Duration(ns + ns * slow_ppm / 1'000'000);
        if (end > now) {
          step_.at(end);
          return;
        }
        free_ = end;
      } else if (kind == Kind::wait_gpiol1_high || kind == Kind::wait_gpiol1_low) {
        flush();
        waits_ = true;
        const Instant met = when_gpiol1(kind == Kind::wait_gpiol1_high);
        if (met == kNever) return;
        if (met > now) {
          step_.at(met);
          return;
        }
        waits_ = false;
        free_ = now;
      } else if (answers(next)) {
        full_ = made_.size() + on_the_way() + replies_.size() >= fifo_bytes;
        if (full_) {
          answers_overflowed = true;
          flush();
          return;
        }
        free_ = std::max(free_, now);
        answer(next);
      } else if (kind == Kind::set_low) {
        drive(static_cast<std::uint16_t>((value_ & 0xff00) | next.command.value));
      } else if (kind == Kind::set_high) {
        drive(static_cast<std::uint16_t>((value_ & 0xff) | next.command.value << 8));
      } else if (kind == Kind::flush) {
        flush();
      }
      inside_ -= next.bytes;
      fifo_.pop_front();
      room_.notify();
    }
    flush();
  }

  std::size_t on_the_way() const {
    std::size_t count = 0;
    for (const Delivery& each : on_way_) count += each.bytes.size();
    return count;
  }

  Instant when_gpiol1(bool high) const {
    const auto met = [&](std::uint16_t value) {
      return ((value >> mpsse::kGpiol1Bit & 1) != 0) == high;
    };
    if (met(input_at(world_.now()))) return world_.now();
    for (const Output& change : input_) {
      if (change.at > world_.now() && met(change.value)) return change.at;
    }
    return kNever;
  }

  void answer(const Pending& read) {
    const int driven = value_ & wiring_.direction();
    const auto pins = static_cast<std::uint16_t>(
        (input_at(world_.now()) & ~wiring_.direction()) | (driven & ~shorted_low));
    Bytes bytes;
    if (read.command.kind == Kind::bad) {
      bytes = {mpsse::op::kBadCommand, read.command.opcode};
    } else {
      const int shift = read.command.kind == Kind::read_high ? 8 : 0;
      bytes = {static_cast<std::uint8_t>(pins >> shift)};
    }
    if (read.wrong) std::fill(bytes.begin(), bytes.end(), 0x55);
    if (read.mute) bytes.pop_back();
    if (!read.silent) made_.insert(made_.end(), bytes.begin(), bytes.end());
  }

  void flush() {
    if (made_.empty()) return;
    on_way_.push_back({world_.now() + answer_latency, std::exchange(made_, {})});
    if (answer_latency == Duration::zero() && on_way_.size() == 1) {
      deliver();
    } else if (!deliver_.armed()) {
      deliver_.at(on_way_.front().at);
    }
  }

  void deliver() {
    while (!on_way_.empty() && on_way_.front().at <= world_.now()) {
      const Bytes& bytes = on_way_.front().bytes;
      replies_.insert(replies_.end(), bytes.begin(), bytes.end());
      on_way_.pop_front();
    }
    if (!on_way_.empty()) deliver_.at(on_way_.front().at);
    answered_.notify();
  }

  void drive(std::uint16_t value) {
    const Instant at = world_.now();
    const mpsse::Line& power = wiring_.at("power");
    const bool powered = mpsse::Wiring::active(value, power);
    if (rail_delay && powered != mpsse::Wiring::active(value_, power)) {
      input("rail", powered, at + *rail_delay);
    }
    value_ = value;
    outputs.push_back({at, value});
  }

  World& world_;
  const mpsse::Wiring& wiring_;
  std::vector<Output> input_;
  std::uint16_t value_;
  bool read_fails_ = false;
  bool waits_ = false;
  bool full_ = false;
  std::deque<Pending> fifo_;
  std::size_t inside_ = 0;
  Instant free_{};
  Bytes made_;
  std::deque<Delivery> on_way_;
  Bytes replies_;
  Signal answered_;
  Signal room_;
  Timer step_;
  Timer deliver_;
  Timer dead_man_;
};

/// The wiring and keypad of the models, from fixtures/boards.
inline mpsse::Wiring wiring_of(const std::string& model) {
  return mpsse::load_wiring(LOCKRIG_ROOT "/fixtures/boards/" + model + "/wiring.csv");
}

inline constexpr Duration kLimit = 60s;

}  // namespace lockrig::station
