// A NOR flash as the boot loader and the firmware use it: operations take time, power
// can fail inside each, and a probe may watch.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "rig/core/flash_probe.hpp"
#include "rig/core/world.hpp"
#include "rig/twin/flash_content.hpp"

namespace lockrig::twin {

/// A named range of whole sectors.
struct Region {
  std::string_view name;
  std::uint32_t address = 0;
  std::uint32_t size = 0;

  std::uint32_t end() const { return address + size; }
  bool contains(std::uint32_t a) const { return a >= address && a < end(); }
};

/// Typical times (Winbond W25Q80DV data sheet: tSE 45 ms, tBP1 30 us for the first byte
/// and tBP2 2.5 us for each further one, which gives 0.67 ms a page).
struct FlashTiming {
  Duration erase = 45ms;
  Duration first_byte = 30us;
  Duration further_byte = 2500ns;

  Duration program(std::size_t bytes) const {
    return first_byte + further_byte * (static_cast<std::int64_t>(bytes) - 1);
  }
};

class NorFlash final : public FlashProbe {
 public:
  /// REQUIRES: regions that do not overlap.
  NorFlash(World& world, FlashContent& content, std::vector<Region> regions,
           FlashTiming timing);

  /// Only inside a task of the board's life: where power fails, it never returns.
  /// Tasks queue for the chip, an operation at a time. `data` outlives the call.
  Task<void> erase(std::uint32_t address);
  /// Any length; page by page, never across a page's end.
  Task<void> program(std::uint32_t address, ByteView data);
  /// Erases the sector at `to`, then copies the one at `from` into it. Nobody writes
  /// that one meanwhile.
  Task<void> copy_sector(std::uint32_t from, std::uint32_t to);

  void read(std::uint32_t address, std::span<std::uint8_t> into) const {
    content_.read(address, into);
  }
  Bytes read(std::uint32_t address, std::size_t count) const;
  /// Within one sector; until an operation on that ends.
  ByteView view(std::uint32_t address, std::size_t count) const {
    return content_.view(address, count);
  }
  bool blank(std::uint32_t address, std::size_t count) const;
  /// All of a region that this flash was given, until an operation on it ends. Read
  /// anew only when something has changed it: images are looked at again and again.
  ByteView whole(const Region& region) const;

  /// What the board is doing, for the probe: see FlashOp::phase.
  void set_phase(std::string_view phase) { phase_ = phase; }
  std::string_view phase() const { return phase_; }

  /// Power has failed: whatever was under way is torn there.
  void power_lost(std::uint64_t seed);
  /// Called when a cut that was asked of the probe has to take the supply away.
  void on_cut(std::function<void()> collapse) { collapse_ = std::move(collapse); }
  /// Called when a call of the above begins its first operation (true) and when its
  /// last one ends; not when power fails. From page to page no time passes.
  void on_busy(std::function<void(bool busy)> changed) { busy_ = std::move(changed); }
  /// Makes a Durable of a board from a flash content. May be called from any thread.
  using MakeDurable = std::function<std::shared_ptr<const Durable>(FlashContent)>;
  /// For moment(): gives what makes a Durable of the board as it is at that moment.
  void on_moment(std::function<MakeDurable()> freeze) { freeze_ = std::move(freeze); }

  std::uint64_t count() const override { return count_; }
  std::uint64_t slot_count() const override { return slot_count_; }
  void watch(std::function<void(const FlashOp&)> callback) override {
    watch_ = std::move(callback);
  }
  std::shared_ptr<const FlashMoment> moment() override;
  void cut_at(std::uint64_t index, double fraction, std::uint64_t seed,
              std::function<void()> fired) override;
  void disarm() override { cut_.reset(); }

 private:
  struct Operation {
    FlashOp::Kind kind;
    std::uint32_t address;
    ByteView data;
    Instant start;
    Duration length;
  };
  struct Cut {
    std::uint64_t index;
    double fraction;
    std::uint64_t seed;
    std::function<void()> fired;
  };

  const Region* find_region(std::uint32_t address) const;
  void forget_region();
  Task<void> wait_for_idle();
  /// True when the operation may run to its end without waiting. `first` and `last`: of
  /// a row between which nobody can see the chip idle.
  bool begin(FlashOp::Kind kind, std::uint32_t address, ByteView data, bool first);
  Task<void> wait_for_end();
  void finish(bool last);
  void tear(double fraction, std::uint64_t seed);

  World& world_;
  FlashContent& content_;
  std::vector<Region> regions_;
  const Region* region_ = nullptr;   // of the last operation, if it was in one
  mutable std::vector<Bytes> kept_;  // what whole() has read, by region; else empty
  FlashTiming timing_;
  std::string_view phase_ = "boot";
  std::uint64_t count_ = 0;
  std::uint64_t slot_count_ = 0;
  std::optional<Operation> current_;
  Signal idle_;
  std::optional<Cut> cut_;
  std::function<void(const FlashOp&)> watch_;
  std::function<void()> collapse_;
  std::function<void(bool)> busy_;
  std::function<MakeDurable()> freeze_;
};

}  // namespace lockrig::twin
