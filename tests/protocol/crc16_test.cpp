#include "rig/protocol/crc16.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string_view>

namespace lockrig::smp {
namespace {

ByteView bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::uint16_t bit_by_bit(ByteView bytes) {
  std::uint16_t crc = 0;
  for (const std::uint8_t byte : bytes) {
    crc = static_cast<std::uint16_t>(crc ^ byte << 8);
    for (int bit = 0; bit < 8; ++bit) {
      const bool carry = (crc & 0x8000) != 0;
      crc = static_cast<std::uint16_t>(crc << 1);
      if (carry) crc ^= 0x1021;
    }
  }
  return crc;
}

TEST(Crc16, gives_the_check_value_of_the_catalogue_of_crcs) {
  EXPECT_EQ(crc16(bytes_of("123456789")), 0x31C3);
  EXPECT_EQ(crc16({}), 0);
}

TEST(Crc16, agrees_with_a_bitwise_reference_at_every_length) {
  std::mt19937 random(1);
  for (std::size_t size = 0; size < 200; ++size) {
    Bytes bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    ASSERT_EQ(crc16(bytes), bit_by_bit(bytes)) << "length " << size;
  }
}

TEST(Crc16, continues_from_an_earlier_part) {
  const ByteView all = bytes_of("The bolt is out and stays out.");
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    ASSERT_EQ(crc16(all.subspan(cut), crc16(all.first(cut))), crc16(all));
  }
}

TEST(Crc16, of_bytes_and_their_own_crc_is_zero) {
  Bytes bytes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const std::uint16_t crc = crc16(bytes);
  bytes.push_back(static_cast<std::uint8_t>(crc >> 8));
  bytes.push_back(static_cast<std::uint8_t>(crc));
  EXPECT_EQ(crc16(bytes), 0);
}

}  // namespace
}  // namespace lockrig::smp
