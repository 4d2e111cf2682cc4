#include "rig/protocol/crc32.hpp"

#include <gtest/gtest.h>

#include <boost/crc.hpp>
#include <string_view>

#include "rig/core/random.hpp"

namespace lockrig {
namespace {

TEST(Crc32Test, gives_the_check_value_of_the_catalogue) {
  constexpr std::string_view kDigits = "123456789";
  const Bytes bytes(kDigits.begin(), kDigits.end());
  EXPECT_EQ(crc32(bytes), 0xcbf43926u);
}

TEST(Crc32Test, of_every_length_agrees_with_boost) {
  Random random(32);
  Bytes bytes;
  for (int length = 0; length < 100; ++length) {
    boost::crc_32_type expected;
    expected.process_bytes(bytes.data(), bytes.size());
    EXPECT_EQ(crc32(bytes), expected.checksum()) << length;
    bytes.push_back(static_cast<std::uint8_t>(random.next()));
  }
}

}  // namespace
}  // namespace lockrig
