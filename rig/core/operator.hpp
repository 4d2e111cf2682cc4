// A side door: what a person at the bench can do. A capability; on hardware it asks
// one.
#pragma once

#include <string>

namespace lockrig {

class Operator {
 public:
  virtual ~Operator() = default;

  /// Pulls one wire of the harness by its logical name ("bolt_retracted", "rail",
  /// "keypad_enable", "console"): an input then reads its pull, an output does nothing.
  /// Throws std::invalid_argument for a wire that is not there.
  virtual void unplug(const std::string& wire) = 0;
  virtual void replug(const std::string& wire) = 0;

  /// Puts something in the bolt's way, `at` of the way from extended (0) to retracted
  /// (1), and takes it away again. std::invalid_argument where nobody can.
  virtual void block_bolt(double at) = 0;
  virtual void unblock_bolt() = 0;
};

}  // namespace lockrig
