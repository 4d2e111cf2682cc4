// Saves and restores what survives in a lock: a debug probe on its flash. It makes a
// real station's baseline a snapshot.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rig/core/flash_probe.hpp"

namespace lockrig::bench {

/// REQUIRES for all: the lock's power switch is off. RigError, naming the station and
/// "debug probe", when it does not do as it is told.
class DebugProbe {
 public:
  /// The name under which a lock as it came, with the codes on its slip, is kept.
  static constexpr const char* kFactory = "factory";

  virtual ~DebugProbe() = default;
  virtual void save(const std::string& name) = 0;
  virtual void restore(const std::string& name) = 0;
};

/// What a DebugProbe has saved under a name.
struct ProbedFlash final : Durable {
  explicit ProbedFlash(std::string as) : name(std::move(as)) {}
  std::string name;
};

/// A program of the lab's own, run as `<command> save NAME` and `<command> restore
/// NAME`; exit status 0 says done, else its last line of output says why not.
class CommandProbe final : public DebugProbe {
 public:
  /// Megabytes of flash by a slow probe; one that takes longer hangs. Assumed.
  static constexpr int kLimitMs = 120'000;

  CommandProbe(std::string station, std::vector<std::string> command)
      : station_(std::move(station)), command_(std::move(command)) {}

  void save(const std::string& name) override { run("save", name); }
  void restore(const std::string& name) override { run("restore", name); }

 private:
  void run(const std::string& verb, const std::string& name);

  std::string station_;
  std::vector<std::string> command_;
};

}  // namespace lockrig::bench
