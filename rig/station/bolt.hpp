// The bolt by the rig's own two end sensors, which work while the lock is dead.
#pragma once

#include <vector>

#include "rig/station/gpio.hpp"

namespace lockrig::station {

class Bolt {
 public:
  enum class Position {
    extended,       // locked
    retracted,      // open
    between,        // on its way, or stopped there by a cut
    contradictory,  // both sensors active: the rig's fault, never the lock's
  };

  /// Evidence of motion: it left an end, or came to one. A motion from end to end gives
  /// two of them, one that begins or ends between the ends only one.
  struct Motion {
    Instant at;
    Position from;
    Position to;
    bool towards_open() const {
      return from == Position::extended || to == Position::retracted;
    }
    bool operator==(const Motion&) const = default;
  };

  explicit Bolt(Gpio& gpio);

  /// As last sampled.
  Position position() const;

  /// True if it was there at a moment from now until `until`; the answer comes up to
  /// one chunk later. RigError when both sensors are active, unless that is waited for.
  Task<bool> wait_for(Position position, Instant until);

  /// Over all edges so far. Edges into and out of `contradictory` are no motion.
  const std::vector<Motion>& motions();

  // Both ends inclusive. REQUIRES, for a certain answer: gpio.sampled(to) has returned.
  bool left_extended(Instant from, Instant to);
  /// Also one that came from between the ends.
  bool moved_towards_open(Instant from, Instant to);

 private:
  Position position(Levels levels) const;

  /// How far motions() has come: all before `edge`.
  struct Progress {
    std::size_t edge = 0;
    std::size_t motions = 0;
    Levels levels = 0;
  };

  Gpio& gpio_;
  int extended_;
  int retracted_;
  Progress progress_;
  std::vector<Motion> motions_;
};

const char* to_string(Bolt::Position position);

}  // namespace lockrig::station
