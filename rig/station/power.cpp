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

}  // namespace

Power::Power(Gpio& gpio)
    : gpio_(gpio),
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

Task<void> Power::on() {
  const Gpio::Attention closely(gpio_);
  Gpio::Build feed = [this](mpsse::Pins now) {
    on_ = true;
    mpsse::Waveform waveform(now);
    now = with(now, discharge_, false);
    waveform.set(now).wait(kSwitchTime);
    waveform.set(with(now, power_, true));
    return waveform;
  };
  const Instant fed = co_await gpio_.run(std::move(feed)) + kSwitchTime;
  if (!co_await gpio_.wait_for(rail_, true, fed + kRiseLimit)) {
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

Task<Power::Off> Power::off(Style style) {
  bool was_on = false;
  Gpio::Build cut = [this, style, &was_on](mpsse::Pins now) {
    was_on = on_;
    on_ = false;
    if (live_) live_(false);
    mpsse::Waveform waveform(now);
    now.value =
        static_cast<std::uint16_t>((now.value & ~no_keys_.direction) | no_keys_.value);
    now = with(now, isolate_, true);
    waveform.set(now).wait(kSwitchTime);
    now = with(now, power_, false);
    if (style == Style::pull) now = with(now, discharge_, false);
    waveform.set(now).wait(kSwitchTime);
    if (style == Style::hard) waveform.set(with(now, discharge_, true));
    waveform.sample_every(Gpio::kAttentivePeriod, kFallWatched);
    return waveform;
  };
  const Instant start = co_await gpio_.run(std::move(cut));
  Off off{start + kSwitchTime, std::nullopt};
  const bool was_up = gpio_.active_at(rail_, off.commanded);
  if (was_up) {
    co_await gpio_.wait_for(rail_, false, off.commanded + kFallLimit);
    off.rail_fell = rail_fell(off.commanded);
  } else if (!was_on) {
    off.rail_fell = off.commanded;
  }
  co_return off;
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
  for (const Edge& edge : gpio_.edges()) {
    if (edge.line == rail_ && !edge.active && edge.at >= since) return edge.at;
  }
  return std::nullopt;
}

}  // namespace lockrig::station
