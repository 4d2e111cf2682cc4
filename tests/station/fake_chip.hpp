// A scripted FTDI channel: it executes MPSSE commands in chip time on an in-memory pin
// model, and fails, stalls or loses bytes on demand.
#pragma once

#include <algorithm>
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
        end_(world, "fake chip", [this] { answer(); }) {}

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

  Task<void> set_bit_mode(BitMode mode) override {
    modes.push_back(mode == BitMode::reset ? "reset" : "mpsse");
    if (mode_stalls) co_await world_.never();
    queued_.clear();
    replies_.clear();
    end_.cancel();
  }

  Task<StreamStatus> write(ByteView data) override {
    const Fault now = exchanges++ == fault_at ? fault : Fault::none;
    if (now == Fault::write_fails) co_return StreamStatus::failed;
    if (now == Fault::write_stalls) co_await world_.never();
    read_fails_ = now == Fault::read_fails;
    execute(data, now);
    co_return StreamStatus::ok;
  }

  Task<ReadResult> read_some(std::span<std::uint8_t> into, Instant until) override {
    while (replies_.empty()) {
      if (read_fails_) co_return ReadResult{StreamStatus::failed, 0};
      if (!co_await answered_.wait(until, "fake chip")) {
        co_return ReadResult{StreamStatus::timed_out, 0};
      }
    }
    const std::size_t count = std::min(into.size(), replies_.size());
    std::copy_n(replies_.begin(), count, into.begin());
    replies_.erase(replies_.begin(),
                   replies_.begin() + static_cast<std::ptrdiff_t>(count));
    co_return ReadResult{StreamStatus::ok, count};
  }

  void close() override {}

 private:
  struct Read {
    Instant at;
    int byte;  // 0 low, 1 high, else the answer itself
    std::uint8_t answer;
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

  void execute(ByteView stream, Fault now) {
    const Instant start = world_.now();
    std::int64_t clocks = 0;
    while (const auto command = mpsse::next(stream)) {
      using Kind = mpsse::Command::Kind;
      const Instant at = start + clocks * 1us;
      switch (command->kind) {
        case Kind::bad:
          queued_.push_back({at, 2, mpsse::op::kBadCommand});
          queued_.push_back({at, 2, command->opcode});
          break;
        case Kind::set_low:
          drive(at, static_cast<std::uint16_t>((value_ & 0xff00) | command->value));
          break;
        case Kind::set_high:
          drive(at, static_cast<std::uint16_t>((value_ & 0xff) | command->value << 8));
          break;
        case Kind::read_low:
        case Kind::read_high:
          queued_.push_back({at, command->kind == Kind::read_high, 0});
          break;
        default:
          clocks += command->clocks;
      }
    }
    last_length = clocks * 1us;
    if (now == Fault::no_answer) queued_.clear();
    if (now == Fault::loses_byte && !queued_.empty()) queued_.pop_back();
    if (now == Fault::extra_byte) queued_.push_back({start, 2, 0x55});
    if (now == Fault::wrong_answer) {
      for (Read& read : queued_) read = {start, 2, 0x55};
    }
    end_.at(start + clocks * 1us);
  }

  void drive(Instant at, std::uint16_t value) {
    const mpsse::Line& power = wiring_.at("power");
    const bool powered = mpsse::Wiring::active(value, power);
    if (rail_delay && powered != mpsse::Wiring::active(value_, power)) {
      input("rail", powered, at + *rail_delay);
    }
    value_ = value;
    outputs.push_back({at, value});
  }

  void answer() {
    for (const Read& read : queued_) {
      const auto pins = static_cast<std::uint16_t>(
          (input_at(read.at) & ~wiring_.direction()) | (value_ & wiring_.direction()));
      replies_.push_back(read.byte == 0   ? static_cast<std::uint8_t>(pins)
                         : read.byte == 1 ? static_cast<std::uint8_t>(pins >> 8)
                                          : read.answer);
    }
    queued_.clear();
    answered_.notify();
  }

  World& world_;
  const mpsse::Wiring& wiring_;
  std::vector<Output> input_;
  std::uint16_t value_;
  bool read_fails_ = false;
  std::vector<Read> queued_;
  Bytes replies_;
  Signal answered_;
  Timer end_;
};

/// The wiring and keypad of the models, from fixtures/boards.
inline mpsse::Wiring wiring_of(const std::string& model) {
  return mpsse::load_wiring(LOCKRIG_ROOT "/fixtures/boards/" + model + "/wiring.csv");
}

inline constexpr Duration kLimit = 60s;

}  // namespace lockrig::station
