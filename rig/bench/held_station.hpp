// A real station while this process has it: its lock, what the host remembers of it,
// and the guard that makes it safe should this process be killed.
#pragma once

#include <filesystem>

#include "rig/bench/bench_file.hpp"
#include "rig/io/guard.hpp"
#include "rig/io/station_lock.hpp"
#include "rig/io/station_state.hpp"

namespace lockrig::bench {

/// Made before the station's devices are opened, destroyed after they are closed.
class HeldStation {
 public:
  /// RigError if somebody else has it (naming who, and since when) or if there is no
  /// guard to be had; std::invalid_argument and BadInput for folders and files that
  /// cannot be used.
  HeldStation(const StationEntry& entry, const std::filesystem::path& programs);
  ~HeldStation() { guard_.release(); }

  /// Say so before the station is used, and after it has been left: `safe` is with its
  /// devices at work, so that its board holds what was put there.
  void begin();
  void end(bool safe);

 private:
  io::StationLock lock_;
  io::StationState state_;
  io::Guard guard_;
};

}  // namespace lockrig::bench
