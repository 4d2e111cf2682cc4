// What a person and a debug probe can do at a rehearsal's station: by the control
// socket of its twins (rig/rehearsal/control.hpp).
#pragma once

#include "rig/bench/debug_probe.hpp"
#include "rig/core/operator.hpp"

namespace lockrig::bench {

/// Blocks for the milliseconds that the twins take to answer. RigError when they do not
/// do as they are told, or are gone.
class RehearsalControl final : public Operator, public DebugProbe {
 public:
  static constexpr int kAnswerLimitMs = 5000;

  /// `socket` is $LOCKRIG_REHEARSAL.
  RehearsalControl(std::string socket, std::string station)
      : socket_(std::move(socket)), station_(std::move(station)) {}

  /// "usb" is the whole cable of the station's FTDI chip.
  void unplug(const std::string& wire) override {
    tell("unplug " + station_ + " " + wire);
  }
  void replug(const std::string& wire) override {
    tell("replug " + station_ + " " + wire);
  }
  void block_bolt(double at) override {
    tell("block " + station_ + " " + std::to_string(at));
  }
  void unblock_bolt() override { tell("unblock " + station_); }
  void save(const std::string& name) override { tell("save " + station_ + " " + name); }
  void restore(const std::string& name) override;
  /// From the next power-up on.
  void set_defects(const std::vector<std::string>& defects);

 private:
  void tell(const std::string& line);

  std::string socket_;
  std::string station_;
};

}  // namespace lockrig::bench
