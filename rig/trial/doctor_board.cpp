// What the doctor asks of the board: its console, its name, its keypad and its bolt.
#include <fmt/format.h>

#include <algorithm>

#include "rig/trial/baseline.hpp"
#include "rig/trial/doctor_checks.hpp"

namespace lockrig::trial {

using station::Bolt;
using station::Edge;
using Status = Finding::Status;

Task<void> Doctor::ask_console() {
  if (!banner_) {
    fail("console",
         fmt::format("no boot banner within {} s of power on", to_seconds(kStartLimit)),
         "the console's wires, its isolator and its speed");
  }
  auto reply = co_await rig_.client()->state();
  const auto* state = std::get_if<lock::State>(&reply);
  if (state == nullptr) {
    fail("console", "the service port: " + std::get<lock::Failure>(reply).what,
         "the console's wires, its isolator and its speed");
  } else if (banner_) {
    Finding& finding = pass("console");
    finding.measured = to_seconds(banner_after_);
    finding.unit = "s";
    finding.high = to_seconds(kStartLimit);
  }
  if (state != nullptr) identify(*state);
}

void Doctor::identify(const lock::State& state) {
  const LockFacts& facts = rig_.facts();
  const auto dash = facts.board.rfind('-');
  if (rig_.client()->tells(lock::Topic::identity)) {
    agree("model", state.model, facts.board.substr(0, dash));
    agree("revision", state.revision, facts.board.substr(dash + 1));
    agree("serial", state.serial, facts.serial);
  }
  const auto released = rig_.images().released(facts.board);
  const bool known =
      std::any_of(released.begin(), released.end(), [&](const std::string& name) {
        return name.substr(name.find('/') + 1) == state.version;
      });
  if (known) {
    pass("version", state.version);
  } else {
    fail("version", state.version + " was never released for a " + facts.board,
         "what was last loaded into this lock");
  }
}

void Doctor::agree(const char* check, const std::string& says,
                   const std::string& expected) {
  if (says == expected) {
    pass(check, says);
    return;
  }
  fail(check, fmt::format("the board says {}, the bench file {}", says, expected),
       "which lock is mounted here");
}

Task<void> Doctor::press_a_key() {
  std::vector<int> answers;
  for (const char* name : {"led_red", "led_green", "beeper"}) {
    if (gpio_.has(name)) answers.push_back(gpio_.line(name));
  }
  if (answers.empty()) {
    find("keypad").detail = "the station has no LED sense and no beeper sense";
    co_return;
  }
  const std::string harmless = "lock";
  std::size_t looked_at = gpio_.edges().size();
  const Instant pressed = world().now();
  co_await station_.keypad.press(harmless);
  std::optional<Instant> answered;
  std::function<bool()> seen = [&] {
    for (; looked_at < gpio_.edges().size() && !answered; ++looked_at) {
      const Edge& edge = gpio_.edges()[looked_at];
      const bool is_answer =
          std::find(answers.begin(), answers.end(), edge.line) != answers.end();
      if (is_answer && edge.active && edge.at >= pressed) answered = edge.at;
    }
    return answered.has_value();
  };
  co_await gpio_.watch(std::move(seen), world().now() + limits().signal_max);
  if (!answered) {
    fail("keypad", "a key press was not answered by LED or beeper",
         "the keypad's wires, the light sensors and the beeper's");
    co_return;
  }
  Finding& finding = pass("keypad");
  finding.measured = milliseconds(*answered - pressed);
  finding.unit = "ms";
  finding.high = milliseconds(limits().signal_max);
}

Task<void> Doctor::move_the_bolt() {
  co_await hand_.signal(limits().signal_max);  // what the key press led to
  if (station_.bolt.position() != Bolt::Position::extended &&
      !co_await station_.bolt.wait_for(Bolt::Position::extended,
                                       world().now() + limits().relock_max)) {
    find("bolt").detail = fmt::format("not locked: the bolt reads as {}",
                                      to_string(station_.bolt.position()));
    find("bolt").look_at = "the bolt, and the wire bolt_extended";
    find("bolt").status = Status::failed;
    co_return;
  }
  const std::vector<std::string> codes = {owner_codes(rig_.facts()).user,
                                          rig_.facts().slip_user};
  for (const std::string& code : codes) {
    const Entry opened = co_await hand_.enter(code, true);
    if (opened.result == Entry::Result::refused) continue;
    Entry locked;
    if (opened.result == Entry::Result::opened) {
      locked = co_await hand_.enter(code, false);
    }
    if (locked.result == Entry::Result::locked) {
      Finding& finding = pass("bolt", "seen to open and to lock");
      finding.measured = to_seconds(opened.took);
      finding.unit = "s";
      finding.high = to_seconds(limits().unlock_max);
    } else {
      const bool moved = opened.result == Entry::Result::opened;
      fail("bolt",
           fmt::format("{}: {}", moved ? "a right code at an open lock" : "a code",
                       to_string(moved ? locked.result : opened.result)),
           "the bolt sensors and their wires");
    }
    co_return;
  }
  find("bolt").detail = "no code that the rig knows opens it";
}

}  // namespace lockrig::trial
