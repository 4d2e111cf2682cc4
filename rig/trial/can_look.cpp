#include "rig/trial/can_look.hpp"

#include <fmt/format.h>

#include "rig/core/error.hpp"
#include "rig/trial/baseline.hpp"

namespace lockrig::trial {
namespace {

using station::Bolt;

RigError cannot_look(Rig& rig, const std::string& device, const std::string& what,
                     const std::string& check) {
  return RigError(rig.facts().station, device, what, check);
}

Task<void> check_keypad(Rig& rig, Hand& hand) {
  station::Station& s = rig.station();
  const Instant pressed = rig.world().now();
  const std::string harmless = "lock";
  co_await s.keypad.press(harmless);
  const auto answered = co_await hand.signal(rig.facts().limits.signal_max);
  if (!answered &&
      (s.signals.ended().empty() || s.signals.ended().back().at < pressed)) {
    throw cannot_look(rig, "keypad", "a good lock answered no key press",
                      "the keypad's wires and the LED sense lines");
  }
}

// Both ends must be seen: a sensor that never trips would show only later.
Task<void> check_bolt_ends(Rig& rig, Hand& hand, const std::string& user_code) {
  const Entry opened = co_await hand.enter(user_code, true);
  if (opened.result != Entry::Result::opened) {
    throw cannot_look(
        rig, "bolt sensors",
        fmt::format("a right code at a good lock: {}", to_string(opened.result)),
        "the wires bolt_extended, bolt_retracted and the keypad's");
  }
  const Entry locked = co_await hand.enter(user_code, false);
  if (locked.result != Entry::Result::locked) {
    throw cannot_look(
        rig, "bolt sensors",
        fmt::format("a right code at an open lock: {}", to_string(locked.result)),
        "the wire bolt_extended");
  }
}

}  // namespace

Task<void> check_that_it_can_look(Rig& rig, Hand& hand, const std::string& user_code) {
  if (!co_await power_up(rig)) {
    throw cannot_look(rig, "console", "a good lock did not start",
                      "console wires, supply");
  }
  co_await hand.signal(rig.facts().limits.signal_max);
  const Bolt::Position bolt = rig.station().bolt.position();
  if (bolt != Bolt::Position::extended) {
    throw cannot_look(rig, "bolt sensors",
                      fmt::format("a locked bolt reads as {}", to_string(bolt)),
                      "the wires bolt_extended and bolt_retracted");
  }
  if (rig.client() != nullptr && rig.client()->tells(lock::Topic::version)) {
    const auto reply = co_await rig.client()->state();
    if (const auto* failure = std::get_if<lock::Failure>(&reply)) {
      throw cannot_look(rig, "console", failure->what, "console wires");
    }
  }
  co_await check_keypad(rig, hand);
  co_await check_bolt_ends(rig, hand, user_code);
}

}  // namespace lockrig::trial
