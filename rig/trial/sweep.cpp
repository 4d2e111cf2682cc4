#include "rig/trial/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "rig/core/random.hpp"

namespace lockrig::trial {
namespace {

// A batch is committed at least this often (design: 0.2 s).
constexpr auto kBatchEvery = std::chrono::milliseconds(150);

bool chosen(const SweepPlan& plan, const FlashOp& op) {
  const bool phase =
      plan.phases.empty() ||
      std::find(plan.phases.begin(), plan.phases.end(), op.phase) != plan.phases.end();
  const bool kind =
      plan.kinds.empty() ||
      std::find(plan.kinds.begin(), plan.kinds.end(), op.kind) != plan.kinds.end();
  return phase && kind;
}

TrialSpec cut_at(const TrialSpec& base, std::uint64_t operation, double fraction) {
  TrialSpec spec = base;
  Cut cut;
  cut.at = operation;
  cut.fraction = fraction;
  spec.cuts = {cut};
  spec.counts_from = "power_on";
  return spec;
}

/// Which of `total` trials a plan runs.
std::set<std::uint64_t> pick(const SweepPlan& plan, std::uint64_t total,
                             std::uint64_t seed) {
  std::set<std::uint64_t> picked;
  const std::uint64_t count = std::min(plan.count, total);
  Random random(mix(seed, "sweep"));
  for (std::uint64_t i = 0; picked.size() < count; ++i) {
    picked.insert(plan.choose == Choose::linear ? i * total / count
                                                : random.below(total));
  }
  return picked;
}

void check(const TrialSpec& base, const SweepPlan& plan) {
  if (!base.cuts.empty()) {
    throw std::invalid_argument(
        "a sweep makes its own cuts: the spec has some already");
  }
  if (base.sham != Sham::none) {
    throw std::invalid_argument("a sweep is of trials, not of shams");
  }
  if (plan.fractions.empty())
    throw std::invalid_argument("a sweep needs a torn fraction");
  for (const double fraction : plan.fractions) {
    if (!(fraction >= 0 && fraction <= 1)) {
      throw std::invalid_argument(
          fmt::format("torn fraction {} is not within 0 to 1", fraction));
    }
  }
  if (plan.choose != Choose::all && plan.count == 0) {
    throw std::invalid_argument("a linear or random sweep needs a number of trials");
  }
}

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

/// Work shared by the workers, and what they have finished.
class Crew {
 public:
  Crew(const std::vector<Fork>& forks, const SweepPlan& plan, Bench& bench,
       Baselines& baselines)
      : forks_(forks), plan_(plan), bench_(bench), baselines_(baselines) {}

  void work() {
    try {
      for (std::size_t i = next_++; i < forks_.size() && !stop_; i = next_++) {
        TrialRecord record = judge(forks_[i]);
        const std::lock_guard guard(mutex_);
        finished_.push_back(std::move(record));
        ++done_;
      }
    } catch (...) {
      const std::lock_guard guard(mutex_);
      failure_ = std::current_exception();
      stop_ = true;
    }
    changed_.notify_one();
  }

  void report(const OnBatch& on_batch, SweepResult& result) {
    std::unique_lock guard(mutex_);
    for (bool more = true; more;) {
      changed_.wait_for(guard, kBatchEvery,
                        [&] { return done_ == forks_.size() || failure_; });
      more = done_ < forks_.size() && !failure_;
      std::vector<TrialRecord> batch = std::exchange(finished_, {});
      const std::uint64_t done = done_;
      guard.unlock();
      for (const TrialRecord& record : batch) {
        ++result.counts[to_string(record.verdict)];
        if (record.checked) ++result.checked;
        add(result.consulted, record.consulted);
      }
      if (on_batch) on_batch(std::move(batch), done, forks_.size());
      guard.lock();
    }
    if (failure_) std::rethrow_exception(failure_);
  }

  void stop() { stop_ = true; }

 private:
  TrialRecord judge(const Fork& fork) {
    TrialRecord record = run_fork(fork, bench_);
    const bool also_whole =
        plan_.check_every > 0 &&
        mix(trial_seed(fork.spec), "also whole") % plan_.check_every == 0;
    if (also_whole) compare(record, run_trial(fork.spec, bench_, baselines_));
    return record;
  }

  const std::vector<Fork>& forks_;
  const SweepPlan& plan_;
  Bench& bench_;
  Baselines& baselines_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<TrialRecord> finished_;
  std::uint64_t done_ = 0;
  std::exception_ptr failure_;
};

std::vector<Fork> take_forks(const TrialSpec& base, const SweepPlan& plan, Bench& bench,
                             Baselines& baselines, SweepResult& result) {
  std::vector<Fork> forks;
  const auto observe = [&](Rig& rig, const Known& known, const FlashOp& op) {
    ++result.all_operations;
    ++result.phases[std::string(op.phase)];
    if (!chosen(plan, op)) return;
    ++result.operations;
    for (const double fraction : plan.fractions) {
      Fork fork;
      fork.spec = cut_at(base, op.index, fraction);
      fork.state = {rig.probe()->torn(fraction, trial_seed(fork.spec)),
                    rig.portal().records(), known};
      fork.phase = op.phase;
      fork.operation = fmt::format("{} {}", to_string(op.kind), op.region);
      fork.at = rig.world().now();
      forks.push_back(std::move(fork));
    }
  };
  result.reference = run_trial(base, bench, baselines, observe);
  if (plan.choose == Choose::all) return forks;
  std::vector<Fork> some;
  for (const std::uint64_t i : pick(plan, forks.size(), base.seed)) {
    some.push_back(std::move(forks[i]));
  }
  return some;
}

}  // namespace

SweepResult sweep(const TrialSpec& base, const SweepPlan& plan, unsigned workers,
                  Bench& bench, Baselines& baselines, const OnBatch& on_batch) {
  check(base, plan);
  SweepResult result;
  const std::vector<Fork> forks = take_forks(base, plan, bench, baselines, result);
  result.trials = forks.size();
  result.consulted = result.reference.consulted;
  Crew crew(forks, plan, bench, baselines);
  std::vector<std::jthread> threads;
  // Joined before the crew goes, whatever ends the report.
  struct Stop {
    Crew& crew;
    ~Stop() { crew.stop(); }
  } const stop{crew};
  for (unsigned i = 0; i < std::max(workers, 1u); ++i) {
    threads.emplace_back([&crew] { crew.work(); });
  }
  crew.report(on_batch, result);
  return result;
}

}  // namespace lockrig::trial
