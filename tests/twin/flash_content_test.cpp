#include "rig/twin/flash_content.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

namespace lockrig::twin {
namespace {

Bytes read(const FlashContent& flash, std::uint32_t at, std::size_t count) {
  Bytes bytes(count);
  flash.read(at, bytes);
  return bytes;
}

TEST(FlashContent, is_erased_at_first) {
  const FlashContent flash(2);
  EXPECT_EQ(read(flash, 4090, 12), Bytes(12, 0xff));
}

TEST(FlashContent, program_only_clears_bits) {
  FlashContent flash(1);
  flash.program(10, Bytes{0xf0});
  flash.program(10, Bytes{0x3f});
  EXPECT_EQ(read(flash, 10, 1), Bytes{0x30});
}

TEST(FlashContent, erase_sets_one_sector) {
  FlashContent flash(2);
  flash.program(0, Bytes{0});
  flash.program(4096, Bytes{0});
  flash.erase(0);
  EXPECT_EQ(read(flash, 0, 1), Bytes{0xff});
  EXPECT_EQ(read(flash, 4096, 1), Bytes{0});
}

TEST(FlashContent, a_copy_does_not_see_what_the_other_writes) {
  FlashContent flash(1);
  flash.program(0, Bytes{0x0f});
  const FlashContent copy = flash;
  flash.program(0, Bytes{0x00});
  EXPECT_EQ(read(copy, 0, 1), Bytes{0x0f});
  EXPECT_EQ(read(flash, 0, 1), Bytes{0x00});
}

TEST(FlashContent, a_cut_before_an_operation_changes_nothing) {
  FlashContent flash(1);
  flash.program(0, Bytes{0x5a});
  flash.tear_program(0, Bytes{0}, 0, 1);
  flash.tear_erase(0, 0, 1);
  EXPECT_EQ(read(flash, 0, 1), Bytes{0x5a});
  EXPECT_EQ(flash.weak_bits(), 0u);
}

TEST(FlashContent, a_torn_program_has_done_its_first_bytes_and_no_last_ones) {
  FlashContent flash(1);
  flash.tear_program(0, Bytes(100, 0), 0.3, 1);
  EXPECT_EQ(read(flash, 0, 30), Bytes(30, 0));
  EXPECT_EQ(read(flash, 46, 54), Bytes(54, 0xff));
  EXPECT_EQ(flash.weak_bits(), 16u * 8);
}

TEST(FlashContent, weak_cells_may_read_otherwise_at_the_next_power_up) {
  FlashContent flash(1);
  flash.tear_program(0, Bytes(100, 0), 0.3, 1);
  const Bytes first = read(flash, 0, 100);
  bool differed = false;
  for (std::uint64_t boot = 1; boot < 5; ++boot) {
    flash.power_up(boot);
    differed = differed || read(flash, 0, 100) != first;
    EXPECT_EQ(read(flash, 0, 30), Bytes(30, 0));
    EXPECT_EQ(read(flash, 46, 54), Bytes(54, 0xff));
  }
  EXPECT_TRUE(differed);
}

TEST(FlashContent, programming_again_makes_weak_cells_firm) {
  FlashContent flash(1);
  flash.tear_program(0, Bytes(100, 0), 0.3, 1);
  flash.program(0, Bytes(100, 0));
  EXPECT_EQ(flash.weak_bits(), 0u);
  flash.power_up(9);
  EXPECT_EQ(read(flash, 0, 100), Bytes(100, 0));
}

TEST(FlashContent, an_erase_cut_early_has_programmed_a_part_to_zero) {
  FlashContent flash(1);
  flash.tear_erase(0, 0.1, 1);
  EXPECT_EQ(read(flash, 0, 2048), Bytes(2048, 0));
  EXPECT_EQ(read(flash, 2048, 2048), Bytes(2048, 0xff));
}

TEST(FlashContent, an_erase_cut_late_has_more_risen_cells) {
  const auto ones = [](double fraction) {
    FlashContent flash(1);
    flash.tear_erase(0, fraction, 1);
    std::size_t count = 0;
    for (const std::uint8_t byte : read(flash, 0, 4096)) count += std::popcount(byte);
    return count;
  };
  EXPECT_LT(ones(0.3), 4096u * 2);
  EXPECT_GT(ones(0.7), 4096u * 4);
  EXPECT_LT(ones(0.7), 4096u * 8);
}

TEST(FlashContent, erase_ends_all_weakness) {
  FlashContent flash(1);
  flash.tear_erase(0, 0.5, 1);
  EXPECT_GT(flash.weak_bits(), 0u);
  flash.erase(0);
  EXPECT_EQ(flash.weak_bits(), 0u);
  EXPECT_EQ(read(flash, 0, 4096), Bytes(4096, 0xff));
}

TEST(FlashContent, remembers_no_more_as_erased_than_is) {
  FlashContent flash(1);
  Bytes expected(kSectorSize, 0xff);
  const auto program = [&](std::uint32_t at, const Bytes& data) {
    flash.program(at, data);
    for (std::size_t i = 0; i < data.size(); ++i) expected[at + i] &= data[i];
    ASSERT_EQ(read(flash, 0, kSectorSize), expected);
    ASSERT_FALSE(flash.blank(at, data.size()));
  };
  program(512, Bytes(256, 0x5a));
  program(0, Bytes(256, 0x0f));    // in front of it
  program(600, Bytes(256, 0xf0));  // partly over it
  program(4095, Bytes{0x3c});
  program(768, Bytes(256, 0x3c));
  flash.erase(0);
  expected.assign(kSectorSize, 0xff);
  program(100, Bytes(4, 0));
}

TEST(FlashContent, a_torn_erase_is_not_blank) {
  FlashContent flash(1);
  flash.tear_erase(0, 0.25, 7);
  EXPECT_FALSE(flash.blank(0, kSectorSize));
  const Bytes before = read(flash, 0, kSectorSize);
  flash.program(0, Bytes(kSectorSize, 0xf0));
  Bytes expected = before;
  for (std::uint8_t& cell : expected) cell &= 0xf0;
  EXPECT_EQ(read(flash, 0, kSectorSize), expected);
}

TEST(FlashContent, a_view_is_what_is_read) {
  FlashContent flash(2);
  flash.program(4096 + 64, Bytes{1, 2, 3, 4});
  for (const std::uint32_t at : {64u, 4096u + 62u}) {
    const ByteView view = flash.view(at, 8);
    EXPECT_EQ(Bytes(view.begin(), view.end()), read(flash, at, 8));
  }
}

}  // namespace
}  // namespace lockrig::twin
