#include "rig/trial/run_trial.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "rig/core/error.hpp"
#include "rig/trial/oracle.hpp"
#include "rig/trial/stimulus.hpp"

namespace lockrig::trial {
namespace {

using station::Bolt;
using station::Power;

// A trial whose lock never checks in again waits out two heartbeats of up to 12 h.
constexpr Duration kTrialLimit = 48h;

// A cut that has to be answered is answered this fast, by a host without load.
constexpr Duration kNotice = 5ms;

Power::Style style_of(const Cut& cut) {
  return cut.style == Cut::Style::hard ? Power::Style::hard : Power::Style::pull;
}

std::string describe(const Cut& cut) {
  switch (cut.trigger) {
    case Cut::Trigger::flash_op:
      return fmt::format("flash operation {} at {}", cut.at, cut.fraction);
    case Cut::Trigger::bytes:
      return fmt::format("{} bytes acknowledged + {:.3f} s", cut.at,
                         to_seconds(cut.delay));
    case Cut::Trigger::event:
      return fmt::format("{} + {:.3f} s", cut.event, to_seconds(cut.delay));
    case Cut::Trigger::pin:
      return fmt::format("busy, {:.3f} s on or later", to_seconds(cut.delay));
  }
  return "?";
}

/// One trial in one world.
class Run {
 public:
  Run(const TrialSpec& spec, Rig& rig, const Known& known, TrialRecord& record)
      : spec_(spec),
        rig_(rig),
        known_(known),
        record_(record),
        hand_(rig),
        note_(rig.world().trace().channel("trial")) {
    if (spec.stimulus == Stimulus::change_code) {
      known_.other_user_code = changed_code(rig.facts().serial);
    }
  }

  Task<void> whole(const Observer& observer) {
    co_await rig_.station().open();
    for (const std::string& wire : spec_.unplugged) unplug(wire);
    co_await check_that_the_rig_can_look();
    if (!rig_.facts().from_factory) co_await know_it_as_it_is();
    if (spec_.portal_down > Duration::zero()) rig_.portal().set_reachable(false);
    phase("stimulus");
    co_await fault(observer);
    // Restored: nothing is offered any more, so that no update of its own disturbs the
    // lock while it is judged. The oracle's own update shows that it still takes one.
    rig_.portal().withdraw(rig_.facts().serial);
    rig_.portal().set_reachable(true);
    rig_.network().set_link(true);
    withhold();
    co_await judge();
  }

  Task<void> forked(const Fork& fork) {
    co_await rig_.station().open();
    CutEvidence evidence;
    evidence.requested = describe(spec_.cuts.front());
    evidence.achieved_s = to_seconds(fork.at);
    const Instant off = rig_.world().now();
    co_await rig_.world().sleep_for(spec_.cuts.front().off, "the off time");
    // The rail has been low since this world began: that is the cut's off time.
    if (!rig_.station().power.rail_up()) {
      evidence.off_s = to_seconds(rig_.world().now() - off);
    }
    record_.cuts.push_back(evidence);
    co_await judge();
  }

 private:
  void phase(std::string_view name) {
    rig_.world().trace().note(note_, rig_.world().now(), name);
  }

  void unplug(const std::string& wire) {
    if (rig_.person() == nullptr) {
      throw std::invalid_argument("station " + rig_.facts().station +
                                  " has nobody to pull a wire");
    }
    rig_.person()->unplug(wire);
  }

  /// What a sham keeps from the lock, or from the rig's own sight, while it is judged.
  void withhold() {
    station::Station& s = rig_.station();
    switch (spec_.sham) {
      case Sham::power:
        s.power.withhold_on();
        break;
      case Sham::portal:
        rig_.portal().set_reachable(false);
        break;
      case Sham::code:
        known_.user_code = guess_beside(known_.user_code);
        break;
      case Sham::bolt_sensor:
        s.gpio.withhold(s.gpio.line("bolt_retracted"));
        break;
      case Sham::cut:  // withheld when it was due
      case Sham::none:
        break;
    }
  }

  RigError cannot_look(const std::string& device, const std::string& what,
                       const std::string& check) const {
    return RigError(rig_.facts().station, device, what, check);
  }

  // Nothing brought this lock back to its baseline: it has gone on since.
  Task<void> know_it_as_it_is() {
    const OwnerCodes codes = owner_codes(rig_.facts().serial);
    const std::string other = known_.other_user_code;
    known_ = co_await look(rig_, codes);
    known_.other_user_code = other;
  }

  // Before the fault: every sense that the oracle will use answers. What fails after
  // this is the lock's doing.
  Task<void> check_that_the_rig_can_look() {
    station::Station& s = rig_.station();
    const Limits& limits = rig_.facts().limits;
    if (!co_await power_up(rig_)) {
      throw cannot_look("console", "a good lock did not start",
                        "console wires, supply");
    }
    co_await hand_.signal(limits.signal_max);
    const Bolt::Position bolt = s.bolt.position();
    if (bolt != Bolt::Position::extended) {
      throw cannot_look("bolt sensors",
                        fmt::format("a locked bolt reads as {}", to_string(bolt)),
                        "the wires bolt_extended and bolt_retracted");
    }
    if (rig_.client() != nullptr) {
      const auto reply = co_await rig_.client()->state();
      if (const auto* failure = std::get_if<lock::Failure>(&reply)) {
        throw cannot_look("console", failure->what, "console wires");
      }
    }
    const Instant pressed = rig_.world().now();
    const std::string harmless = "lock";
    co_await s.keypad.press(harmless);
    const auto answered = co_await hand_.signal(limits.signal_max);
    if (!answered &&
        (s.signals.ended().empty() || s.signals.ended().back().at < pressed)) {
      throw cannot_look("keypad", "a good lock answered no key press",
                        "the keypad's wires and the LED sense lines");
    }
    // Both ends must be seen: a sensor that never trips would show only later.
    const Entry opened = co_await hand_.enter(known_.user_code, true);
    if (opened.result != Entry::Result::opened) {
      throw cannot_look(
          "bolt sensors",
          fmt::format("a right code at a good lock: {}", to_string(opened.result)),
          "the wires bolt_extended, bolt_retracted and the keypad's");
    }
    const Entry locked = co_await hand_.enter(known_.user_code, false);
    if (locked.result != Entry::Result::locked) {
      throw cannot_look(
          "bolt sensors",
          fmt::format("a right code at an open lock: {}", to_string(locked.result)),
          "the wire bolt_extended");
    }
  }

  Task<void> fault(const Observer& observer) {
    FlashProbe* probe = rig_.probe();
    const Instant began = rig_.world().now();
    StimulusRun stimulus(rig_, hand_, spec_, known_);
    if (observer && probe != nullptr) {
      probe->watch([&](const FlashOp& op) { observer(rig_, known_, op); });
    }
    bool cut = false;
    for (std::size_t i = 0; i < spec_.cuts.size(); ++i) {
      cut = co_await cut_once(spec_.cuts[i], i == 0 ? &stimulus : nullptr);
      if (!cut) break;
    }
    if (spec_.cuts.empty()) co_await run_stimulus(stimulus, kNever);
    if (probe != nullptr) probe->watch({});
    if (spec_.portal_down > Duration::zero()) {
      co_await rig_.world().sleep_until(began + spec_.portal_down, "the outage to end");
    }
    record_.observed = stimulus.observed();
    phase("restored");
    // A cut after which the rail stayed up was none: the lock is judged from a start
    // all the same.
    Power& power = rig_.station().power;
    if (!cut || power.rail_up()) {
      co_await power.off(Power::Style::hard);
      co_await rig_.world().sleep_for(kOffTime, "the off time");
    }
    if (power.rail_up()) {
      throw cannot_look("power", "the rail stays up when power is off",
                        "the power switch, and what else feeds the board");
    }
  }

  /// Runs until the stimulus is done or `ended` says that a cut has come.
  Task<void> run_stimulus(StimulusRun& stimulus, Instant until,
                          const bool* ended = nullptr) {
    Life life(rig_.world(), "stimulus");
    life.spawn(stimulus.run());
    while (!stimulus.done() && (ended == nullptr || !*ended)) {
      if (!co_await stimulus.progress().wait(until, "the stimulus to be done")) break;
    }
  }

  /// False when its trigger never came: the cut is then not proven.
  Task<bool> cut_once(const Cut& cut, StimulusRun* stimulus) {
    CutEvidence evidence;
    evidence.requested = describe(cut);
    const Instant armed = rig_.world().now();
    if (cut.trigger == Cut::Trigger::pin) {
      evidence.by_chip = co_await cut_at_busy(cut, stimulus);
      co_return co_await see(cut, armed, evidence.by_chip, evidence);
    }
    bool fired = false;
    if (cut.trigger == Cut::Trigger::flash_op) {
      if (rig_.probe() == nullptr) {
        throw std::invalid_argument("station " + rig_.facts().station +
                                    " cannot count flash operations");
      }
      const std::uint64_t from = stimulus == nullptr || spec_.counts_from == "stimulus"
                                     ? rig_.probe()->count()
                                     : 0;
      rig_.probe()->cut_at(from + cut.at, cut.fraction, rig_.world().seed(), [&] {
        fired = true;
        if (stimulus != nullptr) stimulus->progress().notify();
      });
    }
    station::Gpio::Attention attention(rig_.station().gpio);
    if (stimulus == nullptr) {
      if (cut.event == "power_on") {
        co_await rig_.station().power.on();
        co_await rig_.world().sleep_for(cut.delay, "the moment of the cut");
        fired = true;
      } else if (cut.trigger == Cut::Trigger::flash_op) {
        co_await rig_.station().power.on();
        const Instant until = rig_.world().now() + rig_.facts().limits.boot_max;
        while (!fired && rig_.world().now() < until) {
          co_await rig_.world().sleep_for(kNotice, "the moment of the cut");
        }
      }
    } else {
      fired = co_await await_trigger(cut, *stimulus, fired);
    }
    if (fired) {
      phase("cut");
      Power& power = rig_.station().power;
      if (spec_.sham == Sham::cut) power.withhold_off();
      co_await power.off(style_of(cut));
      power.withhold_off(false);
    }
    co_return co_await see(cut, armed, fired, evidence);
  }

  /// The off time of a cut that was made, and what the rail shows of it. Gives `made`.
  Task<bool> see(const Cut& cut, Instant armed, bool made, CutEvidence& evidence) {
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
    record_.cuts.push_back(evidence);
    co_return made;
  }

  /// Armed in the chip. False if the edge never came, to the end of the stimulus: the
  /// chip was then set up anew, and power has fallen by its pull.
  Task<bool> cut_at_busy(const Cut& cut, StimulusRun* stimulus) {
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
    phase("cut armed");
    if (spec_.sham == Sham::cut) power.withhold_off();
    const Instant until = rig_.world().now() +
                          (stimulus == nullptr ? limits.boot_max : limits.update_max);
    const Power::EdgeCut seen =
        co_await power.off_on_busy(style_of(cut), until, std::move(in_vain));
    power.withhold_off(false);
    co_return seen.came;
  }

  Task<bool> await_trigger(const Cut& cut, StimulusRun& stimulus, const bool& fired) {
    Life life(rig_.world(), "stimulus");
    life.spawn(stimulus.run());
    const auto due = [&] {
      switch (cut.trigger) {
        case Cut::Trigger::flash_op:
          return fired;
        case Cut::Trigger::bytes:
          return stimulus.acknowledged() >= cut.at;
        case Cut::Trigger::event:
          return cut.event == "stimulus";
        case Cut::Trigger::pin:
          break;
      }
      return false;
    };
    if (cut.trigger == Cut::Trigger::event && cut.event != "stimulus") {
      if (!co_await await_motion(cut, stimulus)) co_return false;
    } else {
      while (!due()) {
        if (stimulus.done()) co_return false;
        co_await stimulus.progress().wait(kNever, "the moment of the cut");
      }
    }
    co_await rig_.world().sleep_for(cut.delay, "the moment of the cut");
    co_return true;
  }

  /// "bolt_opens" or "bolt_locks": it leaves that end.
  Task<bool> await_motion(const Cut& cut, StimulusRun& stimulus) {
    const bool opens = cut.event == "bolt_opens";
    if (!opens && cut.event != "bolt_locks") {
      throw std::invalid_argument("no event \"" + cut.event +
                                  "\"; there are: stimulus, power_on, bolt_opens, "
                                  "bolt_locks");
    }
    while (!opens && !stimulus.observed().contains("opened")) {
      co_await stimulus.progress().wait(kNever, "the bolt to have opened");
    }
    station::Gpio& gpio = rig_.station().gpio;
    co_return co_await gpio.wait_for(
        gpio.line(opens ? "bolt_extended" : "bolt_retracted"), false,
        rig_.world().now() + 1min);
  }

  Task<void> judge() {
    phase("judge");
    Oracle oracle(rig_, hand_, known_, spec_.blind, Instant{});
    record_.answers = co_await oracle.judge();
    // A wire that failed and that nobody asked since: what was not seen means nothing.
    rig_.station().check();
    prove_cuts(oracle.start_up());
    record_.verdict = trial::judge(record_.answers);
    if (oracle.state())
      record_.observed["boots"] = std::to_string(oracle.state()->boots);
    const bool visit_may_help =
        record_.verdict == Verdict::degraded || record_.verdict == Verdict::bricked;
    // What a sham withholds, another power cycle does not bring.
    if (!visit_may_help || spec_.sham != Sham::none) co_return;
    phase("another power cycle");
    if (rig_.station().power.commanded_on()) {
      co_await rig_.station().power.off(Power::Style::hard);
    }
    co_await rig_.world().sleep_for(kOffTime, "the off time");
    Oracle again(rig_, hand_, known_, spec_.blind, Instant{});
    const std::vector<Answer> answers = co_await again.judge();
    rig_.station().check();
    if (trial::judge(answers) == Verdict::recovered) {
      record_.verdict = Verdict::recovered_late;
    }
  }

  void prove_cuts(const std::optional<StartUp>& start_up) {
    for (CutEvidence& cut : record_.cuts) {
      // A banner after the rail was down: what ran before did not go on. (Its cause is
      // not asked for: a trial that crashes in start-up restarts before it prints one.)
      if (start_up && start_up->banner) {
        cut.reset = fmt::format("boot banner: boot {}, cause {}",
                                start_up->banner->boots, start_up->banner->cause);
      } else if (start_up) {
        cut.reset = "start-up signal";
      }
      const double off_min = to_seconds(rig_.facts().limits.off_min);
      cut.proven = cut.off_s && *cut.off_s >= off_min && !cut.reset.empty();
      if (cut.proven) continue;
      record_.answers.push_back({"cut_proven", Outcome::could_not_look,
                                 Verdict::inconclusive, cut.off_s, off_min, "s",
                                 !cut.achieved_s
                                     ? cut.requested + ": never seen on the rail"
                                     : cut.requested + ": no reset was seen"});
    }
    if (record_.cuts.size() < spec_.cuts.size()) {
      record_.answers.push_back({"cut_proven",
                                 Outcome::could_not_look,
                                 Verdict::inconclusive,
                                 {},
                                 {},
                                 "",
                                 "a cut was never reached"});
    }
  }

  const TrialSpec& spec_;
  Rig& rig_;
  Known known_;
  TrialRecord& record_;
  Hand hand_;
  Trace::Channel note_;
};

void finish(TrialRecord& record, Rig& rig) {
  record.trace_hash = rig.world().trace().hash();
  record.simulated_s = to_seconds(rig.world().now());
  add(record.consulted, rig.consulted());
  if (!record.note.empty()) return;
  for (const auto& [name, value] : record.observed) {
    record.note += (record.note.empty() ? "" : ", ") + name + " " + value;
  }
}

/// A device that failed explains whatever else went wrong after it.
std::string cause(const std::unique_ptr<Rig>& rig, const std::string& otherwise) {
  try {
    if (rig) rig->station().check();
  } catch (const RigError& first) {
    return first.what();
  }
  return otherwise;
}

/// The body makes `rig`, unless its devices are gone.
template <typename Body>
void guarded(TrialRecord& record, std::unique_ptr<Rig>& rig, Body body) {
  try {
    body();
  } catch (const RigError& error) {
    record.verdict = Verdict::inconclusive;
    record.note = cause(rig, error.what());
  } catch (const LimitReached& error) {
    record.verdict = Verdict::inconclusive;
    record.note = cause(rig, "station " + record.spec.station + ": " + error.what());
  }
  if (rig) finish(record, *rig);
}

TrialRecord blank(const TrialSpec& spec) {
  TrialRecord record;
  record.id = identifier(spec);
  record.spec = spec;
  return record;
}

}  // namespace

TrialRecord run_trial(const TrialSpec& spec, Bench& bench, Baselines& baselines,
                      const Observer& observer, bool keep_trace,
                      const std::function<void(const Trace&)>& with_trace) {
  if (spec.sham == Sham::cut && spec.cuts.empty()) {
    throw std::invalid_argument("the sham \"cut\" needs a cut that is not made");
  }
  TrialRecord record = blank(spec);
  std::unique_ptr<Rig> rig;
  guarded(record, rig, [&] {
    const auto baseline = baselines.get(spec.station, spec.defects);
    record.consulted = baseline->consulted;
    rig = bench.set_up(spec.station, trial_seed(spec), spec.defects, baseline.get());
    if (keep_trace) rig->world().trace().keep_events();
    Run run(spec, *rig, baseline->known, record);
    rig->world().run(run.whole(observer), kTrialLimit, "a trial");
  });
  if (rig && with_trace) with_trace(rig->world().trace());
  return record;
}

TrialRecord run_fork(const Fork& fork, Bench& bench) {
  TrialRecord record = blank(fork.spec);
  record.phase = fork.phase;
  record.operation = fork.operation;
  record.forked = true;
  std::unique_ptr<Rig> rig;
  guarded(record, rig, [&] {
    rig = bench.set_up(fork.spec.station, trial_seed(fork.spec), fork.spec.defects,
                       &fork.state);
    Run run(fork.spec, *rig, fork.state.known, record);
    rig->world().run(run.forked(fork), kTrialLimit, "a trial");
  });
  return record;
}

}  // namespace lockrig::trial
