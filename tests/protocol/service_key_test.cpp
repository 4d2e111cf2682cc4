#include "rig/protocol/service_key.hpp"

#include <gtest/gtest.h>

#include "rig/protocol/hmac.hpp"

namespace lockrig::smp {
namespace {

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

std::string hex(ByteView bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

// RFC 4231, cases 1, 2 and 6: a key shorter, and one longer, than a block.
TEST(HmacSha256, is_that_of_the_rfc) {
  EXPECT_EQ(hex(image::hmac_sha256(Bytes(20, 0x0b), bytes_of("Hi There"))),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(image::hmac_sha256(bytes_of("Jefe"),
                                   bytes_of("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(image::hmac_sha256(
                Bytes(131, 0xaa),
                bytes_of("Test Using Larger Than Block-Size Key - Hash Key First"))),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(ServiceMac, is_over_the_purpose_the_serial_and_the_nonce) {
  const Bytes key(32, 7);
  Nonce nonce;
  nonce.fill(0x41);
  EXPECT_EQ(service_mac(key, "S1", nonce),
            image::hmac_sha256(key, bytes_of("lockrig serviceS1AAAAAAAAAAAAAAAA")));
}

TEST(TwinServiceKey, is_another_for_each_serial) {
  EXPECT_EQ(twin_service_key("S1").size(), 32u);
  EXPECT_EQ(twin_service_key("S1"), twin_service_key("S1"));
  EXPECT_NE(twin_service_key("S1"), twin_service_key("S2"));
}

}  // namespace
}  // namespace lockrig::smp
