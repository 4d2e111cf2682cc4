// Serial recovery, against a fake boot loader: it says nothing of `match`, has one
// small buffer, and answers with maps of indefinite length.
#include <gtest/gtest.h>

#include "rig/lock/client.hpp"
#include "tests/lock/fake_lock.hpp"

namespace lockrig::lock {
namespace {

struct RecoverTest : testing::Test, Pair {
  RecoverTest() {
    lock.match = nullptr;
    lock.params = {{"buf_size", 512}, {"buf_count", 1}};
  }
  Push recover() {
    return run(client.recover(image, [this](std::size_t bytes) {
      EXPECT_GT(bytes, acknowledged);
      acknowledged = bytes;
    }));
  }
  const Bytes image = pattern(5000);
  std::size_t acknowledged = 0;
};

TEST_F(RecoverTest, uploads_the_whole_image_and_restarts) {
  const Push push = recover();
  EXPECT_TRUE(push.accepted);
  EXPECT_FALSE(push.failure);
  EXPECT_EQ(push.acknowledged, image.size());
  EXPECT_EQ(acknowledged, image.size());
  EXPECT_EQ(lock.received, image);
  EXPECT_TRUE(lock.was_reset);
  EXPECT_LE(lock.largest_message, 512u);
  EXPECT_TRUE(lock.marked.empty());  // nothing is marked: the loader runs what is there
}

TEST_F(RecoverTest, goes_on_from_the_offset_that_the_loader_wants) {
  lock.on_upload = [this](int n, const smp::UploadRequest&) -> std::optional<json> {
    if (n != 3) return std::nullopt;
    return json{{"rc", 0}, {"off", lock.received.size()}};  // it lost that chunk
  };
  const Push push = recover();
  EXPECT_TRUE(push.accepted);
  EXPECT_EQ(lock.received, image);
}

TEST_F(RecoverTest, an_image_that_does_not_fit_is_no_refusal_of_the_locks_own) {
  lock.on_upload = [](int, const smp::UploadRequest&) -> std::optional<json> {
    return smp::error_v1(smp::kRcTooLarge);
  };
  const Push push = recover();
  EXPECT_FALSE(push.accepted);
  EXPECT_EQ(push.refusal, "");
  ASSERT_TRUE(push.failure);
  EXPECT_EQ(push.failure->kind, Failure::Kind::refused);
  EXPECT_FALSE(lock.was_reset);
}

TEST_F(RecoverTest, a_cut_in_the_upload_says_how_far_it_came) {
  lock.fault = [](int n, const smp::Header&) -> std::optional<Fault> {
    if (n == 6) return Fault::closed;
    return std::nullopt;
  };
  const Push push = recover();
  EXPECT_FALSE(push.accepted);
  ASSERT_TRUE(push.failure);
  EXPECT_GT(push.acknowledged, 0u);
  EXPECT_LT(push.acknowledged, image.size());
}

}  // namespace
}  // namespace lockrig::lock
