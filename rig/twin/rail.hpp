// The battery rail of a board: what the switch, the load and a back-feeding wire make
// of it. Event-driven: it calls back when a threshold is crossed, never in between.
//
// The fall is taken as two straight lines: full to brown-out (the hold-up), brown-out
// to power-on reset. Only the times matter to whoever watches.
#pragma once

#include <functional>

#include "rig/core/world.hpp"
#include "rig/twin/board.hpp"

namespace lockrig::twin {

/// Times from a full rail under load 1. The sourced value is the 90 to 10 % discharge
/// of 100 uF by a TPS22918 (protocols.md, "Cutting power"); the others are assumed, and
/// a board's own come from its fixture or its calibration.
struct RailModel {
  /// Supply connected to running voltage, from any level below brown-out. [assumed]
  Duration rise = 1ms;
  /// Open contacts to brown-out: 100 uF, 20 mA, 1 V to spare. [assumed]
  Duration hold_up_open = 5ms;
  /// Open contacts to below power-on reset: "tens of ms". [assumed]
  Duration fall_open = 50ms;
  /// Bleed on, to brown-out: the first fifth of an exponential whose 90 to 10 % time is
  /// the 2.15 ms below. [assumed threshold]
  Duration hold_up_discharged = 220us;
  /// Bleed on, to below power-on reset, taken as 10 % of full. [sourced, see above]
  Duration fall_discharged = 2150us;
};

class Rail {
 public:
  /// Each is called at its moment and may be empty; they may call back into the Rail.
  struct Events {
    /// The rail sensor shows active from now on; RAM of the time before is lost.
    std::function<void()> above_reset;
    /// Enough to run, after it was not: the board may boot. Follows above_reset at the
    /// same moment, or comes alone when the fall was caught below brown-out.
    std::function<void()> power_good;
    /// The board dies. It stays dead until power_good.
    std::function<void()> brown_out;
    /// The rail sensor shows inactive from now on.
    std::function<void()> below_reset;
  };

  /// The rail begins empty, with the supply open.
  Rail(World& world, RailModel model, Events events)
      : model_(model),
        world_(world),
        events_(std::move(events)),
        timer_(world, "the battery rail", [this] { cross(); }) {}

  /// Connecting again before the brown-out rides through: nothing happened.
  void set_supply(Supply supply);
  /// 1 is the load of the model's times, 2 falls twice as fast, 0 not at all. With the
  /// bleed on, the bleed dominates.
  void set_load(double load);
  /// A console that is not isolated, or a closed key contact, holds the rail where it
  /// is: above brown-out the board runs on, so a cut that forgot it never happens. It
  /// does not lift a rail that has fallen. [simplified]
  void set_back_fed(bool fed);

  bool good() const { return good_; }
  bool above_reset() const { return above_reset_; }

 private:
  /// 2: full, 1: brown-out, 0: power-on reset.
  static constexpr double kFull = 2;
  static constexpr double kBrownOut = 1;

  double fall_per_ns() const;
  void settle();
  void schedule();
  void cross();
  static void call(const std::function<void()>& event) {
    if (event) event();
  }

  RailModel model_;
  World& world_;
  Events events_;
  Timer timer_;
  Supply supply_ = Supply::open;
  double load_ = 1;
  bool back_fed_ = false;
  double level_ = 0;  // at since_
  Instant since_{};
  bool good_ = false;
  bool above_reset_ = false;
};

}  // namespace lockrig::twin
