// What a sweep cuts, and how it chooses.
#pragma once

#include <cstdint>
#include <vector>

#include "rig/core/units.hpp"
#include "rig/trial/reference.hpp"

namespace lockrig::trial {

/// Along what the moment of the cut moves.
enum class Axis {
  flash_ops,  // needs that capability; a fork each
  bytes,      // of the image, acknowledged; a whole trial each, on any bench
  time,       // after the stimulus begins, or after power is back from the base's own
              // last cut; a whole trial each, on any bench
};

enum class Choose {
  all,       // exhaustive
  linear,    // `count` in all, evenly
  random,    // `count` independent draws, from the run's seed
  bisect,    // `count` evenly, then halving every gap between two outcomes
  adaptive,  // `count` in all: half of them evenly, the rest where outcomes change
};

struct SweepPlan {
  Axis axis = Axis::flash_ops;
  OperationFilter operations;                    // axis flash_ops
  std::vector<double> fractions{0.0, 0.3, 0.7};  // likewise; random: empty is any
  std::uint64_t from = 0, to = 0, step = 0;      // the others: bytes or nanoseconds,
                                                 // `to` left out
  Choose choose = Choose::all;
  std::uint64_t count = 0;
  Cut::Style style = Cut::Style::hard;
  /// Random draws only: cuts in a row. Those after the first come at a random moment
  /// within `window` of power's return.
  std::uint64_t cuts = 1;
  /// Assumed: a swap of 64 KiB takes 3 s at typical flash times, and a start-up
  /// follows.
  Duration window = 4s;
  /// Times that each point is judged: on hardware an outcome is a probability.
  std::uint64_t repeats = 1;
  /// One in so many forked trials also runs whole and must agree; 0: none.
  std::uint64_t check_every = 100;
  /// Ends once a lock has definitely failed.
  bool stop_at_first = false;
};

/// std::invalid_argument for what makes no sense.
void check(const TrialSpec& base, const SweepPlan& plan);

}  // namespace lockrig::trial
