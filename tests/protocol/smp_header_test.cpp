#include "rig/protocol/smp_header.hpp"

#include <gtest/gtest.h>

namespace lockrig::smp {
namespace {

TEST(SmpHeader, has_the_bytes_that_the_specification_draws) {
  const Header header{Op::write_response, kSmpV2, 0x5a, 0x1234, 0x0040, 0x99, 0x07};
  const std::array<std::uint8_t, 8> expected = {0x0b, 0x5a, 0x12, 0x34,
                                                0x00, 0x40, 0x99, 0x07};
  EXPECT_EQ(encode_header(header), expected);
  EXPECT_EQ(decode_header(expected), header);
}

TEST(SmpHeader, gives_back_every_operation_and_version) {
  for (int op = 0; op < 4; ++op) {
    for (std::uint8_t version = 0; version < 4; ++version) {
      const Header header{static_cast<Op>(op), version, 1, 2, 3, 4, 5};
      EXPECT_EQ(decode_header(encode_header(header)), header);
    }
  }
  EXPECT_THROW(encode_header(Header{Op::read, 4}), std::invalid_argument);
}

TEST(SmpHeader, refuses_what_is_short_or_has_an_unknown_operation) {
  Bytes bytes = {0, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(decode_header(bytes), std::nullopt);
  bytes.push_back(0);
  EXPECT_NE(decode_header(bytes), std::nullopt);
  for (const std::uint8_t op : {4, 5, 6, 7}) {
    bytes[0] = op;
    EXPECT_EQ(decode_header(bytes), std::nullopt);
  }
}

TEST(SmpHeader, a_response_answers_its_request) {
  const Header request{Op::write, kSmpV2, 7, 30, kGroupImage, 12, kImageUpload};
  const Header expected{Op::write_response, kSmpV2, 0,           0,
                        kGroupImage,        12,     kImageUpload};
  EXPECT_EQ(response_to(request), expected);
  EXPECT_EQ(response_to(Header{}).op, Op::read_response);
}

}  // namespace
}  // namespace lockrig::smp
