// How many trials a second are judged, whole and from forks: by one core, by two
// threads, and what two threads lack of two processes.
#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "many_cuts.hpp"
#include "rig/trial/sweep.hpp"
#include "subject.hpp"
#include "threads.hpp"

namespace lockrig {
namespace {

using trial::Verdict;

void count_trials(benchmark::State& state, std::uint64_t trials) {
  state.counters["per_s"] =
      benchmark::Counter(static_cast<double>(trials), benchmark::Counter::kIsRate);
}

/// Upload of a 64 KiB image over SMP, cut, reboot, whole oracle with its second update.
void whole_trials(benchmark::State& state) {
  const auto threads = static_cast<std::uint64_t>(state.range(0));
  std::atomic<bool> all_recovered = true;
  baselines().get(update().station, {});
  for (auto _ : state) {
    std::vector<std::jthread> team;
    for (std::uint64_t first = 0; first < threads; ++first) {
      team.emplace_back([&, first] {
        for (std::uint64_t i = first; i < kCuts && all_recovered; i += threads) {
          const auto record =
              trial::run_trial(cut_update(i), bench_under_test(), baselines());
          if (record.verdict != Verdict::recovered) all_recovered = false;
        }
      });
    }
    team.clear();
    if (!all_recovered) return state.SkipWithError("a trial did not recover");
  }
  count_trials(state, kCuts * static_cast<std::uint64_t>(state.iterations()));
}
BENCHMARK(whole_trials)->Arg(1)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();
BENCHMARK(whole_trials)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

/// A whole swap, every operation cut, from forked Durables: reference run included.
void forked_trials(benchmark::State& state) {
  const auto threads = static_cast<unsigned>(state.range(0));
  trial::SweepPlan plan;
  plan.operations.phases = {"swap"};
  plan.check_every = 0;
  std::uint64_t trials = 0;
  for (auto _ : state) {
    const auto result =
        trial::sweep(update(), plan, threads, bench_under_test(), baselines(), {});
    trials += result.trials;
    const auto recovered = result.counts.find("recovered");
    if (recovered == result.counts.end() || recovered->second != result.trials) {
      state.SkipWithError("a trial did not recover");
      return;
    }
  }
  count_trials(state, trials);
}
BENCHMARK(forked_trials)
    ->Arg(1)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime();
BENCHMARK(forked_trials)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

void threads_over_processes(benchmark::State& state, const std::string& kind) {
  for (auto _ : state) state.counters["ratio"] = lockrig::threads_over_processes(kind);
}
BENCHMARK_CAPTURE(threads_over_processes, whole, "whole")->Iterations(1);
BENCHMARK_CAPTURE(threads_over_processes, forked, "forked")->Iterations(1);

/// Keeps what a machine wants to know, beside the usual table.
class Keys : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    static const std::map<std::string, std::string> kKeys = {
        {"whole_trials/1/process_time", "trials_per_s_per_core"},
        {"whole_trials/2/real_time", "trials_per_s_two_threads"},
        {"forked_trials/1/process_time", "forked_trials_per_s_per_core"},
        {"forked_trials/2/real_time", "forked_trials_per_s_two_threads"},
        {"threads_over_processes/whole/iterations:1", "threads_over_processes"},
        {"threads_over_processes/forked/iterations:1",
         "forked_threads_over_processes"}};
    for (const Run& run : runs) {
      if (run.error_occurred) failed = true;
      const auto key = kKeys.find(run.benchmark_name());
      if (key == kKeys.end() || run.counters.empty()) continue;
      values[key->second] = run.counters.begin()->second.value;
    }
  }
  nlohmann::json values = nlohmann::json::object();
  bool failed = false;
};

/// Its value, taken out of the arguments; "" where it is not given.
std::string take_option(int& argc, char** argv, const std::string& name) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (argv[i] != name) continue;
    const std::string value = argv[i + 1];
    std::copy(argv + i + 2, argv + argc, argv + i);
    argc -= 2;
    return value;
  }
  return "";
}

}  // namespace
}  // namespace lockrig

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == lockrig::kWork) {
    return lockrig::work(argc, argv);
  }
  const std::string json_file = lockrig::take_option(argc, argv, "--json");
  const std::string cuts = lockrig::take_option(argc, argv, "--cuts");
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  lockrig::Keys reporter;
  if (cuts.empty()) {
    benchmark::RunSpecifiedBenchmarks(&reporter);
  } else {
    reporter.values = lockrig::many_cuts(std::stoull(cuts));
  }
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
