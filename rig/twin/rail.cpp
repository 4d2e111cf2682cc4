#include "rig/twin/rail.hpp"

#include <algorithm>
#include <cmath>

namespace lockrig::twin {

double Rail::fall_per_ns() const {
  if (supply_ == Supply::connected || back_fed_ || !above_reset_) return 0;
  const bool bleeds = supply_ == Supply::discharged;
  const Duration hold_up = bleeds ? model_.hold_up_discharged : model_.hold_up_open;
  const Duration fall = bleeds ? model_.fall_discharged : model_.fall_open;
  const Duration time = good_ ? hold_up : fall - hold_up;
  return (bleeds ? std::max(1.0, load_) : load_) / static_cast<double>(time.count());
}

/// Brings the level up to now. Crossings are cross()'s alone.
void Rail::settle() {
  const Duration passed = world_.now() - since_;
  since_ = world_.now();
  const double floor = good_ ? kBrownOut : 0;
  level_ =
      std::max(floor, level_ - fall_per_ns() * static_cast<double>(passed.count()));
}

void Rail::schedule() {
  timer_.cancel();
  if (supply_ == Supply::connected) {
    if (good_) {
      level_ = kFull;
    } else {
      timer_.at(world_.now() + model_.rise);
    }
    return;
  }
  const double rate = fall_per_ns();
  if (rate <= 0) return;
  const double left = (level_ - (good_ ? kBrownOut : 0)) / rate;
  timer_.at(world_.now() + Duration(std::llround(left)));
}

void Rail::cross() {
  since_ = world_.now();
  if (supply_ == Supply::connected) {
    const bool was_above = above_reset_;
    level_ = kFull;
    good_ = above_reset_ = true;
    if (!was_above) call(events_.above_reset);
    // The callback may have taken the supply away, but not the moment that has come.
    call(events_.power_good);
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

void Rail::set_load(double load) {
  if (load == load_) return;
  settle();
  load_ = load;
  if (supply_ != Supply::connected) schedule();
}

void Rail::set_back_fed(bool fed) {
  if (fed == back_fed_) return;
  settle();
  back_fed_ = fed;
  if (supply_ != Supply::connected) schedule();
}

}  // namespace lockrig::twin
