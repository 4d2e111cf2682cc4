#include "rig/twin/signaller.hpp"

namespace lockrig::twin {
namespace {

// Assumed: no manual gives them. Two signals are told apart by the longer pause.
constexpr Duration kPulse = 100ms;
constexpr Duration kClick = 40ms;
constexpr Duration kBetweenPulses = 100ms;
constexpr Duration kBetweenSignals = 400ms;

}  // namespace

void Signaller::show(Colour colour, int count) {
  patterns_.push_back({colour, count, kPulse, kBetweenSignals});
  queued_.notify();
}

void Signaller::key_press() {
  patterns_.push_front({Colour::green, 1, kClick, Duration::zero()});
  queued_.notify();
}

void Signaller::drive(Colour colour, bool on) {
  // Whoever mutes it still sees what it says.
  if (muted_ && p_.defects.has(kMuteIsDark)) return;
  if (colour != Colour::red) p_.set(Output::led_green, on);
  if (colour != Colour::green) p_.set(Output::led_red, on);
  if (!muted_ || !on) p_.set(Output::beeper, on);
}

Task<void> Signaller::run() {
  for (;;) {
    while (patterns_.empty()) co_await queued_.wait(kNever, "a signal to show");
    const Pattern pattern = patterns_.front();
    patterns_.pop_front();
    Instant due = p_.world.now() + pattern.pause;
    for (int i = 0; i < pattern.count; ++i) {
      if (!p_.world.skip_to(due)) co_await p_.world.wake_at(due, "a signal");
      drive(pattern.colour, true);
      due = p_.world.now() + pattern.pulse;
      if (!p_.world.skip_to(due)) co_await p_.world.wake_at(due, "a signal");
      drive(pattern.colour, false);
      due = p_.world.now() + kBetweenPulses;
    }
  }
}

}  // namespace lockrig::twin
