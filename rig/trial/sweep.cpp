#include "rig/trial/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "rig/core/random.hpp"
#include "rig/trial/chooser.hpp"
#include "rig/trial/crew.hpp"
#include "rig/trial/points.hpp"

namespace lockrig::trial {
namespace {

/// A forked and a whole run of the same trial must come to the same.
void compare(TrialRecord& forked, const TrialRecord& whole) {
  forked.checked = true;
  if (forked.verdict == whole.verdict && lost(forked.answers) == lost(whole.answers)) {
    return;
  }
  forked.note =
      fmt::format("the rig disagrees with itself: {} when forked, {} whole ({})",
                  to_string(forked.verdict), to_string(whole.verdict), whole.note);
  forked.verdict = Verdict::inconclusive;
}

bool has_failed(Verdict verdict) {
  return verdict != Verdict::recovered && verdict != Verdict::inconclusive;
}

/// A lock that is definitely lost shows no reset either: that counts.
bool is_unproven(const TrialRecord& record) {
  if (record.verdict != Verdict::inconclusive) return false;
  return std::any_of(record.answers.begin(), record.answers.end(), [](const Answer& a) {
    return a.question == "cut_proven" && a.outcome == Outcome::could_not_look;
  });
}

/// What the repeats of a point came to.
class Tally {
 public:
  void add(const TrialRecord& record) {
    ++counts_[record.verdict];
    if (edge_.id.empty() || record.spec.repeat == 0) {
      edge_.id = record.id;
      if (!record.spec.cuts.empty()) edge_.cut = record.spec.cuts.back();
      edge_.phase = record.phase;
      edge_.operation = record.operation;
    }
    if (record.verdict == Verdict::inconclusive) return;
    ++edge_.judged;
    if (record.verdict != Verdict::recovered) ++edge_.failed;
  }

  /// The most frequent; of several the more harmful.
  Edge edge() const {
    Edge edge = edge_;
    std::uint64_t most = 0;
    for (const auto& [verdict, count] : counts_) {
      if (verdict == Verdict::inconclusive && edge.judged > 0) continue;
      if (count >= most) edge.verdict = verdict;
      most = std::max(most, count);
    }
    return edge;
  }

 private:
  std::map<Verdict, std::uint64_t> counts_;
  Edge edge_;
};

Reference take_reference_of(const TrialSpec& base, const SweepPlan& plan, Bench& bench,
                            Baselines& baselines) {
  if (plan.axis == Axis::flash_ops) {
    return take_reference(base, plan.operations, bench, baselines);
  }
  Reference reference;
  reference.record = run_trial(base, bench, baselines);
  return reference;
}

class Sweep {
 public:
  Sweep(const TrialSpec& base, const SweepPlan& plan, unsigned workers, Bench& bench,
        Baselines& baselines, const OnBatch& on_batch, const Recall& recall)
      : plan_(plan),
        workers_(workers),
        bench_(bench),
        baselines_(baselines),
        on_batch_(on_batch),
        recall_(recall),
        reference_(take_reference_of(base, plan, bench, baselines)),
        ground_{base, plan, reference_, bench, baselines} {}

  SweepResult run() {
    const auto points = plan_.choose == Choose::random ? independent_draws(ground_)
                                                       : points_in_order(ground_);
    const auto chooser = make_chooser(plan_, points->size());
    result_.operations = reference_.moments.size();
    result_.all_operations = reference_.operations;
    result_.phases = reference_.phases;
    result_.reference = reference_.record;
    result_.consulted = reference_.record.consulted;
    result_.points = points->size();
    result_.complete = true;
    for (Round round = chooser->next(); round.size > 0 && result_.complete;
         round = chooser->next()) {
      total_ = chooser->planned() * plan_.repeats;
      result_.complete = run_round(*points, *chooser, round);
      if (!chooser->learns()) break;
      for (const auto& [point, tally] : tallies_of_round_) {
        chooser->tell(point, tally.edge().verdict);
        tallies_[point] = tally;
      }
      tallies_of_round_.clear();
    }
    for (const Gap& gap : chooser->gaps()) {
      result_.boundaries.push_back({tallies_.at(gap.before).edge(),
                                    tallies_.at(gap.after).edge(),
                                    gap.after - gap.before == 1});
    }
    return std::move(result_);
  }

 private:
  bool run_round(const Points& points, const Chooser& chooser, const Round& round) {
    const auto judge = [&](std::uint64_t number) {
      const std::uint64_t point = round.point(number / plan_.repeats);
      TrialSpec spec = points.spec(point);
      spec.repeat = spec.repeat * plan_.repeats + number % plan_.repeats;
      return this->judge(points, point, spec);
    };
    const auto hand_in = [&](std::vector<Finished>&& finished) {
      std::vector<TrialRecord> batch;
      batch.reserve(finished.size());
      for (Finished& each : finished) {
        count(each.record);
        if (chooser.learns()) {
          tallies_of_round_[round.point(each.number / plan_.repeats)].add(each.record);
        }
        batch.push_back(std::move(each.record));
      }
      const bool go_on =
          !on_batch_ || on_batch_(std::move(batch), result_.trials, total_);
      return go_on && !(plan_.stop_at_first && caught_);
    };
    return work(round.size * plan_.repeats, workers_, judge, hand_in);
  }

  TrialRecord judge(const Points& points, std::uint64_t point, const TrialSpec& spec) {
    if (recall_) {
      if (auto past = recall_(identifier(spec))) {
        past->recalled = true;
        return std::move(*past);
      }
    }
    TrialRecord record = points.run(point, spec);
    const bool also_whole =
        record.forked && plan_.check_every > 0 &&
        mix(trial_seed(spec, record.id), "also whole") % plan_.check_every == 0;
    if (also_whole) compare(record, run_trial(spec, bench_, baselines_));
    return record;
  }

  void count(const TrialRecord& record) {
    ++result_.trials;
    ++result_.counts[to_string(record.verdict)];
    if (record.checked) ++result_.checked;
    add(result_.consulted, record.consulted);
    if (record.recalled) ++result_.recalled;
    if (is_unproven(record)) ++result_.unproven;
    caught_ = caught_ || has_failed(record.verdict);
  }

  const SweepPlan& plan_;
  const unsigned workers_;
  Bench& bench_;
  Baselines& baselines_;
  const OnBatch& on_batch_;
  const Recall& recall_;
  const Reference reference_;
  const Ground ground_;
  SweepResult result_;
  std::uint64_t total_ = 0;
  bool caught_ = false;
  std::map<std::uint64_t, Tally> tallies_of_round_;
  std::map<std::uint64_t, Tally> tallies_;
};

}  // namespace

SweepResult sweep(const TrialSpec& base, const SweepPlan& plan, unsigned workers,
                  Bench& bench, Baselines& baselines, const OnBatch& on_batch,
                  const Recall& recall) {
  check(base, plan);
  const Return returns = bench.returns(base.station);
  if (returns == Return::none) {
    throw std::invalid_argument(
        "station " + base.station +
        " cannot return to its baseline: nothing is swept there");
  }
  // A lock that goes on from where it is takes one trial after the other.
  if (returns == Return::ladder) workers = 1;
  return Sweep(base, plan, workers, bench, baselines, on_batch, recall).run();
}

}  // namespace lockrig::trial
