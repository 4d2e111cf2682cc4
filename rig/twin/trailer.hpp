// The trailer of an image slot: what the firmware asks of the boot loader, and how far
// a swap has come. Layout from MCUboot, boot/bootutil/include/bootutil/image.h and
// docs/design.md: fields of 8 bytes counted from the slot's end.
#pragma once

#include <cstdint>
#include <optional>

#include "rig/twin/nor_flash.hpp"

namespace lockrig::twin {

/// The low nibble of swap_info.
enum class SwapType : std::uint8_t { test = 2, permanent = 3, revert = 4 };

/// What stands where the magic belongs. Unset is erased, or made void.
enum class Magic { unset, good, bad };

/// Writes are torn by power cuts, and what was torn may read otherwise next time. So
/// - a field that reads as set is made firm before anything relies on it (reinforce);
/// - a trailer is made void, its magic programmed to 0, before it is erased: a torn
///   erase then never brings an old one back.
class Trailer {
 public:
  Trailer(NorFlash& flash, const Region& slot) : flash_(flash), end_(slot.end()) {}

  Magic magic() const;
  bool magic_good() const { return magic() == Magic::good; }
  bool blank() const;
  bool image_ok() const { return flag(kImageOk); }
  bool copy_done() const { return flag(kCopyDone); }
  std::optional<SwapType> swap_type() const;
  /// Sectors that a swap moves; only meaningful with a good magic.
  std::uint32_t swap_sectors() const;
  /// Steps of a swap that are done: the leading run of status entries.
  std::uint32_t steps_done() const;

  Task<void> write_swap(SwapType type, std::uint32_t sectors);
  Task<void> write_magic();
  Task<void> set_image_ok() { return program_flag(kImageOk); }
  Task<void> set_copy_done() { return program_flag(kCopyDone); }
  Task<void> set_step_done(std::uint32_t step) { return program_flag(entry(step)); }

  /// Programs again what reads as set, so that it reads so for good.
  Task<void> reinforce();
  /// Void, then erased.
  Task<void> clear();

  /// What the factory writes behind an image that runs in place.
  static void program_confirmed(FlashContent& content, const Region& slot);

 private:
  // Offsets from the slot's end.
  static constexpr std::uint32_t kMagicAt = 16;
  static constexpr std::uint32_t kImageOk = 24;
  static constexpr std::uint32_t kCopyDone = 32;
  static constexpr std::uint32_t kSwapInfo = 40;
  static constexpr std::uint32_t kSwapSize = 48;
  static constexpr std::uint32_t entry(std::uint32_t step) {
    return kSwapSize + 8 * (step + 1);
  }

  std::uint8_t byte(std::uint32_t from_end) const;
  bool flag(std::uint32_t from_end) const;
  Task<void> program_flag(std::uint32_t from_end);

  NorFlash& flash_;
  std::uint32_t end_;
};

}  // namespace lockrig::twin
