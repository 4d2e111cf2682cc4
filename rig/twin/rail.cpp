#include "rig/twin/rail.hpp"

#include <algorithm>
#include <cmath>

namespace lockrig::twin {

double Rail::level_of(int mv) const {
  if (mv < model_.reset_mv) return kNone;
  if (mv < model_.brown_out_mv) {
    return static_cast<double>(mv - model_.reset_mv) /
           (model_.brown_out_mv - model_.reset_mv);
  }
  return kBrownOut + static_cast<double>(mv - model_.brown_out_mv) /
                         (model_.full_mv - model_.brown_out_mv);
}

/// Where what is connected would hold the rail.
double Rail::fed_level() const {
  if (supply_ == Supply::connected) return level_of(feed_mv_);
  if (supply_ == Supply::dipped) return level_of(model_.dip_mv);
  return kNone;
}

double Rail::fall_per_ns() const {
  const bool bleeds = supply_ == Supply::discharged;
  const bool held = back_fed_ && (bleeds || supply_ == Supply::open);
  if (held || !above_reset_) return 0;
  const Duration hold_up = bleeds ? model_.hold_up_discharged : model_.hold_up_open;
  const Duration fall = bleeds ? model_.fall_discharged : model_.fall_open;
  const Duration time = good_ ? hold_up : fall - hold_up;
  return (bleeds ? std::max(1.0, load_) : load_) / static_cast<double>(time.count());
}

/// Brings the level up to now. Crossings are cross()'s alone.
void Rail::settle() {
  const Duration passed = world_.now() - since_;
  since_ = world_.now();
  const double floor = std::max(good_ ? kBrownOut : 0, fed_level());
  if (level_ <= floor) return;
  level_ =
      std::max(floor, level_ - fall_per_ns() * static_cast<double>(passed.count()));
}

void Rail::schedule() {
  const double fed = fed_level();
  const bool rises = !good_ && fed > kNone && (fed >= kBrownOut || !above_reset_);
  if (rises) {
    // A feed that climbs on does not put off what its beginning started.
    if (!rising_) timer_.at(world_.now() + model_.rise);
    rising_ = true;
    return;
  }
  timer_.cancel();
  rising_ = false;
  if (fed > kNone) level_ = std::max(level_, fed);
  const double threshold = good_ ? kBrownOut : 0;
  if (fed >= threshold) return;
  const double rate = fall_per_ns();
  if (rate <= 0) return;
  timer_.at(world_.now() + Duration(std::llround((level_ - threshold) / rate)));
}

void Rail::cross() {
  since_ = world_.now();
  if (rising_) {
    rising_ = false;
    const bool was_above = above_reset_;
    level_ = fed_level();
    good_ = level_ >= kBrownOut;
    above_reset_ = true;
    const bool runs = good_;
    if (!was_above) call(events_.above_reset);
    // The callback may have taken the supply away, but not the moment that has come.
    if (runs) call(events_.power_good);
    return;
  }
  if (good_) {
    level_ = kBrownOut;
    good_ = false;
    schedule();
    call(events_.brown_out);
  } else {
    level_ = 0;
    above_reset_ = false;
    call(events_.below_reset);
  }
}

void Rail::set_supply(Supply supply) {
  if (supply == supply_) return;
  settle();
  supply_ = supply;
  schedule();
}

void Rail::set_feed_mv(int mv) {
  if (mv == feed_mv_) return;
  settle();
  feed_mv_ = mv;
  schedule();
}

void Rail::set_load(double load) {
  if (load == load_) return;
  settle();
  load_ = load;
  schedule();
}

void Rail::set_back_fed(bool fed) {
  if (fed == back_fed_) return;
  settle();
  back_fed_ = fed;
  schedule();
}

}  // namespace lockrig::twin
