#include "rig/protocol/waveform.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

namespace lockrig::mpsse {
namespace {

/// A nanosecond is 3/50 of a tick.
constexpr std::int64_t kTickThirds = 3;
constexpr std::int64_t kNanosecondsPer3Ticks = 50;

std::int64_t nearest_clock(Duration time, std::int64_t ticks_per_clock) {
  const std::int64_t clock = kNanosecondsPer3Ticks * ticks_per_clock;
  return (time.count() * kTickThirds + clock / 2) / clock;
}

std::int64_t whole_clocks(Duration period, std::int64_t ticks_per_clock) {
  const std::int64_t clock = kNanosecondsPer3Ticks * ticks_per_clock;
  if (period.count() * kTickThirds % clock != 0) {
    throw std::invalid_argument("sampling period of " + std::to_string(period.count()) +
                                " ns is not a whole number of chip clocks");
  }
  return period.count() * kTickThirds / clock;
}

void append_repeated(Bytes& out, std::size_t from, std::int64_t times) {
  const std::size_t size = out.size() - from;
  out.resize(from + size * static_cast<std::size_t>(times));
  const std::size_t total = out.size() - from;
  for (std::size_t done = size; done < total;) {
    const std::size_t more = std::min(done, total - done);
    std::memcpy(out.data() + from + done, out.data() + from, more);
    done += more;
  }
}

}  // namespace

void Waveform::lengthen(Duration time) {
  if (time < Duration::zero()) throw std::invalid_argument("negative time in waveform");
  if (time > kLongest - length_) {
    throw std::invalid_argument("waveform longer than a day");
  }
  length_ += time;
}

Waveform& Waveform::set(Pins pins) {
  steps_.push_back({.action = Action::set, .pins = pins});
  return *this;
}

Waveform& Waveform::wait(Duration time) {
  lengthen(time);
  steps_.push_back({.action = Action::wait, .time = time});
  return *this;
}

Waveform& Waveform::sample() {
  steps_.push_back({.action = Action::sample});
  return *this;
}

Waveform& Waveform::sample_every(Duration period, Duration total) {
  if (period <= Duration::zero()) {
    throw std::invalid_argument("sampling period must be positive");
  }
  lengthen(total);
  steps_.push_back({.action = Action::sample_every, .time = total, .period = period});
  return *this;
}

Waveform& Waveform::wait_for_gpiol1(bool level) {
  steps_.push_back({.action = Action::wait_for_gpiol1, .level = level});
  return *this;
}

Waveform& Waveform::add(const Piece& piece) {
  lengthen(piece.steps.length_);
  steps_.push_back({.action = Action::piece, .piece = &piece});
  return *this;
}

Piece::Piece(Waveform steps_, ChipClock clock_)
    : steps(std::move(steps_)), clock(clock_), compiled(compile(steps, clock_)) {}

class Compiler {
 public:
  Compiler(const Waveform& waveform, ChipClock clock)
      : clock_(clock), ticks_per_clock_(clock.ticks_per_clock()) {
    out_.left = waveform.start_;
    std::size_t commands = 8 * waveform.steps_.size() + 1;
    std::size_t settings = waveform.steps_.size();
    for (const Waveform::Step& step : waveform.steps_) {
      if (step.piece == nullptr) continue;
      commands += step.piece->compiled.commands.size();
      settings += step.piece->compiled.settings.size();
    }
    out_.commands.reserve(commands);
    out_.settings.reserve(settings);
  }

  void take(const Waveform& waveform) {
    for (const Waveform::Step& step : waveform.steps_) take(step);
  }

  Compiled finish() {
    if (samples_ > 0) out_.commands.push_back(op::kFlush);
    out_.reply_bytes = 2 * static_cast<std::size_t>(samples_);
    out_.ticks = clocks_ * ticks_per_clock_;
    out_.length = to_duration(out_.ticks);
    return std::move(out_);
  }

 private:
  void take(const Waveform::Step& step) {
    switch (step.action) {
      case Waveform::Action::set:
        set(step.pins);
        break;
      case Waveform::Action::wait:
        asked_ += step.time;
        wait_until_asked();
        break;
      case Waveform::Action::sample:
        add_run(0, 1);
        append_sample(out_.commands);
        break;
      case Waveform::Action::sample_every:
        sample_every(step);
        break;
      case Waveform::Action::wait_for_gpiol1:
        out_.commands.push_back(step.level ? op::kWaitGpiol1High : op::kWaitGpiol1Low);
        out_.waits_for_pin = true;
        break;
      case Waveform::Action::piece:
        if (fits(*step.piece)) {
          add(*step.piece);
        } else {
          take(step.piece->steps);
        }
        break;
    }
  }

  void set(Pins pins) {
    const std::uint16_t changed =
        out_.left ? static_cast<std::uint16_t>((pins.value ^ out_.left->value) |
                                               (pins.direction ^ out_.left->direction))
                  : 0xffff;
    if (changed & 0x00ff) append_set_low(out_.commands, pins);
    if (changed & 0xff00) append_set_high(out_.commands, pins);
    out_.settings.push_back({clocks_ * ticks_per_clock_, pins.value});
    out_.left = pins;
  }

  void sample_every(const Waveform::Step& step) {
    const std::int64_t period = whole_clocks(step.period, ticks_per_clock_);
    const std::int64_t count = step.time / step.period;
    if (count > 0) {
      add_run(period, count);
      const std::size_t from = out_.commands.size();
      append_wait(out_.commands, period);
      append_sample(out_.commands);
      append_repeated(out_.commands, from, count);
      clocks_ += count * period;
    }
    asked_ += step.time;
    wait_until_asked();
  }

  /// Its bytes are the same here as where it was compiled.
  bool fits(const Piece& piece) const {
    return piece.clock == clock_ && out_.left == piece.steps.start_ &&
           asked_.count() * kTickThirds ==
               clocks_ * ticks_per_clock_ * kNanosecondsPer3Ticks;
  }

  void add(const Piece& piece) {
    const Compiled& it = piece.compiled;
    out_.commands.insert(out_.commands.end(), it.commands.begin(), it.commands.end());
    for (const Setting& each : it.settings) {
      out_.settings.push_back({clocks_ * ticks_per_clock_ + each.tick, each.value});
    }
    clocks_ += it.ticks / ticks_per_clock_;
    asked_ += piece.steps.length_;
    out_.left = it.left;
  }

  void wait_until_asked() {
    const std::int64_t target = nearest_clock(asked_, ticks_per_clock_);
    append_wait(out_.commands, target - clocks_);
    clocks_ = target;
  }

  void add_run(std::int64_t period, std::int64_t count) {
    out_.samples.push_back(
        {(clocks_ + period) * ticks_per_clock_, period * ticks_per_clock_, count});
    samples_ += count;
  }

  ChipClock clock_;
  std::int64_t ticks_per_clock_;
  Compiled out_;
  Duration asked_{};
  std::int64_t clocks_ = 0;
  std::int64_t samples_ = 0;
};

Compiled compile(const Waveform& waveform, ChipClock clock) {
  Compiler compiler(waveform, clock);
  compiler.take(waveform);
  return compiler.finish();
}

std::vector<Part> cut(const Compiled& compiled, std::size_t most, ChipClock clock) {
  constexpr std::size_t kLongestCommand = 3;
  if (compiled.waits_for_pin || most < kLongestCommand) {
    throw std::invalid_argument("a command stream that cannot be cut");
  }
  std::vector<Part> parts;
  Part part;
  const auto end_part = [&] {
    if (part.size == 0) return;
    parts.push_back(part);
    part = {.from = part.from + part.size};
  };
  ByteView rest = compiled.commands;
  for (std::size_t before = rest.size(); const auto command = next(rest);
       before = rest.size()) {
    const std::size_t size = before - rest.size();
    if (part.size + size > most) end_part();
    part.size += size;
    part.ticks += std::int64_t{command->clocks} * clock.ticks_per_clock();
    if (command->kind == Command::Kind::read_low ||
        command->kind == Command::Kind::read_high) {
      ++part.reply_bytes;
    }
  }
  end_part();
  return parts;
}

std::int64_t equal_samples(ByteView reply, std::int64_t count, std::uint16_t pins,
                           std::uint16_t mask) {
  const auto in_wire_order = [](std::uint16_t word) {
    std::uint8_t bytes[8];
    for (int i = 0; i < 8; ++i) {
      bytes[i] = static_cast<std::uint8_t>(i % 2 == 0 ? word : word >> 8);
    }
    std::uint64_t four;
    std::memcpy(&four, bytes, sizeof four);
    return four;
  };
  const std::uint64_t four_pins = in_wire_order(pins);
  const std::uint64_t four_masks = in_wire_order(mask);
  const std::uint8_t* const data = reply.data();
  std::int64_t i = 0;
  for (; i + 4 <= count; i += 4) {
    std::uint64_t four;
    std::memcpy(&four, data + 2 * i, sizeof four);
    if (((four ^ four_pins) & four_masks) != 0) break;
  }
  for (; i < count; ++i) {
    const int read = data[2 * i] | data[2 * i + 1] << 8;
    if (((read ^ pins) & mask) != 0) break;
  }
  return i;
}

}  // namespace lockrig::mpsse
