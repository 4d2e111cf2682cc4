#include "rig/trial/run_trial.hpp"

#include "rig/core/error.hpp"
#include "rig/trial/can_look.hpp"
#include "rig/trial/cut_proof.hpp"
#include "rig/trial/cutter.hpp"
#include "rig/trial/ladder.hpp"
#include "rig/trial/oracle.hpp"
#include "rig/trial/stimulus.hpp"

namespace lockrig::trial {
namespace {

using station::Bolt;
using station::Power;

// A trial whose lock never checks in again waits out two heartbeats of up to 12 h.
constexpr Duration kTrialLimit = 48h;

/// One trial in one world.
class Run {
 public:
  Run(const TrialSpec& spec, Rig& rig, const Known& known, TrialRecord& record)
      : spec_(spec),
        rig_(rig),
        known_(known),
        record_(record),
        hand_(rig),
        cutter_(rig, hand_, spec, record.cuts),
        note_(rig.world().trace().channel("trial")) {
    if (spec.stimulus == Stimulus::change_code) {
      known_.other_user_code = changed_code(rig.facts().serial);
    }
    if (spec.stimulus == Stimulus::factory_reset) {
      known_.other_user_code = rig.facts().slip_user;
      known_.may_be_reset = true;
    }
    known_.released = with_size_of(spec.image, released());
  }

  Task<void> whole(const Observer& observer, bool of_recovery) {
    co_await rig_.station().open();
    for (const std::string& wire : spec_.unplugged) unplug(wire);
    co_await check_that_it_can_look(rig_, hand_, known_.user_code);
    const bool goes_on = rig_.facts().returns != Return::snapshot;
    if (goes_on || !rig_.facts().from_factory) co_await know_it_as_it_is();
    if (rig_.facts().returns == Return::ladder) climb();
    if (spec_.portal_down > Duration::zero()) rig_.portal().set_reachable(false);
    phase("stimulus");
    co_await fault(observer, of_recovery);
    // Restored: nothing is offered any more, so that no update of its own disturbs the
    // lock while it is judged. The oracle's own update shows that it still takes one.
    rig_.portal().withdraw(rig_.facts().serial);
    rig_.portal().set_reachable(true);
    rig_.network().set_link(true);
    withhold();
    co_await judge();
  }

  /// After whole(): where the next trial of a lock that nothing brings back begins.
  Snapshot left_behind() {
    rig_.world().run(switch_off(), kTrialLimit, "power off after a trial");
    return {rig_.durable(), rig_.portal().records(), known_};
  }

  Task<void> forked(const Fork& fork) {
    co_await rig_.station().open();
    record_.cuts = fork.before;
    CutEvidence evidence;
    evidence.requested = describe(spec_.cuts.at(fork.cut));
    evidence.achieved_s = to_seconds(fork.at);
    const Instant off = rig_.world().now();
    co_await rig_.world().sleep_for(spec_.cuts[fork.cut].off, "the off time");
    // The rail has been low since this world began: that is the cut's off time.
    if (!rig_.station().power.rail_up()) {
      evidence.off_s = to_seconds(rig_.world().now() - off);
    }
    record_.cuts.push_back(evidence);
    if (fork.cut + 1 < spec_.cuts.size()) {
      const bool cut = co_await make_cuts(fork.cut + 1, nullptr);
      if (!cut || rig_.station().power.rail_up()) co_await switch_off();
    }
    co_await help();
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

  // Nothing brought this lock back to its baseline: it has gone on since.
  Task<void> know_it_as_it_is() {
    const OwnerCodes codes = owner_codes(rig_.facts());
    const Known before = known_;
    known_ = co_await look(rig_, codes);
    known_.other_user_code = before.other_user_code;
    known_.may_be_reset = before.may_be_reset;
    known_.released = before.released;
  }

  std::vector<std::string> released() {
    return rig_.images().released(rig_.facts().board);
  }

  /// Its update and the oracle's are of higher versions than what it runs.
  void climb() {
    const auto higher = rungs(rig_.facts().board, known_.version);
    if (higher.empty()) {
      throw RigError(rig_.facts().station, "lock",
                     "no version is left above " + known_.version,
                     "the lock's firmware: the ladder begins anew from a lower one");
    }
    spec_.image = on_rung(spec_.image, released(), higher);
    record_.observed["pushed"] = spec_.image;
    known_.released = with_size_of(spec_.image, higher);
  }

  Task<void> fault(const Observer& observer, bool of_recovery) {
    if (observer && rig_.probe() == nullptr) {
      throw std::invalid_argument("station " + rig_.facts().station +
                                  " cannot count flash operations");
    }
    const Instant began = rig_.world().now();
    StimulusRun stimulus(rig_, hand_, spec_, known_);
    if (observer && !of_recovery) watch_flash(rig_, known_, observer, 0);
    bool cut = co_await make_cuts(0, &stimulus);
    if (spec_.cuts.empty()) {
      co_await run_stimulus(stimulus);
    } else if (of_recovery && cut) {
      co_await watch_recovery(rig_, known_, observer);
      cut = false;
    }
    if (rig_.probe() != nullptr) rig_.probe()->watch({});
    if (spec_.portal_down > Duration::zero()) {
      co_await rig_.world().sleep_until(began + spec_.portal_down, "the outage to end");
    }
    record_.observed.insert(stimulus.observed().begin(), stimulus.observed().end());
    phase("restored");
    if (!cut || rig_.station().power.rail_up()) co_await switch_off();
    co_await help();
  }

  /// Those from `first` on. False when one never came, or there was none.
  Task<bool> make_cuts(std::size_t first, StimulusRun* stimulus) {
    bool cut = false;
    for (std::size_t i = first; i < spec_.cuts.size(); ++i) {
      cut = co_await cutter_.make(spec_.cuts[i], i == 0 ? stimulus : nullptr);
      if (!cut) break;
    }
    co_return cut;
  }

  // A cut after which the rail stayed up was none: the lock is judged from a start all
  // the same.
  Task<void> switch_off() {
    Power& power = rig_.station().power;
    co_await power.off(Power::Style::hard);
    co_await rig_.world().sleep_for(kOffTime, "the off time");
    if (power.rail_up()) {
      throw RigError(rig_.facts().station, "power",
                     "the rail stays up when power is off",
                     "the power switch, and what else feeds the board");
    }
  }

  /// What people do after such a stimulus: who was flashing the lock by serial recovery
  /// when power failed begins again.
  Task<void> help() {
    if (spec_.stimulus != Stimulus::recover || spec_.cuts.empty()) co_return;
    phase("recovered again");
    const lock::Push push = co_await recover_by_serial(rig_, spec_.image, {});
    record_.observed["recovered_again"] = push.accepted ? "yes" : "no";
    if (push.accepted) {
      co_await started_by(rig_, rig_.world().now() + rig_.facts().limits.boot_max);
      co_await settled(rig_, rig_.facts().limits.confirm_max);
    }
    co_await switch_off();
  }

  Task<void> run_stimulus(StimulusRun& stimulus) {
    Life life(rig_.world(), "stimulus");
    life.spawn(stimulus.run());
    while (!stimulus.done()) {
      co_await stimulus.progress().wait(kNever, "the stimulus to be done");
    }
  }

  Task<void> judge() {
    phase("judge");
    Oracle oracle(rig_, hand_, known_, spec_.blind, Instant{});
    record_.answers = co_await oracle.judge();
    // A wire that failed and that nobody asked since: what was not seen means nothing.
    rig_.station().check();
    prove_cuts(record_, oracle.start_up(), rig_.facts().limits.off_min);
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

  TrialSpec spec_;
  Rig& rig_;
  Known known_;
  TrialRecord& record_;
  Hand hand_;
  Cutter cutter_;
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

TrialRecord blank(const TrialSpec& spec, std::string id) {
  TrialRecord record;
  record.id = std::move(id);
  record.spec = spec;
  return record;
}

}  // namespace

TrialRecord run_trial(const TrialSpec& spec, Bench& bench, Baselines& baselines,
                      const Observer& observer, bool keep_trace,
                      const std::function<void(const Trace&)>& with_trace,
                      bool of_recovery) {
  if (spec.sham == Sham::cut && spec.cuts.empty()) {
    throw std::invalid_argument("the sham \"cut\" needs a cut that is not made");
  }
  TrialRecord record = blank(spec, identifier(spec));
  std::unique_ptr<Rig> rig;
  guarded(record, rig, [&] {
    const auto baseline = baselines.get(spec.station, spec.defects);
    record.consulted = baseline->consulted;
    rig = bench.set_up(spec.station, trial_seed(spec, record.id), spec.defects,
                       baseline.get());
    if (keep_trace) rig->world().trace().keep_events();
    Run run(spec, *rig, baseline->known, record);
    rig->world().run(run.whole(observer, of_recovery), kTrialLimit, "a trial");
    if (rig->facts().returns != Return::snapshot) {
      baselines.go_on(spec.station, spec.defects, run.left_behind());
    }
  });
  if (rig && with_trace) with_trace(rig->world().trace());
  return record;
}

TrialRecord run_fork(const Fork& fork, Bench& bench) {
  TrialRecord record = blank(fork.spec, fork.id);
  record.phase = fork.phase;
  record.operation = fork.operation;
  record.forked = true;
  std::unique_ptr<Rig> rig;
  guarded(record, rig, [&] {
    rig = bench.set_up(fork.spec.station, fork.seed, fork.spec.defects, &fork.state);
    Run run(fork.spec, *rig, fork.state.known, record);
    rig->world().run(run.forked(fork), kTrialLimit, "a trial");
  });
  return record;
}

}  // namespace lockrig::trial
