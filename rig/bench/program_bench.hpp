// A bench whose boards are programs: each behind a virtual FTDI chip and its harness,
// in a paced world, so that programs have the time that they believe to have. Each rig
// has a folder, sockets and a process of its own: trials may run side by side.
#pragma once

#include "rig/bench/file_bench.hpp"

namespace lockrig::bench {

class ProgramBench final : public FileBench {
 public:
  /// REQUIRES: a file of kind programs. Starts nothing.
  explicit ProgramBench(BenchFile file) : FileBench(std::move(file)) {}

  /// std::invalid_argument for defects: what a program does wrong, it does by itself.
  std::unique_ptr<trial::Rig> set_up(const std::string& station, std::uint64_t seed,
                                     const std::vector<std::string>& defects,
                                     const trial::Snapshot* start) override;

 private:
  std::set<std::string> fitted(const StationEntry& entry) const override;
};

}  // namespace lockrig::bench
