// What the trial benchmarks run: one station's update over its service port.
#pragma once

#include "rig/bench/virtual_bench.hpp"
#include "rig/trial/run_trial.hpp"

namespace lockrig {

inline bench::VirtualBench& bench_under_test() {
  static bench::VirtualBench bench(LOCKRIG_ROOT "/fixtures/benches/virtual.toml");
  return bench;
}

inline trial::Baselines& baselines() {
  static trial::Baselines made(bench_under_test());
  return made;
}

inline trial::TrialSpec update() {
  trial::TrialSpec spec;
  spec.station = "A1";
  spec.board = bench_under_test().facts("A1").board;
  spec.stimulus = trial::Stimulus::push;
  spec.image = spec.board + "/2.4.0";
  spec.seed = 7;
  return spec;
}

/// `which` of 200 cuts, spread over the update's flash operations.
inline trial::TrialSpec cut_update(std::uint64_t which) {
  constexpr std::uint64_t kStep = 5;  // flash operations from one cut to the next
  trial::TrialSpec spec = update();
  trial::Cut cut;
  cut.at = which * kStep;
  cut.fraction = 0.3;
  spec.cuts = {cut};
  spec.counts_from = "stimulus";
  return spec;
}
inline constexpr std::uint64_t kCuts = 200;

}  // namespace lockrig
