// How many trials a second one core judges: whole, and from forks.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "rig/bench/virtual_bench.hpp"
#include "rig/trial/sweep.hpp"

namespace lockrig {
namespace {

using trial::Verdict;

bench::VirtualBench& bench_under_test() {
  static bench::VirtualBench bench(LOCKRIG_ROOT "/fixtures/benches/virtual.toml");
  return bench;
}

trial::Baselines& baselines() {
  static trial::Baselines made(bench_under_test());
  return made;
}

trial::TrialSpec update() {
  trial::TrialSpec spec;
  spec.station = "A1";
  spec.board = bench_under_test().facts("A1").board;
  spec.stimulus = trial::Stimulus::push;
  spec.image = spec.board + "/2.4.0";
  spec.seed = 7;
  return spec;
}

void count_trials(benchmark::State& state, std::uint64_t trials) {
  state.counters["per_s"] =
      benchmark::Counter(static_cast<double>(trials), benchmark::Counter::kIsRate);
}

/// Upload of a 64 KiB image over SMP, cut, reboot, whole oracle with its second update.
void whole_trials(benchmark::State& state) {
  constexpr std::uint64_t kStep = 5;  // flash operations from one cut to the next
  constexpr std::uint64_t kOperations = 1000;
  std::uint64_t trials = 0;
  for (auto _ : state) {
    for (std::uint64_t at = 0; at < kOperations; at += kStep, ++trials) {
      trial::TrialSpec spec = update();
      trial::Cut cut;
      cut.at = at;
      cut.fraction = 0.3;
      spec.cuts = {cut};
      spec.counts_from = "stimulus";
      const auto record = trial::run_trial(spec, bench_under_test(), baselines());
      if (record.verdict != Verdict::recovered) {
        state.SkipWithError("a trial did not recover");
        return;
      }
    }
  }
  count_trials(state, trials);
}
BENCHMARK(whole_trials)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

/// A whole swap, every operation cut, from forked Durables: reference run included.
void forked_trials(benchmark::State& state) {
  trial::SweepPlan plan;
  plan.operations.phases = {"swap"};
  plan.check_every = 0;
  std::uint64_t trials = 0;
  for (auto _ : state) {
    const auto result =
        trial::sweep(update(), plan, 1, bench_under_test(), baselines(), {});
    trials += result.trials;
    const auto recovered = result.counts.find("recovered");
    if (recovered == result.counts.end() || recovered->second != result.trials) {
      state.SkipWithError("a trial did not recover");
      return;
    }
  }
  count_trials(state, trials);
}
BENCHMARK(forked_trials)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

/// Keeps what a machine wants to know, beside the usual table.
class Keys : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      const auto rate = run.counters.find("per_s");
      if (run.error_occurred) failed = true;
      if (rate == run.counters.end()) continue;
      const bool whole = run.benchmark_name().starts_with("whole");
      values[whole ? "trials_per_s_per_core" : "forked_trials_per_s_per_core"] =
          rate->second.value;
    }
  }
  nlohmann::json values = nlohmann::json::object();
  bool failed = false;
};

}  // namespace
}  // namespace lockrig

int main(int argc, char** argv) {
  std::string json_file;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::string(argv[i]) != "--json") continue;
    json_file = argv[i + 1];
    std::copy(argv + i + 2, argv + argc, argv + i);
    argc -= 2;
    break;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  lockrig::Keys reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  std::cout << reporter.values.dump(2) << "\n";
  if (!json_file.empty()) {
    std::ofstream out(json_file);
    out << reporter.values.dump(2) << "\n";
    if (!out) {
      std::cerr << json_file << ": cannot be written\n";
      return 2;
    }
  }
  return reporter.failed ? 1 : 0;
}
