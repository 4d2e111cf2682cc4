#include "rig/station/power.hpp"

#include <algorithm>
#include <stdexcept>

#include "rig/core/error.hpp"

namespace lockrig::station {
namespace {

/// Between one switch and the next, so that feed, pins and discharge never meet.
/// Assumed for electronic switches (microseconds); a relay would need its 10 ms.
constexpr Duration kSwitchTime = 100us;
/// A discharged rail falls within milliseconds: it is watched closely that long.
constexpr Duration kFallWatched = 20ms;
/// An interruption this short is sampled every kFineSamples.
constexpr Duration kShort = 10ms;
constexpr Duration kFineSamples = 100us;

}  // namespace

Power::Power(Gpio& gpio, PowerLimits limits)
    : gpio_(gpio),
      limits_(limits),
      power_(gpio.line("power")),
      discharge_(gpio.line("discharge")),
      isolate_(gpio.line("isolate")),
      rail_(gpio.line("rail")) {
  for (const mpsse::Line& line : gpio.wiring().lines()) {
    if (line.name.starts_with("key")) no_keys_.direction |= line.mask();
  }
  no_keys_.value = gpio.wiring().idle() & no_keys_.direction;
}

mpsse::Pins Power::with(mpsse::Pins pins, int line, bool active) const {
  const mpsse::Line& it = gpio_.wiring().lines()[static_cast<std::size_t>(line)];
  return {mpsse::Wiring::with(pins.value, it, active), pins.direction};
}

mpsse::Pins Power::without_keys(mpsse::Pins pins) const {
  return {
      static_cast<std::uint16_t>((pins.value & ~no_keys_.direction) | no_keys_.value),
      pins.direction};
}

mpsse::Pins Power::cut(mpsse::Pins pins, Style style) const {
  if (off_withheld_) return pins;
  pins = with(pins, power_, false);
  return style == Style::pull ? with(pins, discharge_, false) : pins;
}

mpsse::Pins Power::discharged(mpsse::Pins pins, Style style) const {
  const bool discharges = style == Style::hard && !off_withheld_;
  return discharges ? with(pins, discharge_, true) : pins;
}

Task<void> Power::on() {
  if (limits_.minimum_off > Duration::zero() && !on_) {
    const Instant off_since = std::max(off_at_, gpio_.reset_at());
    co_await gpio_.world().sleep_until(off_since + limits_.minimum_off,
                                       "power to stay off");
  }
  const Gpio::Attention closely(gpio_);
  Gpio::Build feed = [this](mpsse::Pins now) {
    on_ = true;
    mpsse::Waveform waveform(now);
    now = with(now, discharge_, false);
    waveform.set(now).wait(kSwitchTime);
    if (!on_withheld_) waveform.set(with(now, power_, true));
    return waveform;
  };
  fed_at_ = co_await gpio_.run(std::move(feed)) + kSwitchTime;
  co_await connect(fed_at_);
}

Task<void> Power::connect(Instant fed) {
  if (!co_await gpio_.wait_for(rail_, true, fed + kRiseLimit) && !on_withheld_) {
    throw RigError(gpio_.station(), "power",
                   "the rail did not rise within 1 s of power on",
                   "the rail sense wire and the supply");
  }
  Gpio::Build connect = [this](mpsse::Pins now) {
    mpsse::Waveform waveform(now);
    // Somebody may have cut the power since: then the console stays isolated.
    if (!on_) return waveform;
    waveform.set(with(now, isolate_, false));
    if (live_) live_(true);
    return waveform;
  };
  co_await gpio_.run(std::move(connect));
}

void Power::went_off() {
  on_ = false;
  if (live_) live_(false);
}

Task<Power::Off> Power::off(Style style) {
  bool was_on = false;
  Gpio::Build cut_now = [this, style, &was_on](mpsse::Pins now) {
    was_on = on_;
    went_off();
    mpsse::Waveform waveform(now);
    now = with(without_keys(now), isolate_, true);
    waveform.set(now).wait(kSwitchTime);
    now = cut(now, style);
    waveform.set(now).wait(kSwitchTime);
    if (style == Style::hard) waveform.set(discharged(now, style));
    waveform.sample_every(Gpio::kAttentivePeriod, kFallWatched);
    return waveform;
  };
  const Instant start = co_await gpio_.run(std::move(cut_now));
  Off off{start + kSwitchTime, std::nullopt};
  co_await see_fall(off, was_on);
  co_return off;
}

Task<Power::Off> Power::off_with_chatter(std::uint64_t bounces, Duration bounce) {
  if (bounces < 1 || bounces > kMostBounces) {
    throw std::invalid_argument("contacts bounce 1 to 100 times");
  }
  if (bounce < kSwitchTime || bounce > 100ms) {
    throw std::invalid_argument("a bounce lasts 100 us to 100 ms");
  }
  bool was_on = false;
  Gpio::Build build = [this, bounces, bounce, &was_on](mpsse::Pins now) {
    was_on = on_;
    went_off();
    mpsse::Waveform waveform(now);
    const mpsse::Pins isolated = with(without_keys(now), isolate_, true);
    waveform.set(isolated).wait(kSwitchTime);
    const mpsse::Pins open = cut(isolated, Style::pull);
    for (std::uint64_t i = 0; i < bounces; ++i) {
      waveform.set(open).wait(bounce).set(isolated).wait(bounce);
    }
    waveform.set(open).sample_every(Gpio::kAttentivePeriod, kFallWatched);
    return waveform;
  };
  const Instant start = co_await gpio_.run(std::move(build));
  const auto bouncing = 2 * bounce * static_cast<std::int64_t>(bounces);
  Off off{start + kSwitchTime + bouncing, std::nullopt};
  co_await see_fall(off, was_on);
  co_return off;
}

Task<void> Power::see_fall(Off& off, bool was_on) {
  off_at_ = off.commanded;
  if (gpio_.active_at(rail_, off.commanded)) {
    co_await gpio_.wait_for(rail_, false, off.commanded + kFallLimit);
    off.rail_fell = rail_fell(off.commanded);
  } else if (!was_on) {
    off.rail_fell = off.commanded;
  }
}

Task<Power::EdgeCut> Power::off_on_busy(Style style, Instant until,
                                        std::function<bool()> in_vain) {
  const mpsse::Line& busy = gpio_.wiring().at("busy");
  Gpio::Build armed = [this, style, &busy](mpsse::Pins now) {
    mpsse::Waveform waveform(now);
    waveform.wait_for_gpiol1(!busy.active_high).wait_for_gpiol1(busy.active_high);
    now = cut(with(without_keys(now), isolate_, true), style);
    waveform.set(now).wait(kSwitchTime);
    if (style == Style::hard) waveform.set(discharged(now, style));
    waveform.sample_every(Gpio::kAttentivePeriod, kFallWatched);
    return waveform;
  };
  const bool was_on = on_;
  const auto edge =
      co_await gpio_.run_on_edge(std::move(armed), until, std::move(in_vain));
  went_off();
  EdgeCut result{edge.has_value(), {edge.value_or(gpio_.reset_at()), std::nullopt}};
  co_await see_fall(result.off, was_on);
  co_return result;
}

Task<Power::Interruption> Power::interrupt(Duration off, Style style) {
  if (off < kShortestInterruption || off > kLongestInterruption) {
    throw std::invalid_argument("an interruption of power lasts 1 ms to 1 s");
  }
  Gpio::Build build = [this, off, style](mpsse::Pins now) {
    if (!on_)
      throw std::invalid_argument("power is off: there is nothing to interrupt");
    if (live_) live_(false);
    const Duration period = off <= kShort ? kFineSamples : Gpio::kAttentivePeriod;
    mpsse::Waveform waveform(now);
    const mpsse::Pins isolated = with(without_keys(now), isolate_, true);
    waveform.set(isolated).wait(kSwitchTime);
    const mpsse::Pins down = cut(isolated, style);
    waveform.set(down).wait(kSwitchTime);
    waveform.set(discharged(down, style));
    waveform.sample_every(period, off - 2 * kSwitchTime);
    waveform.set(down).wait(kSwitchTime);
    waveform.set(isolated);
    waveform.sample_every(period, kFallWatched);
    return waveform;
  };
  const Gpio::Attention closely(gpio_);
  const Instant down = co_await gpio_.run(std::move(build)) + kSwitchTime;
  Interruption result{down, off, std::nullopt};
  co_await connect(down + off);
  if (const auto fell = rail_fell(down)) {
    if (const auto rose = changed(true, *fell)) result.achieved = *rose - *fell;
  }
  co_return result;
}

Task<Power::Dip> Power::dip(Duration time) {
  if (time < kShortestInterruption || time > kLongestInterruption) {
    throw std::invalid_argument("a dip of power lasts 1 ms to 1 s");
  }
  const int line = gpio_.line("dip");
  Gpio::Build build = [this, time, line](mpsse::Pins now) {
    if (!on_) throw std::invalid_argument("power is off: there is nothing to dip");
    const Duration period = time <= kShort ? kFineSamples : Gpio::kAttentivePeriod;
    mpsse::Waveform waveform(now);
    waveform.set(with(now, line, true)).sample_every(period, time);
    waveform.set(with(now, line, false)).sample_every(period, kFallWatched);
    return waveform;
  };
  const Instant began = co_await gpio_.run(std::move(build));
  co_return Dip{began, time, rail_fell(began)};
}

Task<void> Power::leave(bool keep_power) {
  Gpio::Build build = [this, keep_power](mpsse::Pins now) {
    mpsse::Waveform waveform(now);
    now = without_keys(now);
    if (keep_power) return waveform.set(now);
    went_off();
    now = with(now, isolate_, true);
    waveform.set(now).wait(kSwitchTime);
    now = with(now, power_, false);
    waveform.set(now).wait(kSwitchTime);
    return waveform.set(with(now, discharge_, true));
  };
  co_await gpio_.run(std::move(build));
}

Task<Power::Off> Power::cycle(Duration off, Style style) {
  if (off < kMinimumOff) {
    throw std::invalid_argument("power must stay off for at least 100 ms");
  }
  const Off cut = co_await this->off(style);
  const Instant down = cut.rail_fell.value_or(gpio_.world().now());
  co_await gpio_.world().sleep_until(down + off, "power to stay off");
  co_await on();
  co_return cut;
}

std::optional<Instant> Power::rail_fell(Instant since) const {
  return changed(false, since);
}

std::optional<Instant> Power::changed(bool active, Instant since) const {
  for (const Edge& edge : gpio_.edges()) {
    if (edge.line == rail_ && edge.active == active && edge.at >= since) return edge.at;
  }
  return std::nullopt;
}

}  // namespace lockrig::station
