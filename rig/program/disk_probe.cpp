#include "rig/program/disk_probe.hpp"

#include <utility>

namespace lockrig::program {

DiskProbe::DiskProbe(TearingDisk& disk, std::function<void()> cut)
    : disk_(disk), cut_(std::move(cut)) {
  disk_.on_write([this](const DiskWrite& write) {
    if (!watcher_) return;
    watcher_({write.number - 1, FlashOp::Kind::program, "disk", "run",
              FlashOp::Extent{write.offset, write.length}});
  });
}

DiskProbe::~DiskProbe() {
  disk_.on_write({});
  disk_.cancel_cut();
}

void DiskProbe::cut_at(std::uint64_t index, double fraction, std::uint64_t,
                       std::function<void()> fired) {
  // A disk counts from 1.
  disk_.cut_at(index + 1, fraction, [this, fired = std::move(fired)](const DiskWrite&) {
    if (fired) fired();
    cut_();
  });
}

}  // namespace lockrig::program
