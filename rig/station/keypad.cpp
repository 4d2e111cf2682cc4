#include "rig/station/keypad.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <utility>

#include "rig/core/error.hpp"
#include "rig/core/random.hpp"

namespace lockrig::station {
namespace {

/// Distinct whole microseconds below `span`, ascending.
std::vector<Duration> bounce_times(Random& random, Duration span, int count) {
  const auto spare = static_cast<std::uint64_t>(span / 1us - count);
  std::vector<Duration> times;
  for (int i = 0; i < count; ++i) {
    times.push_back(1us * static_cast<std::int64_t>(random.below(spare + 1)));
  }
  std::sort(times.begin(), times.end());
  for (int i = 0; i < count; ++i) times[static_cast<std::size_t>(i)] += 1us * i;
  return times;
}

}  // namespace

Keypad::Keypad(Gpio& gpio, const mpsse::KeypadMap& map, KeypadTimings timings,
               bool reset_key, Duration drive_max)
    : gpio_(gpio),
      map_(map),
      timings_(timings),
      reset_key_(reset_key),
      drive_max_(drive_max),
      channel_(gpio.world().trace().channel(gpio.station() + "/keypad")),
      switches_(make_key_switches(gpio.wiring())) {}

Contacts Keypad::contact(std::string_view key) const {
  if (key == mpsse::KeypadMap::kReset && !reset_key_) {
    throw std::invalid_argument("key R is behind the interlock, which is open");
  }
  const auto found = map_.find(key);
  if (!found) {
    std::string text = "no key '" + std::string(key) + "'; there are";
    for (const auto& [name, code] : map_.keys()) text += " " + name;
    throw std::invalid_argument(text);
  }
  return static_cast<Contacts>(1u << *found);
}

Contacts Keypad::held(mpsse::Pins now) const {
  return switches_->gated(now) ? chosen_ : Contacts{0};
}

void Keypad::close(mpsse::Waveform& waveform, mpsse::Pins& pins, Contacts contacts) {
  if (std::popcount(contacts) > switches_->at_once()) {
    throw std::invalid_argument("this keypad's wiring presses one key at a time");
  }
  if (contacts == 0) {
    switches_->gate(waveform, pins, false);
  } else if (const Contacts before = held(pins); contacts != before) {
    switches_->choose(waveform, pins, contacts);
    chosen_ = contacts;
    note(waveform, static_cast<Contacts>(contacts & ~before));
    switches_->gate(waveform, pins, true);
  }
}

std::string Keypad::names(Contacts contacts) const {
  std::string found;
  for (unsigned rest = contacts; rest != 0; rest &= rest - 1) {
    if (!found.empty()) found += ' ';
    found += map_.key_at(std::countr_zero(rest));
  }
  return found;
}

void Keypad::note(const mpsse::Waveform& waveform, Contacts closing) const {
  if (closing == 0) return;
  gpio_.world().trace().note(channel_, gpio_.begin() + waveform.length(),
                             names(closing));
}

void Keypad::check_hold() {
  const auto let_go = gpio_.let_go_at();
  if (held_ == 0 || !let_go || *let_go < held_since_) return;
  const std::string which = names(std::exchange(held_, Contacts{0}));
  throw RigError(gpio_.station(), "keypad",
                 "key " + which + " was driven longer than " +
                     std::to_string(drive_max_ / 1s) + " s and was released",
                 "what held it and did not release it");
}

void Keypad::check_drive(Duration hold) const {
  if (hold <= drive_max_) return;
  throw std::invalid_argument("no key may be driven longer than " +
                              std::to_string(drive_max_ / 1s) + " s");
}

void Keypad::keep_gap(mpsse::Waveform& waveform) const {
  const Instant now = gpio_.world().now();
  if (released_at_ + timings_.gap > now) {
    waveform.sample_every(Gpio::kSamplePeriod, released_at_ + timings_.gap - now);
  }
}

Task<void> Keypad::play(std::vector<Contacts> presses, Duration hold, Duration gap) {
  check_drive(hold);
  check_hold();
  if (presses.empty()) co_return;
  Gpio::Build build = [this, &presses, hold, gap](mpsse::Pins now) {
    mpsse::Waveform waveform(now);
    keep_gap(waveform);
    const Contacts others = held(now);
    bool first = true;
    for (const Contacts each : presses) {
      if (!first) waveform.sample_every(Gpio::kSamplePeriod, gap);
      first = false;
      close(waveform, now, others | each);
      waveform.sample_every(Gpio::kSamplePeriod, hold);
      close(waveform, now, others);
    }
    return waveform;
  };
  co_await gpio_.run(std::move(build));
  released_at_ = gpio_.world().now();
}

Task<void> Keypad::press(std::string key) {
  co_await press(std::move(key), timings_.hold);
}

Task<void> Keypad::press(std::string key, Duration hold) {
  std::vector<Contacts> presses(1, contact(key));
  co_await play(std::move(presses), hold);
}

Task<void> Keypad::type(std::vector<std::string> keys) {
  co_await type(std::move(keys), timings_.hold, timings_.gap);
}

Task<void> Keypad::type(std::vector<std::string> keys, Duration hold, Duration gap) {
  if (hold < Gpio::kSamplePeriod || gap < Gpio::kSamplePeriod) {
    throw std::invalid_argument("a key is held, and let go, for 5 ms or more");
  }
  std::vector<Contacts> presses;
  for (const std::string& key : keys) presses.push_back(contact(key));
  co_await play(std::move(presses), hold, gap);
}

Task<void> Keypad::enter(std::string code) {
  std::vector<Contacts> presses;
  presses.reserve(code.size() + 1);
  for (const char& digit : code) presses.push_back(contact({&digit, 1}));
  presses.push_back(contact("enter"));
  co_await play(std::move(presses), timings_.hold);
}

Task<void> Keypad::chord(std::vector<std::string> keys, Duration hold) {
  Contacts all = 0;
  for (const std::string& key : keys) all |= contact(key);
  std::vector<Contacts> presses(keys.empty() ? 0 : 1, all);
  co_await play(std::move(presses), hold);
}

Task<void> Keypad::press_with_bounce(std::string key, Duration bounce, int edges,
                                     std::uint64_t seed) {
  const Contacts pressed = contact(key);
  if (edges < 1 || edges % 2 == 0 || bounce < 1us * edges) {
    throw std::invalid_argument(
        "a bounce has an odd number of edges, a microsecond or more apart");
  }
  check_drive(timings_.hold + 2 * bounce);
  check_hold();
  Gpio::Build build = [=, this](mpsse::Pins now) {
    if (held(now) != 0) throw std::invalid_argument("another key is held");
    mpsse::Waveform waveform(now);
    keep_gap(waveform);
    switches_->choose(waveform, now, pressed);
    chosen_ = pressed;
    Random random(seed);
    const auto settle = [&](bool closed) {
      Duration at{};
      bool level = closed;
      const std::vector<Duration> times = bounce_times(random, bounce, edges);
      for (const Duration time : times) {
        waveform.wait(time - at);
        if (closed && time == times.front()) note(waveform, pressed);
        switches_->gate(waveform, now, level);
        level = !level;
        at = time;
      }
      waveform.wait(bounce - at);
    };
    settle(true);
    waveform.sample_every(Gpio::kSamplePeriod, timings_.hold);
    settle(false);
    return waveform;
  };
  co_await gpio_.run(std::move(build));
  released_at_ = gpio_.world().now();
}

Task<void> Keypad::hold(std::string key) {
  const Contacts more = contact(key);
  check_hold();
  Gpio::Build build = [this, more](mpsse::Pins now) {
    mpsse::Waveform waveform(now);
    keep_gap(waveform);
    const Contacts before = held(now);
    close(waveform, now, before | more);
    const Instant pressed = gpio_.begin() + waveform.length();
    if (before == 0) {
      held_ = 0;
      held_since_ = pressed;
    }
    held_ |= more;
    gpio_.dead_man(switches_->gate_mask(), pressed + drive_max_);
    return waveform;
  };
  co_await gpio_.run(std::move(build));
}

Task<void> Keypad::release_all() {
  check_hold();
  Gpio::Build build = [this](mpsse::Pins now) {
    mpsse::Waveform waveform(now);
    close(waveform, now, 0);
    held_ = 0;
    return waveform;
  };
  co_await gpio_.run(std::move(build));
  released_at_ = gpio_.world().now();
}

}  // namespace lockrig::station
