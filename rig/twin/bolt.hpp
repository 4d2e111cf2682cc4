// The bolt, its motor's gear and its two end sensors. The position is what survives a
// power cut; the command is not.
#pragma once

#include <functional>

#include "rig/core/board.hpp"
#include "rig/core/world.hpp"

namespace lockrig::twin {

enum class Motor { off, retract, extend };

class BoltMechanics {
 public:
  /// End to end. [assumed: domain.md lists motor timing as unknown]
  static constexpr Duration kTravel = 400ms;

  /// `changed` is called with Output::bolt_extended or bolt_retracted at the moment a
  /// sensor changes. The bolt begins extended. REQUIRES: travel >= 50 ns.
  /// `driven`: the motor has been switched.
  BoltMechanics(World& world, std::function<void(Output, bool)> changed,
                Duration travel = kTravel, std::function<void()> driven = {});

  /// off stops it where it is (a worm gear holds it): also what losing power does.
  void drive(Motor motor);
  Motor motor() const { return motor_; }

  /// Something stands in its way there, whichever side it comes from; nothing does from
  /// now on. The motor stalls against it.
  void block(double at);
  void unblock();

  /// 0 is extended, 1 is retracted. set_position() moves it by other means: a forced
  /// door, or a world that begins with what an earlier one left.
  double position() const;
  void set_position(double position);

  /// Both are false in between. The sensors trip within 2 % of an end. [assumed]
  bool extended() const { return extended_; }
  bool retracted() const { return retracted_; }

 private:
  void settle();
  void sense();
  void schedule();
  Duration now_at() const;
  Duration place_of(double position) const;

  World& world_;
  std::function<void(Output, bool)> changed_;
  std::function<void()> driven_;
  Duration travel_;
  Duration extended_to_;     // the sensor's range, counted as time of travel
  Duration retracted_from_;  // likewise
  Motor motor_ = Motor::off;
  Duration least_{};  // how far it can go, as things stand
  Duration most_;
  Duration at_{};  // at since_
  Instant since_{};
  bool extended_ = true;
  bool retracted_ = false;
  Timer timer_;
};

}  // namespace lockrig::twin
