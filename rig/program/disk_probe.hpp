// A disk's writes as flash operations: counted, watched and cut like those of a chip.
#pragma once

#include <functional>

#include "rig/core/flash_probe.hpp"
#include "rig/program/tearing_disk.hpp"

namespace lockrig::program {

class DiskProbe final : public FlashProbe {
 public:
  /// `cut` takes the program's power away at once. The disk outlives the probe.
  DiskProbe(TearingDisk& disk, std::function<void()> cut);
  DiskProbe(const DiskProbe&) = delete;
  DiskProbe& operator=(const DiskProbe&) = delete;
  ~DiskProbe() override;

  std::uint64_t count() const override { return disk_.count(); }
  /// A disk has no image slots that anyone knows of.
  std::uint64_t slot_count() const override { return 0; }
  /// Each write is a "program" of the region "disk" in the phase "run"; told once it is
  /// in the file.
  void watch(std::function<void(const FlashOp&)> callback) override {
    watcher_ = std::move(callback);
  }
  std::shared_ptr<const FlashMoment> moment() override { return nullptr; }
  /// A prefix of the write is kept: `seed` is not used.
  void cut_at(std::uint64_t index, double fraction, std::uint64_t seed,
              std::function<void()> fired) override;
  void disarm() override { disk_.cancel_cut(); }

 private:
  TearingDisk& disk_;
  std::function<void()> cut_;
  std::function<void(const FlashOp&)> watcher_;
};

}  // namespace lockrig::program
