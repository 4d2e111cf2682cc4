#include "rig/twin/flash_content.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>
#include <utility>

#include "rig/core/random.hpp"

namespace lockrig::twin {
namespace {

// The share of an erase that pre-programs the sector to 0. Data sheets name the phase,
// not its length; one fifth is assumed.
constexpr double kPreProgramShare = 0.2;

// How many bytes behind the last finished one a torn program leaves weak: programming
// goes on in parallel over a write buffer; 16 bytes are assumed.
constexpr std::size_t kWeakBytes = 16;

}  // namespace

void FlashContent::read(std::uint32_t address, std::span<std::uint8_t> into) const {
  assert(address + into.size() <= size());
  while (!into.empty()) {
    const std::uint32_t offset = address % kSectorSize;
    const std::size_t count = std::min<std::size_t>(into.size(), kSectorSize - offset);
    const auto& sector = sectors_[address / kSectorSize];
    if (sector) {
      std::memcpy(into.data(), sector->cells.data() + offset, count);
    } else {
      std::memset(into.data(), 0xff, count);
    }
    into = into.subspan(count);
    address += static_cast<std::uint32_t>(count);
  }
}

void FlashContent::append(std::uint32_t address, std::size_t count, Bytes& to) const {
  to.reserve(to.size() + count);
  while (count > 0) {
    const std::uint32_t offset = address % kSectorSize;
    const std::size_t part = std::min<std::size_t>(count, kSectorSize - offset);
    if (const auto& sector = sectors_[address / kSectorSize]) {
      const auto from = sector->cells.begin() + offset;
      to.insert(to.end(), from, from + part);
    } else {
      to.insert(to.end(), part, 0xff);
    }
    count -= part;
    address += static_cast<std::uint32_t>(part);
  }
}

ByteView FlashContent::view(std::uint32_t address, std::size_t count) const {
  static constexpr Sector kErased;
  const std::uint32_t offset = address % kSectorSize;
  assert(offset + count <= kSectorSize);
  const auto& sector = sectors_[address / kSectorSize];
  return ByteView(sector ? sector->cells : kErased.cells).subspan(offset, count);
}

bool FlashContent::blank(std::uint32_t address, std::size_t count) const {
  while (count > 0) {
    const std::uint32_t offset = address % kSectorSize;
    const std::size_t part = std::min<std::size_t>(count, kSectorSize - offset);
    const auto& sector = sectors_[address / kSectorSize];
    if (sector && offset < sector->blank_from) {
      const auto* from = sector->cells.data() + offset;
      // All equal to the first, and the first is 0xff.
      if (*from != 0xff || std::memcmp(from, from + 1, part - 1) != 0) return false;
    }
    count -= part;
    address += static_cast<std::uint32_t>(part);
  }
  return true;
}

inline FlashContent::Sector& FlashContent::writable(std::uint32_t index) {
  auto& sector = sectors_[index];
  if (!sector) {
    sector = std::make_shared<Sector>();
  } else if (sector.use_count() > 1) {
    sector = std::make_shared<Sector>(*sector);
  }
  return *sector;
}

void FlashContent::program(std::uint32_t address, ByteView data) {
  if (data.empty()) return;
  const std::uint32_t index = address / kSectorSize;
  const std::uint32_t offset = address % kSectorSize;
  assert(offset + data.size() <= kSectorSize);
  Sector& sector = writable(index);
  std::uint8_t* cells = sector.cells.data() + offset;
  if (offset >= sector.blank_from) {
    std::memcpy(cells, data.data(), data.size());
  } else {
    for (std::size_t i = 0; i < data.size(); ++i) cells[i] &= data[i];
  }
  sector.blank_from =
      std::max(sector.blank_from, offset + static_cast<std::uint32_t>(data.size()));
  if (weak_.empty()) return;
  if (const auto found = weak_.find(index); found != weak_.end()) {
    // A cell that is driven to 0 again is firm.
    for (std::size_t i = 0; i < data.size(); ++i) {
      found->second.mask[offset + i] &= data[i];
    }
  }
}

void FlashContent::erase(std::uint32_t address) {
  const std::uint32_t index = address / kSectorSize;
  if (sectors_[index].use_count() == 1) {
    // Cheaper than to give it back and take it anew.
    Sector& sector = *sectors_[index];
    if (std::exchange(sector.blank_from, 0) > 0) sector.cells.fill(0xff);
  } else {
    sectors_[index].reset();
  }
  if (!weak_.empty()) weak_.erase(index);
}

FlashContent::Weak& FlashContent::weak(std::uint32_t sector) { return weak_[sector]; }

void FlashContent::tear_program(std::uint32_t address, ByteView data, double fraction,
                                std::uint64_t seed) {
  if (fraction <= 0) return;
  const auto done =
      static_cast<std::size_t>(std::floor(fraction * static_cast<double>(data.size())));
  if (done >= data.size()) return program(address, data);
  program(address, data.first(done));
  const std::uint32_t index = address / kSectorSize;
  const std::uint32_t offset = address % kSectorSize;
  const Sector& sector = writable(index);
  Weak& cells = weak(index);
  cells.risen = 0.5;
  cells.seed = seed;
  for (std::size_t i = done; i < std::min(done + kWeakBytes, data.size()); ++i) {
    cells.mask[offset + i] |=
        static_cast<std::uint8_t>(sector.cells[offset + i] & ~data[i]);
  }
  settle(index, seed);
}

void FlashContent::tear_erase(std::uint32_t address, double fraction,
                              std::uint64_t seed) {
  if (fraction <= 0) return;
  if (fraction >= 1) return erase(address);
  const std::uint32_t index = address / kSectorSize;
  Sector& sector = writable(index);
  if (fraction < kPreProgramShare) {
    const auto done =
        static_cast<std::size_t>(fraction / kPreProgramShare * kSectorSize);
    const Bytes zero(kSectorSize, 0);
    program(index * kSectorSize, ByteView(zero).first(done));
    return;
  }
  sector.cells.fill(0);
  Weak& cells = weak(index);
  cells.mask.fill(0xff);
  cells.risen = (fraction - kPreProgramShare) / (1 - kPreProgramShare);
  cells.seed = seed;
  settle(index, seed);
}

void FlashContent::settle(std::uint32_t index, std::uint64_t seed) {
  const Weak& cells = weak_.at(index);
  Sector& sector = writable(index);
  sector.blank_from = kSectorSize;
  // Sixteen fine steps of chance for eight cells at a time.
  const auto chance = static_cast<std::uint64_t>(cells.risen * 16);
  Random random(mix(seed, index));
  for (std::size_t i = 0; i < kSectorSize; i += 8) {
    std::uint64_t mask;
    std::memcpy(&mask, cells.mask.data() + i, 8);
    if (mask == 0) continue;
    std::uint64_t risen = 0;
    for (std::uint64_t bit = 1; bit < 16; bit <<= 1) {
      const std::uint64_t coins = random.next();
      risen = (chance & bit) != 0 ? (risen | coins) : (risen & coins);
    }
    std::uint64_t value;
    std::memcpy(&value, sector.cells.data() + i, 8);
    value = (value & ~mask) | (risen & mask);
    std::memcpy(sector.cells.data() + i, &value, 8);
  }
}

void FlashContent::power_up(std::uint64_t seed) {
  for (const auto& [index, cells] : weak_) settle(index, mix(cells.seed, seed));
}

std::size_t FlashContent::weak_bits() const {
  std::size_t bits = 0;
  for (const auto& [index, cells] : weak_) {
    for (const std::uint8_t byte : cells.mask) bits += std::popcount(byte);
  }
  return bits;
}

}  // namespace lockrig::twin
