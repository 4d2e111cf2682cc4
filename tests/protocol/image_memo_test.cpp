#include "rig/protocol/image_memo.hpp"

#include <gtest/gtest.h>

#include "tests/protocol/image_fixture.hpp"

namespace lockrig::image {
namespace {

// More inputs than are remembered, each asked for again while it is and when it is not.
TEST(ImageMemo, gives_the_digest_that_computing_gives) {
  for (int round = 0; round < 2; ++round) {
    for (std::size_t size = 0; size < 150; ++size) {
      const Bytes bytes(size, 0x33);
      ASSERT_EQ(remembered_sha256(bytes), sha256(bytes));
      ASSERT_EQ(remembered_sha256(bytes), sha256(bytes));
    }
  }
}

TEST(ImageMemo, gives_the_verdict_that_verifying_gives) {
  const PublicKey& good = release_key().public_key();
  const PublicKey& other = foreign_key().public_key();
  for (int round = 0; round < 2; ++round) {
    for (std::uint8_t i = 0; i < 50; ++i) {
      Digest digest{};
      digest[0] = i;
      Signature signature = release_key().sign(digest);
      ASSERT_TRUE(remembered_verify(good, digest, signature));
      ASSERT_FALSE(remembered_verify(other, digest, signature));
      digest[31] ^= 1;
      ASSERT_FALSE(remembered_verify(good, digest, signature));
      digest[31] ^= 1;
      signature[63] ^= 1;
      ASSERT_FALSE(remembered_verify(good, digest, signature));
    }
  }
}

}  // namespace
}  // namespace lockrig::image
