// The audit log: what happened at the door, in a ring of fixed records.
#pragma once

#include <string>
#include <vector>

#include "rig/core/mutex.hpp"
#include "rig/twin/defects.hpp"
#include "rig/twin/nor_flash.hpp"

namespace lockrig::twin {

/// One event. `text` is its name and detail: "unlocked slot 0", "refused MODEL".
struct Event {
  std::uint32_t sequence = 0;  // counts from 1 and never repeats
  std::uint32_t boot = 0;      // the boot it happened in
  std::string text;            // at most 48 characters, never a code
};

class AuditLog {
 public:
  AuditLog(World& world, NorFlash& flash, const Region& region, const Defects& defects)
      : flash_(flash), region_(region), defects_(defects), turn_(world) {}

  /// At boot, before add().
  Task<void> load();

  Task<void> add(std::uint32_t boot, std::string text);

  /// Sequence of the newest event; 0 for none.
  std::uint32_t newest() const { return newest_; }
  /// Events after `sequence`, oldest first, at most `most`.
  std::vector<Event> after(std::uint32_t sequence, std::size_t most) const;

 private:
  static constexpr std::uint32_t kRecord = 64;
  std::uint32_t records() const { return region_.size / kRecord; }
  std::uint32_t address(std::uint32_t slot) const {
    return region_.address + slot * kRecord;
  }
  ByteView record(std::uint32_t slot) const {
    return flash_.view(address(slot), kRecord);
  }

  NorFlash& flash_;
  Region region_;
  const Defects& defects_;
  std::uint32_t next_ = 0;  // slot
  std::uint32_t newest_ = 0;
  Mutex turn_;
};

}  // namespace lockrig::twin
