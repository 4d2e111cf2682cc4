#include "rig/twin/bolt.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lockrig::twin {

BoltMechanics::BoltMechanics(World& world, std::function<void(Output, bool)> changed,
                             Duration travel, std::function<void()> driven)
    : world_(world),
      changed_(std::move(changed)),
      driven_(std::move(driven)),
      travel_(travel),
      extended_to_(travel / 50),
      retracted_from_(travel - travel / 50),
      most_(travel),
      timer_(world, "the bolt", [this] {
        settle();
        schedule();
        sense();
      }) {}

Duration BoltMechanics::now_at() const {
  const Duration passed = world_.now() - since_;
  switch (motor_) {
    case Motor::retract:
      return std::min(at_ + passed, most_);
    case Motor::extend:
      return std::max(at_ - passed, least_);
    case Motor::off:
      break;
  }
  return at_;
}

void BoltMechanics::settle() {
  at_ = now_at();
  since_ = world_.now();
}

void BoltMechanics::sense() {
  const bool was_extended = std::exchange(extended_, at_ <= extended_to_);
  const bool was_retracted = std::exchange(retracted_, at_ >= retracted_from_);
  // The sensor that lets go speaks first; a callback may command the motor.
  const bool extended = extended_;
  const bool retracted = retracted_;
  if (was_extended && !extended) changed_(Output::bolt_extended, false);
  if (was_retracted && !retracted) changed_(Output::bolt_retracted, false);
  if (!was_extended && extended) changed_(Output::bolt_extended, true);
  if (!was_retracted && retracted) changed_(Output::bolt_retracted, true);
}

/// To the next place at which a sensor changes.
void BoltMechanics::schedule() {
  timer_.cancel();
  if (motor_ == Motor::retract) {
    for (const Duration edge : {extended_to_ + 1ns, retracted_from_}) {
      if (edge > most_) return;
      if (at_ < edge) return timer_.at(since_ + (edge - at_));
    }
  } else if (motor_ == Motor::extend) {
    for (const Duration edge : {retracted_from_ - 1ns, extended_to_}) {
      if (edge < least_) return;
      if (at_ > edge) return timer_.at(since_ + (at_ - edge));
    }
  }
}

void BoltMechanics::drive(Motor motor) {
  if (motor == motor_) return;
  settle();
  motor_ = motor;
  schedule();
  sense();
  if (driven_) driven_();
}

Duration BoltMechanics::place_of(double position) const {
  const double clamped = std::clamp(position, 0.0, 1.0);
  return Duration(std::llround(clamped * static_cast<double>(travel_.count())));
}

void BoltMechanics::block(double at) {
  settle();
  const Duration place = place_of(at);
  const bool outside = at_ <= place;  // at the place itself it cannot be opened
  least_ = outside ? Duration::zero() : place;
  most_ = outside ? place : travel_;
  schedule();
}

void BoltMechanics::unblock() {
  settle();
  least_ = Duration::zero();
  most_ = travel_;
  schedule();
}

double BoltMechanics::position() const {
  return static_cast<double>(now_at().count()) / static_cast<double>(travel_.count());
}

void BoltMechanics::set_position(double position) {
  at_ = place_of(position);
  since_ = world_.now();
  schedule();
  sense();
}

}  // namespace lockrig::twin
