// One real station made ready for a trial: its devices open, in a wall-clock world.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "rig/bench/bench_file.hpp"
#include "rig/lock/client.hpp"
#include "rig/trial/rig.hpp"

namespace lockrig::bench {

class DebugProbe;

/// How a rig left its station.
struct Left {
  bool safe = false;  // its devices answered to the end
  bool off = false;   // and the rail was seen to have fallen
};

struct HardwareRigParts {
  const StationEntry& entry;
  const BoardFile& board;
  const trial::LockFacts& facts;
  std::set<std::string> fitted;
  trial::Images& images;
  std::optional<lock::Credential> credential;  // for its service port
  Operator* person;                            // null where nobody pulls wires
  DebugProbe* probe;               // null where the baseline is the lock as it is
  std::function<void(Left)> gone;  // called once the rig's devices are closed
};

/// Opens every device of the station; RigError for one that cannot be. The station's
/// power is off and its keys are open. What is referred to outlives the rig.
///
/// Destroyed, it lets go of the keys and takes the power away (on_exit = "keep" leaves
/// it), and gives the devices back.
std::unique_ptr<trial::Rig> make_hardware_rig(const HardwareRigParts& parts,
                                              std::uint64_t seed,
                                              const std::function<void()>& interrupt);

/// Sees to what was left on by on_exit = "keep", or when a device failed: keys open,
/// power off, and the rail down unless something else feeds it. Needs the FTDI chip
/// alone; RigError if that cannot be used.
void take_power_away(const StationEntry& entry, const std::function<void()>& interrupt);

}  // namespace lockrig::bench
