// The default bench: every station is a twin behind a virtual FT2232H, in a simulated
// world of its own. Composition root: the only place that knows both sides.
#pragma once

#include <atomic>

#include "rig/bench/file_bench.hpp"

namespace lockrig::bench {

class VirtualBench final : public FileBench {
 public:
  /// REQUIRES: a file of that kind.
  explicit VirtualBench(BenchFile file) : FileBench(std::move(file)) {}
  /// BadInput for every mistake in the file or in what it names.
  explicit VirtualBench(const std::filesystem::path& path)
      : VirtualBench(load_bench(path)) {}

  std::unique_ptr<trial::Rig> set_up(const std::string& station, std::uint64_t seed,
                                     const std::vector<std::string>& defects,
                                     const trial::Snapshot* start) override;

  /// For tests of the rig itself: in every rig made from now on, the station's USB
  /// cable is pulled at its n-th exchange (twin/ft2232h.hpp); 0 for never.
  void pull_usb_at(std::uint64_t exchange) { usb_pulled_at_ = exchange; }
  /// Those of the rig that was destroyed last, of all threads'.
  std::uint64_t exchanges() const { return exchanges_; }

 private:
  std::set<std::string> fitted(const StationEntry& entry) const override;

  std::uint64_t usb_pulled_at_ = 0;
  std::atomic<std::uint64_t> exchanges_ = 0;
};

}  // namespace lockrig::bench
