// What a NOR flash holds: the part that survives a power cut, as a cheap value.
//
// Rules (Macronix KH25L8005, Winbond W25Q data sheets): erase sets a 4 KiB sector to
// 0xff, program only clears bits. A torn operation leaves weak cells, which may read
// otherwise at the next power-up (Infineon KBA218817, KBA223960; Microchip SST26VF
// FAQ).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "rig/core/units.hpp"

namespace lockrig::twin {

inline constexpr std::uint32_t kSectorSize = 4096;
inline constexpr std::uint32_t kPageSize = 256;

/// Copies share their sectors until one of them writes. A copy may be read by another
/// thread than the original.
class FlashContent {
 public:
  explicit FlashContent(std::uint32_t sectors) : sectors_(sectors) {}

  std::uint32_t size() const {
    return static_cast<std::uint32_t>(sectors_.size()) * kSectorSize;
  }

  /// REQUIRES of all: the range lies within size().
  void read(std::uint32_t address, std::span<std::uint8_t> into) const;
  void append(std::uint32_t address, std::size_t count, Bytes& to) const;
  /// Within one sector; until that is written.
  ByteView view(std::uint32_t address, std::size_t count) const;
  bool blank(std::uint32_t address, std::size_t count) const;
  void program(std::uint32_t address, ByteView data);
  void erase(std::uint32_t address);

  /// Power fails inside the operation, `fraction` of it done. 0 does nothing.
  /// A program has finished its first bytes; the next few cells are weak.
  void tear_program(std::uint32_t address, ByteView data, double fraction,
                    std::uint64_t seed);
  /// An erase pre-programs the sector to 0 first, then all of its cells rise together.
  void tear_erase(std::uint32_t address, double fraction, std::uint64_t seed);

  /// Power is applied: every weak cell reads as chance has it until the next power-up.
  void power_up(std::uint64_t seed);

  /// Cells whose reading is left to chance; for tests.
  std::size_t weak_bits() const;

 private:
  using Cells = std::array<std::uint8_t, kSectorSize>;
  struct Sector {
    constexpr Sector() { cells.fill(0xff); }

    Cells cells;
    std::uint32_t blank_from = 0;  // all cells from here on are erased and firm
  };
  struct Weak {
    Cells mask{};        // 1: this cell is weak
    double risen = 0.5;  // chance that a weak cell reads 1
    std::uint64_t seed = 0;
  };

  Sector& writable(std::uint32_t sector);
  Weak& weak(std::uint32_t sector);
  void settle(std::uint32_t sector, std::uint64_t seed);

  // Null is an erased sector.
  std::vector<std::shared_ptr<Sector>> sectors_;
  std::map<std::uint32_t, Weak> weak_;
};

}  // namespace lockrig::twin
