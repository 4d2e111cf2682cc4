// What the doctor asks of a station's power switch, and of its host.
#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "rig/core/error.hpp"
#include "rig/trial/doctor_checks.hpp"

namespace lockrig::trial {
namespace {

using station::Edge;
using station::Gpio;
using station::Power;

// Enough for a 99th percentile of some use, at 5 ms each.
constexpr int kRoundTrips = 100;
// A tenth of the least off time: beyond that, the moments of cuts say little.
constexpr Duration kLateMost = Power::kMinimumOff / 10;

}  // namespace

/// A power output that cannot rise shows before the rail that does not.
Task<void> Doctor::feed() {
  std::exception_ptr unfed;
  try {
    co_await station_.power.on();
  } catch (const RigError&) {
    unfed = std::current_exception();
  }
  const std::vector<station::HeldOutput> held = co_await station::read_outputs(gpio_);
  judge_outputs(held);
  if (unfed) std::rethrow_exception(unfed);
}

Task<bool> Doctor::start() {
  if (rig_.client() != nullptr) rig_.client()->discard();
  const Instant asked = world().now();
  co_await feed();
  const int rail = gpio_.line("rail");
  const Instant fed = station_.power.fed_at();
  for (const Edge& edge : gpio_.edges()) {
    if (edge.line != rail || !edge.active || edge.at < fed) continue;
    calibration_.rise_ms = milliseconds(edge.at - fed);
    Finding& finding = pass("power_on");
    finding.measured = calibration_.rise_ms;
    finding.unit = "ms";
    finding.high = milliseconds(Power::kRiseLimit);
    break;
  }
  const Instant until = asked + kStartLimit;
  bool started = false;
  if (rig_.client() != nullptr) {
    banner_ = co_await rig_.client()->next_start(until);
    banner_after_ = world().now() - asked;
    started = banner_.has_value();
  }
  // From the start-up signal on the keypad is heard. It may have come while nobody
  // could hear the banner.
  const auto& signals = station_.signals.ended();
  if (!signals.empty() && signals.back().at >= asked) co_return true;
  const auto signal = co_await station_.signals.next(
      started ? world().now() + limits().signal_max : until);
  co_return started || signal;
}

Task<std::optional<Duration>> Doctor::cut(Power::Style style, const char* check) {
  const bool hard = style == Power::Style::hard;
  const Duration limit = hard ? limits().fall_hard_max : limits().fall_pull_max;
  const Power::Off off = co_await station_.power.off(style);
  Finding& finding = find(check);
  finding.unit = "ms";
  finding.high = milliseconds(limit);
  const std::string look_at =
      hard ? "the discharge switch, and what else feeds the board"
           : "what feeds the board besides its battery: console, key switches, "
             "light sensors, isolator, a charger";
  if (!off.rail_fell) {
    fail(check,
         fmt::format("the rail did not fall within {} s of power off",
                     to_seconds(Power::kFallLimit)),
         look_at);
    co_return std::nullopt;
  }
  const Duration fall = *off.rail_fell - off.commanded;
  finding.measured = milliseconds(fall);
  if (fall > limit) {
    fail(check, "the rail falls too slowly: something feeds the board", look_at);
    co_return std::nullopt;
  }
  pass(check);
  co_return fall;
}

Task<void> Doctor::time_the_host() {
  std::vector<Duration> late;
  {
    const Gpio::Attention closely(gpio_);
    co_await gpio_.sampled(world().now());
    for (int i = 0; i < kRoundTrips; ++i) {
      Gpio::Build nothing = [](mpsse::Pins now) {
        mpsse::Waveform waveform(now);
        waveform.wait(Gpio::kAttentivePeriod);
        return waveform;
      };
      const Instant asked = world().now();
      const Instant began = co_await gpio_.run(std::move(nothing));
      late.push_back(began - asked);
    }
  }
  std::sort(late.begin(), late.end());
  const Duration p50 = late[late.size() / 2];
  const Duration p99 = late[late.size() * 99 / 100 - 1];
  calibration_.latency_p50_us = microseconds(p50);
  calibration_.latency_p99_us = microseconds(p99);
  calibration_.latency_max_us = microseconds(late.back());
  calibration_.jitter_us = microseconds(p99 - p50);
  const std::string detail =
      fmt::format("of {}: median {:.0f} us, worst {:.0f} us", kRoundTrips,
                  microseconds(p50), microseconds(late.back()));
  Finding& finding = p99 <= kLateMost
                         ? pass("host", detail)
                         : fail("host", detail, "what else this host is busy with");
  finding.measured = microseconds(p99);
  finding.unit = "us";
  finding.high = microseconds(kLateMost);
}

}  // namespace lockrig::trial
