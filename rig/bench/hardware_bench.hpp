// Real stations, or their rehearsal: boards behind FTDI chips and serial ports, in the
// host's own time. Nothing here knows whether a board or a paced twin answers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "rig/bench/debug_probe.hpp"
#include "rig/bench/file_bench.hpp"
#include "rig/bench/held_station.hpp"

namespace lockrig::bench {

/// A station is held (see HeldStation) from its first rig on, as long as the bench
/// lives. Its devices are open while a rig of it lives: at most one at a time.
class HardwareBench final : public FileBench {
 public:
  /// REQUIRES: a file of kind hardware or rehearsal. Touches no device.
  explicit HardwareBench(BenchFile file);
  ~HardwareBench() override;

  /// The lock is brought to `start` by the debug probe, where there is one; without one
  /// it is taken as it is. RigError for whatever of the station cannot be used.
  std::unique_ptr<trial::Rig> set_up(const std::string& station, std::uint64_t seed,
                                     const std::vector<std::string>& defects,
                                     const trial::Snapshot* start) override;

 private:
  struct Place;
  std::set<std::string> fitted(const StationEntry& entry) const override;
  Place& place(const StationEntry& entry);

  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Place>> places_;
};

}  // namespace lockrig::bench
