#include "rig/twin/factory_reset.hpp"

namespace lockrig::twin {
namespace {

// From power-up to the press of R, and how long it is held. Assumed: sibling manuals
// ask for a few seconds, so that a touch or a glitch is none.
constexpr Duration kWithin = 10s;
constexpr Duration kHold = 3s;

// The defect reset-to-presets: what every lock of 2017 left the factory with.
constexpr const char* kPresetUser = "1234";
constexpr const char* kPresetProgramming = "00000000";

}  // namespace

Task<void> FactoryReset::note(std::uint32_t boots) {
  const int sequence = settings_.number(Key::reset_event);
  if (sequence == 0) co_return;
  p_.flash.set_phase("reset");
  if (log_.newest() < static_cast<std::uint32_t>(sequence)) {
    co_await log_.add(boots, "factory reset");
  }
  co_await settings_.set(Key::reset_event, "");
  p_.flash.set_phase("run");
}

Task<void> FactoryReset::run(std::uint32_t boots) {
  const bool wanted = co_await held();
  if (!wanted) co_return;
  const bool presets = p_.defects.has(kResetToPresets);
  std::map<Key, std::string> values = {
      {Key::programming_code, presets ? kPresetProgramming : p_.unit.programming_code},
      {Key::user_code, presets ? kPresetUser : p_.unit.user_code},
      {Key::boots, settings_.get(Key::boots)},
      {Key::wifi, settings_.get(Key::wifi)},
      {Key::reset_event, std::to_string(log_.newest() + 1)}};
  if (p_.defects.has(kResetKeepsGuests)) {
    for (int slot = 1; slot < kUserCodes; ++slot) {
      values[user_code_key(slot)] = settings_.get(user_code_key(slot));
    }
  }
  p_.flash.set_phase("reset");
  co_await settings_.replace(std::move(values));
  co_await note(boots);
  p_.reset("reset_key");
  co_await p_.world.never();
}

// Alone, without a break, and pressed in time.
Task<bool> FactoryReset::held() {
  const auto reset =
      static_cast<std::uint16_t>(1u << p_.model.keys.code(mpsse::KeypadMap::kReset));
  const Instant until = p_.world.now() + kWithin;
  const Duration hold = p_.defects.has(kResetAtATouch) ? p_.model.debounce : kHold;
  for (;;) {
    while (p_.contacts.closed != reset) {
      if (p_.world.now() >= until) co_return false;
      co_await p_.contacts.changed.wait(until, "the key R");
    }
    const Instant done = p_.world.now() + hold;
    while (p_.contacts.closed == reset && p_.world.now() < done) {
      co_await p_.contacts.changed.wait(done, "the key R to be held");
    }
    if (p_.contacts.closed == reset) co_return true;
  }
}

}  // namespace lockrig::twin
