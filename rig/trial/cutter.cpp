#include "rig/trial/cutter.hpp"

#include <algorithm>
#include <stdexcept>

#include "rig/core/error.hpp"

namespace lockrig::trial {

using station::Power;

namespace {

Power::Style style_of(const Cut& cut) {
  return cut.style == Cut::Style::hard ? Power::Style::hard : Power::Style::pull;
}

std::string reset_of(const StartUp& start_up) {
  if (!start_up.banner) return "start-up signal";
  return "boot banner: boot " + std::to_string(start_up.banner->boots) + ", cause " +
         start_up.banner->cause;
}

/// Finds a text in a stream, also where it comes in pieces.
class TextFinder {
 public:
  explicit TextFinder(std::string text) : text_(std::move(text)) {}

  bool feed(ByteView bytes) {
    seen_.append(bytes.begin(), bytes.end());
    const bool found = seen_.find(text_) != std::string::npos;
    if (seen_.size() >= text_.size()) seen_.erase(0, seen_.size() - text_.size() + 1);
    return found;
  }

 private:
  std::string text_;
  std::string seen_;
};

/// Looks for a text on the console for as long as it lives.
class ConsoleWatch {
 public:
  ConsoleWatch(Rig& rig, std::string text, std::function<void()> found) : rig_(rig) {
    if (!rig.station().console) {
      throw std::invalid_argument("station " + rig.facts().station +
                                  " has no console to wait for");
    }
    rig.station().console->watch([finder = TextFinder(std::move(text)),
                                  found = std::move(found)](ByteView bytes) mutable {
      if (finder.feed(bytes)) found();
    });
  }
  ConsoleWatch(const ConsoleWatch&) = delete;
  ConsoleWatch& operator=(const ConsoleWatch&) = delete;
  ~ConsoleWatch() { rig_.station().console->watch({}); }

 private:
  Rig& rig_;
};

}  // namespace

Cutter::Cutter(Rig& rig, Hand& hand, const TrialSpec& spec,
               std::vector<CutEvidence>& made)
    : rig_(rig), hand_(hand), spec_(spec), made_(made), came_changed_(rig.world()) {}

void Cutter::note(std::string_view text) {
  Trace& trace = rig_.world().trace();
  trace.note(trace.channel("trial"), rig_.world().now(), text);
}

Task<bool> Cutter::make(const Cut& cut, StimulusRun* stimulus) {
  CutEvidence evidence;
  evidence.requested = describe(cut);
  const Instant armed = rig_.world().now();
  if (cut.trigger == Cut::Trigger::pin) {
    evidence.by_chip = co_await at_busy(cut, stimulus);
    co_return co_await see(cut, armed, evidence.by_chip, evidence);
  }
  came_ = false;
  arm(cut, stimulus);
  station::Gpio::Attention attention(rig_.station().gpio);
  const bool fired = co_await await(cut, stimulus);
  // A cut that did not come must not come later: what it would notify is gone then.
  if (!fired && rig_.probe() != nullptr) rig_.probe()->disarm();
  if (fired && cut.style == Cut::Style::dip) co_return co_await dip(cut, evidence);
  if (fired) {
    note("cut");
    Power& power = rig_.station().power;
    if (spec_.sham == Sham::cut) power.withhold_off();
    if (cut.style == Cut::Style::chatter) {
      co_await power.off_with_chatter(cut.bounces, cut.bounce);
    } else {
      co_await power.off(style_of(cut));
    }
    power.withhold_off(false);
  }
  co_return co_await see(cut, armed, fired, evidence);
}

/// Whatever makes itself heard: the probe's own cut needs arming ahead of its moment.
void Cutter::arm(const Cut& cut, StimulusRun* stimulus) {
  if (cut.trigger != Cut::Trigger::flash_op) return;
  if (rig_.probe() == nullptr) {
    throw std::invalid_argument("station " + rig_.facts().station +
                                " cannot count flash operations");
  }
  const bool from_here = stimulus == nullptr || spec_.counts_from == "stimulus";
  const std::uint64_t from = from_here ? rig_.probe()->count() : 0;
  rig_.probe()->cut_at(from + cut.at, cut.fraction, rig_.world().seed(),
                       [this, stimulus] {
                         came_ = true;
                         came_changed_.notify();
                         if (stimulus != nullptr) stimulus->progress().notify();
                       });
}

/// The off time of a cut that was made, and what the rail shows of it. Gives `made`.
Task<bool> Cutter::see(const Cut& cut, Instant armed, bool made, CutEvidence evidence) {
  Power& power = rig_.station().power;
  if (made) {
    // A lock that was not cut may still do what it was asked.
    if (!power.rail_up()) hand_.forget();
    co_await rig_.world().sleep_for(cut.off, "the off time");
    const auto fell = power.rail_fell(armed);
    if (fell) evidence.achieved_s = to_seconds(*fell);
    if (fell && !power.rail_up()) {
      evidence.off_s = to_seconds(rig_.world().now() - *fell);
    }
  }
  made_.push_back(std::move(evidence));
  co_return made;
}

/// The rail stays above power-on reset, so only the lock's own start proves it.
Task<bool> Cutter::dip(const Cut& cut, CutEvidence evidence) {
  note("dip");
  const Limits& limits = rig_.facts().limits;
  if (rig_.client() != nullptr) rig_.client()->discard();
  const Power::Dip dip = co_await rig_.station().power.dip(cut.off);
  evidence.achieved_s = to_seconds(dip.commanded);
  const auto started = co_await started_by(rig_, rig_.world().now() + limits.boot_max);
  if (started) {
    hand_.forget();
    evidence.reset = reset_of(*started);
    evidence.off_s = to_seconds(dip.asked);
    evidence.proven = true;
    // What it was doing goes on: power is not taken away in the middle of it.
    if (rig_.client() != nullptr) co_await settled(rig_, limits.confirm_max);
  }
  made_.push_back(std::move(evidence));
  co_return true;
}

/// Armed in the chip. False if the edge never came, to the end of the stimulus: the
/// chip was then set up anew, and power has fallen by its pull.
Task<bool> Cutter::at_busy(const Cut& cut, StimulusRun* stimulus) {
  Power& power = rig_.station().power;
  const Limits& limits = rig_.facts().limits;
  const station::Gpio::Attention attention(rig_.station().gpio);
  Life life(rig_.world(), "stimulus");
  std::function<bool()> in_vain;
  if (stimulus == nullptr) {
    co_await power.on();
  } else {
    life.spawn(stimulus->run());
    in_vain = [stimulus] { return stimulus->done(); };
  }
  co_await rig_.world().sleep_for(cut.delay, "the moment of the cut");
  note("cut armed");
  if (spec_.sham == Sham::cut) power.withhold_off();
  const Instant until =
      rig_.world().now() + (stimulus == nullptr ? limits.boot_max : limits.update_max);
  const Power::EdgeCut seen =
      co_await power.off_on_busy(style_of(cut), until, std::move(in_vain));
  power.withhold_off(false);
  co_return seen.came;
}

bool Cutter::due(const Cut& cut, const StimulusRun* stimulus) const {
  switch (cut.trigger) {
    case Cut::Trigger::bytes:
      return stimulus != nullptr && stimulus->acknowledged() >= cut.at;
    case Cut::Trigger::frames:
      return stimulus != nullptr && stimulus->frames() >= cut.at;
    case Cut::Trigger::event:
      return came_ || cut.event == "stimulus" || cut.event == "power_on";
    case Cut::Trigger::flash_op:
    case Cut::Trigger::console:
    case Cut::Trigger::pin:
      break;
  }
  return came_;
}

Task<bool> Cutter::await(const Cut& cut, StimulusRun* stimulus) {
  const bool follows = stimulus == nullptr;
  const auto refuse = [&](const std::string& why) {
    throw std::invalid_argument(describe(cut) + ": " + why);
  };
  if (cut.trigger == Cut::Trigger::event) {
    static constexpr std::string_view kEvents[] = {"stimulus", "power_on", "bolt_opens",
                                                   "bolt_locks", "check_in"};
    if (std::find(std::begin(kEvents), std::end(kEvents), cut.event) ==
        std::end(kEvents)) {
      refuse("no event \"" + cut.event +
             "\"; there are: stimulus, power_on, bolt_opens, bolt_locks, check_in");
    }
    const bool is_later = cut.event == "power_on";
    if (follows != is_later && cut.event != "check_in") {
      refuse(follows ? "a cut that follows another has the event power_on or check_in"
                     : "power_on is of a cut that follows another");
    }
  }
  const bool of_upload =
      cut.trigger == Cut::Trigger::bytes || cut.trigger == Cut::Trigger::frames;
  if (follows && of_upload) refuse("after another cut nothing is uploaded");

  std::optional<ConsoleWatch> watch;
  if (cut.trigger == Cut::Trigger::console) {
    if (cut.event.empty()) refuse("no text to wait for");
    watch.emplace(rig_, cut.event, [this, stimulus] {
      came_ = true;
      came_changed_.notify();
      if (stimulus != nullptr) stimulus->progress().notify();
    });
  }
  // Named: GCC 12 destroys a conditional's temporary in a coroutine twice.
  bool came = false;
  if (follows) {
    came = co_await await_after_power_on(cut);
  } else {
    came = co_await await_in_stimulus(cut, *stimulus);
  }
  co_return came;
}

Task<bool> Cutter::await_in_stimulus(const Cut& cut, StimulusRun& stimulus) {
  Life life(rig_.world(), "stimulus");
  const std::string& serial = rig_.facts().serial;
  life.spawn(stimulus.run());
  const bool of_bolt = cut.event == "bolt_opens" || cut.event == "bolt_locks";
  if (cut.trigger == Cut::Trigger::event && of_bolt) {
    if (!co_await await_motion(cut, stimulus)) co_return false;
  } else if (cut.trigger == Cut::Trigger::event && cut.event == "check_in") {
    // The portal's own report: what the lock has said before does not count.
    const auto heard = co_await rig_.portal().next_check_in(
        serial, rig_.world().now() + rig_.facts().limits.check_in_max);
    if (!heard) co_return false;
  } else {
    while (!due(cut, &stimulus)) {
      if (stimulus.done()) co_return false;
      co_await stimulus.progress().wait(kNever, "the moment of the cut");
    }
  }
  co_await rig_.world().sleep_for(cut.delay, "the moment of the cut");
  co_return true;
}

Task<bool> Cutter::await_after_power_on(const Cut& cut) {
  const Limits& limits = rig_.facts().limits;
  co_await rig_.station().power.on();
  if (cut.trigger == Cut::Trigger::event && cut.event == "check_in") {
    const auto heard = co_await rig_.portal().next_check_in(
        rig_.facts().serial, rig_.world().now() + limits.check_in_max);
    if (!heard) co_return false;
  } else {
    const Instant until = rig_.world().now() + limits.boot_max;
    while (!due(cut, nullptr)) {
      if (!co_await came_changed_.wait(until, "the moment of the cut")) co_return false;
    }
  }
  if (cut.trigger != Cut::Trigger::flash_op) {
    co_await rig_.world().sleep_for(cut.delay, "the moment of the cut");
  }
  co_return true;
}

/// "bolt_opens" or "bolt_locks": it leaves that end.
Task<bool> Cutter::await_motion(const Cut& cut, StimulusRun& stimulus) {
  const bool opens = cut.event == "bolt_opens";
  while (!opens && !stimulus.observed().contains("opened")) {
    co_await stimulus.progress().wait(kNever, "the bolt to have opened");
  }
  station::Gpio& gpio = rig_.station().gpio;
  co_return co_await gpio.wait_for(
      gpio.line(opens ? "bolt_extended" : "bolt_retracted"), false,
      rig_.world().now() + 1min);
}

}  // namespace lockrig::trial
