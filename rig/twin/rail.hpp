// The battery rail of a board: what the switch, the load and a back-feeding wire make
// of it. Event-driven: it calls back when a threshold is crossed, never in between.
//
// The fall is taken as two straight lines: full to brown-out (the hold-up), brown-out
// to power-on reset. Only the times matter to whoever watches; the thresholds in mV say
// which feed still runs the board, and where on those lines a lower feed catches it.
#pragma once

#include <functional>

#include "rig/core/board.hpp"
#include "rig/core/world.hpp"

namespace lockrig::twin {

/// Times from a full rail under load 1. The sourced value is the 90 to 10 % discharge
/// of 100 uF by a TPS22918 (protocols.md, "Cutting power"); the others are assumed, and
/// a board's own come from its fixture or its calibration.
struct RailModel {
  /// Supply connected to running voltage, from any level below brown-out. [assumed]
  Duration rise = 1ms;
  /// Open contacts to brown-out: 100 uF at 20 mA and 1 V to spare on the logic's side.
  /// [assumed]
  Duration hold_up_open = 5ms;
  /// Open contacts to below power-on reset: "tens of ms". [assumed]
  Duration fall_open = 50ms;
  /// Bleed on, to brown-out: the first fifth of an exponential whose 90 to 10 % time is
  /// the 2.15 ms below. [assumed threshold]
  Duration hold_up_discharged = 220us;
  /// Bleed on, to below power-on reset, taken as 10 % of full. [sourced, see above]
  Duration fall_discharged = 2150us;

  /// What the times above start from: 4 x AA. [sourced: domain.md, "Power"]
  int full_mv = 6000;
  /// The least feed that runs the board: below its last warning of 3.75 V (domain.md).
  /// [assumed]
  int brown_out_mv = 3500;
  /// The least feed that keeps RAM and the sensor: 10 % of full, as above. [assumed]
  int reset_mv = 600;
  /// The second, lower rail of the dip line: a brown-out without a power-on reset, for
  /// as long as it lasts. [assumed]
  int dip_mv = 2000;
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

  /// The rail begins empty, with the supply open and a full battery to be connected.
  /// REQUIRES: full_mv > brown_out_mv > reset_mv >= 0.
  Rail(World& world, RailModel model, Events events)
      : model_(model),
        feed_mv_(model.full_mv),
        world_(world),
        events_(std::move(events)),
        timer_(world, "the battery rail", [this] { cross(); }) {}

  /// Connecting again before the brown-out rides through: nothing happened.
  void set_supply(Supply supply);
  /// What stands behind the closed power switch: a battery, or an instrument that
  /// ramps. At or above brown_out_mv it runs the board, with the less hold-up the lower
  /// it is. Below, the rail falls to it as open contacts would let it; the board dies
  /// on the way, and below reset_mv the sensor shows inactive. A back-feeding wire
  /// cannot hold a rail against a connected feed. [simplified]
  void set_feed_mv(int mv);
  /// 1 is the load of the model's times, 2 falls twice as fast, 0 not at all. With the
  /// bleed on, the bleed dominates.
  void set_load(double load);
  /// A console that is not isolated, or a closed key contact, holds a rail that nothing
  /// is connected to where it is: above brown-out the board runs on, so a cut that
  /// forgot it never happens. It does not lift a rail that has fallen. [simplified]
  void set_back_fed(bool fed);

  bool good() const { return good_; }
  bool above_reset() const { return above_reset_; }

 private:
  /// 2: full, 1: brown-out, 0: power-on reset.
  static constexpr double kFull = 2;
  static constexpr double kBrownOut = 1;

  /// No feed, or one below power-on reset.
  static constexpr double kNone = -1;

  double level_of(int mv) const;
  double fed_level() const;
  double fall_per_ns() const;
  void settle();
  void schedule();
  void cross();
  static void call(const std::function<void()>& event) {
    if (event) event();
  }

  RailModel model_;
  int feed_mv_;
  World& world_;
  Events events_;
  Timer timer_;
  Supply supply_ = Supply::open;
  double load_ = 1;
  bool back_fed_ = false;
  double level_ = 0;  // at since_
  Instant since_{};
  bool rising_ = false;  // what the timer is armed for
  bool good_ = false;
  bool above_reset_ = false;
};

}  // namespace lockrig::twin
