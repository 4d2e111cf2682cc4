#include "rig/twin/trailer.hpp"

#include <algorithm>
#include <array>

namespace lockrig::twin {
namespace {

constexpr std::array<std::uint8_t, 16> kMagic = {0x77, 0xc2, 0x95, 0xf3, 0x60, 0xd2,
                                                 0xef, 0x7f, 0x35, 0x52, 0x50, 0x0f,
                                                 0x2c, 0xb6, 0x79, 0x80};
constexpr std::uint8_t kSet = 0x01;

}  // namespace

Magic Trailer::magic() const {
  std::array<std::uint8_t, kMagic.size()> found;
  flash_.read(end_ - kMagicAt, found);
  if (found == kMagic) return Magic::good;
  const auto all = [&found](std::uint8_t value) {
    return std::all_of(found.begin(), found.end(),
                       [value](std::uint8_t byte) { return byte == value; });
  };
  return all(0xff) || all(0) ? Magic::unset : Magic::bad;
}

bool Trailer::blank() const { return flash_.blank(end_ - kSectorSize, kSectorSize); }

std::uint8_t Trailer::byte(std::uint32_t from_end) const {
  std::uint8_t value;
  flash_.read(end_ - from_end, {&value, 1});
  return value;
}

bool Trailer::flag(std::uint32_t from_end) const { return byte(from_end) == kSet; }

std::optional<SwapType> Trailer::swap_type() const {
  const std::uint8_t info = byte(kSwapInfo);
  if (info < 2 || info > 4) return std::nullopt;
  return static_cast<SwapType>(info);
}

std::uint32_t Trailer::swap_sectors() const {
  const Bytes size = flash_.read(end_ - kSwapSize, 4);
  return (size[0] | size[1] << 8 | size[2] << 16 |
          static_cast<std::uint32_t>(size[3]) << 24) /
         kSectorSize;
}

std::uint32_t Trailer::steps_done() const {
  std::uint32_t steps = 0;
  while (entry(steps) <= kSectorSize && flag(entry(steps))) ++steps;
  return steps;
}

Task<void> Trailer::write_swap(SwapType type, std::uint32_t sectors) {
  const std::uint32_t size = sectors * kSectorSize;
  // swap_info stands right behind swap_size: one program operation writes both.
  const std::array<std::uint8_t, 9> fields = {static_cast<std::uint8_t>(size),
                                              static_cast<std::uint8_t>(size >> 8),
                                              static_cast<std::uint8_t>(size >> 16),
                                              static_cast<std::uint8_t>(size >> 24),
                                              0xff,
                                              0xff,
                                              0xff,
                                              0xff,
                                              static_cast<std::uint8_t>(type)};
  co_await flash_.program(end_ - kSwapSize, fields);
}

Task<void> Trailer::write_magic() { co_await flash_.program(end_ - kMagicAt, kMagic); }

Task<void> Trailer::program_flag(std::uint32_t from_end) {
  const std::array<std::uint8_t, 1> set = {kSet};
  co_await flash_.program(end_ - from_end, set);
}

Task<void> Trailer::reinforce() {
  if (!magic_good()) co_return;
  co_await write_magic();
  if (const auto type = swap_type()) co_await write_swap(*type, swap_sectors());
  if (image_ok()) co_await set_image_ok();
  if (copy_done()) co_await set_copy_done();
  if (const std::uint32_t steps = steps_done(); steps > 0) {
    co_await set_step_done(steps - 1);
  }
}

Task<void> Trailer::clear() {
  const std::array<std::uint8_t, kMagic.size()> zero{};
  co_await flash_.program(end_ - kMagicAt, zero);
  co_await flash_.erase(end_ - kSectorSize);
}

void Trailer::program_confirmed(FlashContent& content, const Region& slot) {
  const std::array<std::uint8_t, 1> set = {kSet};
  content.program(slot.end() - kCopyDone, set);
  content.program(slot.end() - kImageOk, set);
  content.program(slot.end() - kMagicAt, kMagic);
}

}  // namespace lockrig::twin
