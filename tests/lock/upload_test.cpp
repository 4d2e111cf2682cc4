#include <algorithm>
#include <array>
#include <cstdio>

#include "rig/lock/push.hpp"
#include "rig/lock/uploader.hpp"
#include "rig/protocol/image.hpp"
#include "rig/protocol/image_create.hpp"
#include "tests/lock/fake_lock.hpp"

namespace lockrig::lock {
namespace {

using Kind = Failure::Kind;

// At 1024 bytes a message.
constexpr std::size_t kTwentyChunks = 19900;

TEST(Upload, sends_the_whole_image_and_tells_how_far_it_is) {
  Pair p;
  const Bytes image = pattern(65536);
  std::vector<std::size_t> steps;
  const Upload upload = value_of(
      p.run(p.client.upload(image, [&](std::size_t n) { steps.push_back(n); })));
  EXPECT_EQ(upload.acknowledged, image.size());
  EXPECT_TRUE(upload.match);
  EXPECT_EQ(p.lock.received, image);
  ASSERT_GE(steps.size(), 2u);
  EXPECT_TRUE(std::is_sorted(steps.begin(), steps.end()));
  EXPECT_EQ(steps.back(), image.size());
}

TEST(Upload, progress_is_told_when_the_answer_comes_not_when_the_next_chunk_has_left) {
  Pair p(100us);  // a chunk takes 140 ms
  p.lock.erase_time = 0s;
  const Bytes image = pattern(8000);
  std::vector<Instant> answered, told;
  p.to_rig->watch([&](Instant start, ByteView bytes) {
    answered.push_back(start + 100us * static_cast<std::int64_t>(bytes.size()));
  });
  value_of(p.run(
      p.client.upload(image, [&](std::size_t) { told.push_back(p.world.now()); })));
  answered.erase(answered.begin());  // params
  EXPECT_EQ(told, answered);
}

TEST(Upload, nothing_else_is_sent_before_the_lock_has_taken_the_header) {
  Pair p;
  p.lock.erase_time = 7200ms;  // the longest
  const Bytes image = pattern(20000);
  value_of(p.run(p.client.upload(image, nullptr)));
  EXPECT_EQ(p.lock.at_once_before_header, 1u);
}

TEST(Upload, sends_no_more_ahead_than_the_lock_has_buffers) {
  for (const std::size_t count : {1u, 2u, 4u}) {
    Pair p;
    p.lock.params["buf_count"] = count;
    p.lock.chunk_time = 500ms;  // slower than the line
    const Bytes image = pattern(20000);
    value_of(p.run(p.client.upload(image, nullptr)));
    // One is being served; the fake counts it among those that are here.
    EXPECT_EQ(p.lock.most_at_once, std::max<std::size_t>(count - 1, 1));
    EXPECT_EQ(p.lock.received, image);
  }
}

TEST(Upload, chunks_fill_the_locks_buffer_and_never_exceed_it) {
  for (std::size_t max = kSmallestBuffer; max < 70000; max += max < 700 ? 1 : 997) {
    for (const std::uint32_t off :
         {0u, 23u, 24u, 255u, 256u, 65535u, 65536u, 1u << 30}) {
      const std::size_t limit = std::min<std::size_t>(max, 65000);
      smp::UploadRequest request;
      request.off = off;
      if (off == 0) request.len = 65536;
      const std::size_t size = chunk_size(limit, off, request.len);
      const Bytes data(size + 1);
      request.data = ByteView(data).first(size);
      EXPECT_LE(smp::encode_upload(0, request).size(), limit) << off;
      request.data = data;
      EXPECT_GT(smp::encode_upload(0, request).size(), limit) << off;
    }
  }
  EXPECT_EQ(chunk_size(0, 0, 65536), 0u);
  EXPECT_EQ(chunk_size(20, 0, 65536), 0u);

  Pair p;
  const Bytes image = pattern(20000);
  value_of(p.run(p.client.upload(image, nullptr)));
  EXPECT_EQ(p.lock.largest_message, 1024u);
}

TEST(Upload, an_image_of_one_byte_is_one_chunk) {
  Pair p;
  const Bytes image = pattern(1);
  EXPECT_EQ(value_of(p.run(p.client.upload(image, nullptr))).acknowledged, 1u);
  EXPECT_EQ(p.lock.uploads, 1);
  EXPECT_THROW(p.run(p.client.upload(ByteView(), nullptr)), std::invalid_argument);
}

double utilisation(Duration byte_period, int buf_count) {
  Pair p(byte_period);
  p.lock.params["buf_count"] = buf_count;
  p.lock.erase_time = 0s;
  const Bytes image = pattern(65536);
  Duration busy{};
  std::optional<Instant> first;
  Instant last{};
  p.to_lock->watch([&](Instant start, ByteView bytes) {
    if (bytes.size() < 200) return;  // params
    const Duration length = byte_period * static_cast<std::int64_t>(bytes.size());
    if (!first) first = start;
    busy += length;
    last = start + length;
  });
  value_of(p.run(p.client.upload(image, nullptr)));
  EXPECT_EQ(p.lock.received, image);
  return to_seconds(busy) / to_seconds(last - *first);
}

TEST(Upload, the_line_does_not_idle_with_several_requests_in_flight) {
  const std::pair<int, Duration> lines[] = {{115200, 86'806ns}, {921600, 10'851ns}};
  for (const auto& [baud, byte_period] : lines) {
    const double windowed = utilisation(byte_period, 4);
    const double one_by_one = utilisation(byte_period, 1);
    std::printf("  %d baud: line busy %.2f %% with 4 in flight, %.2f %% one by one\n",
                baud, 100 * windowed, 100 * one_by_one);
    // The first chunk goes alone: of 66 chunks that one idles.
    EXPECT_GT(windowed, 0.98) << baud;
    EXPECT_LT(one_by_one, windowed - 0.03) << baud;
  }
}

TEST(Upload, goes_on_from_the_offset_that_the_lock_wants) {
  for (const int at : {1, 2, 5, 15, 19}) {
    Pair p;
    int lost = 0;
    // One chunk is lost: those behind it are answered with its offset.
    p.lock.fault = [&](int n, const smp::Header& header) {
      return n == at + 1 && header.id == smp::kImageUpload && lost++ == 0
                 ? std::optional(Fault::silence)
                 : std::nullopt;
    };
    const Bytes image = pattern(kTwentyChunks);
    const auto reply = p.run(p.client.upload(image, nullptr));
    ASSERT_EQ(lost, 1) << at;
    if (at == 19) {
      // Nobody is behind the last one: it is not sent twice.
      EXPECT_EQ(std::get<Failure>(reply).kind, Kind::timed_out);
      continue;
    }
    EXPECT_TRUE(value_of(reply).match) << at;
    EXPECT_EQ(p.lock.received, image) << at;
    // The lost one and the three behind it again, at most.
    EXPECT_LE(p.lock.requests, 1 + 20 + 4) << at;
  }
}

TEST(Upload, an_answer_that_is_lost_is_made_up_for_by_the_next) {
  Pair p;
  int lost = 0;
  p.lock.fault = [&](int n, const smp::Header&) {
    return n == 5 && lost++ == 0 ? std::optional(Fault::bad_crc) : std::nullopt;
  };
  const Bytes image = pattern(kTwentyChunks);
  EXPECT_TRUE(value_of(p.run(p.client.upload(image, nullptr))).match);
  EXPECT_EQ(p.lock.received, image);
  EXPECT_EQ(p.lock.uploads, 20);
}

TEST(Upload, a_lock_that_has_restarted_gets_it_from_the_start) {
  Pair p;
  bool restarted = false;
  p.lock.on_upload = [&](int n, const smp::UploadRequest&) -> std::optional<json> {
    if (n != 7 || restarted) return std::nullopt;
    restarted = true;
    p.lock.received.clear();
    return json{{"off", 0}};
  };
  const Bytes image = pattern(20000);
  EXPECT_TRUE(value_of(p.run(p.client.upload(image, nullptr))).match);
  EXPECT_EQ(p.lock.received, image);
  EXPECT_TRUE(restarted);
}

TEST(Upload, a_lock_that_wants_another_offset_for_ever_is_malformed) {
  for (const std::uint32_t off : {0u, 100u, 100000u}) {
    Pair p;
    p.lock.on_upload = [&](int, const smp::UploadRequest&) {
      return std::optional<json>(json{{"off", off}});
    };
    const Bytes image = pattern(20000);
    auto reply = p.run(p.client.upload(image, nullptr));
    ASSERT_TRUE(std::holds_alternative<Failure>(reply)) << off;
    EXPECT_EQ(std::get<Failure>(reply).kind, Kind::malformed) << off;
    EXPECT_LT(p.lock.uploads, 50) << off;
  }
}

TEST(Upload, a_refusal_ends_it_and_leaves_no_answer_behind) {
  Pair p;
  p.lock.on_upload = [&](int n, const smp::UploadRequest&) -> std::optional<json> {
    if (n == 5) return smp::error_v2(smp::kGroupLock, 4);
    if (n > 5) return smp::error_v2(smp::kGroupLock, 7);
    return std::nullopt;
  };
  const Bytes image = pattern(65536);
  auto reply = p.run(p.client.upload(image, nullptr));
  ASSERT_TRUE(std::holds_alternative<Failure>(reply));
  EXPECT_EQ(std::get<Failure>(reply).error, (smp::Error{smp::kGroupLock, 4}));
  EXPECT_LE(p.lock.uploads, 6 + 4);
  EXPECT_EQ(value_of(p.run(p.client.echo("x"))), "x");
}

TEST(Upload, a_cut_at_any_moment_ends_it) {
  for (int ms = 0; ms < 300; ms += 3) {
    Pair p;
    p.lock.erase_time = 20ms;
    const Bytes image = pattern(15000);
    const Instant at{std::chrono::milliseconds(ms)};
    Timer cut(p.world, "cut", [&] {
      p.to_rig->connect(false);
      p.to_lock->connect(false);
      p.console.set_live(false);
    });
    cut.at(at);
    const auto reply = p.run(p.client.upload(image, nullptr));
    const auto* failure = std::get_if<Failure>(&reply);
    if (p.world.now() < at) {
      EXPECT_EQ(failure, nullptr) << ms;
      continue;
    }
    ASSERT_NE(failure, nullptr) << ms;
    EXPECT_EQ(failure->kind, Kind::closed) << ms;
    EXPECT_LE(p.world.now(), at + 20ms) << ms;  // the chunk that was leaving
  }
}

// A lock that hangs: the line stands, and nothing comes.
TEST(Upload, a_lock_that_falls_silent_is_given_two_seconds) {
  Pair p;
  const Bytes image = pattern(20000);
  Instant silent{};
  p.lock.fault = [&](int n, const smp::Header&) {
    if (n == 8) silent = p.world.now();
    return n >= 8 ? std::optional(Fault::silence) : std::nullopt;
  };
  const auto reply = p.run(p.client.upload(image, nullptr));
  ASSERT_TRUE(std::holds_alternative<Failure>(reply));
  EXPECT_EQ(std::get<Failure>(reply).kind, Kind::timed_out);
  EXPECT_LE(p.world.now(), silent + 2s + 100ms);
}

TEST(Upload, a_slow_line_is_not_taken_for_a_lock_that_is_silent) {
  Pair p(5ms);  // a chunk takes 7 s to leave
  const Bytes image = pattern(4000);
  EXPECT_TRUE(value_of(p.run(p.client.upload(image, nullptr))).match);
}

TEST(Upload, may_be_abandoned_at_any_moment) {
  for (int ms = 1; ms < 240; ms += 7) {
    Pair p;
    p.lock.erase_time = 20ms;
    const Bytes image = pattern(15000);
    EXPECT_THROW(p.world.run(p.client.upload(image, nullptr),
                             std::chrono::milliseconds(ms), "upload"),
                 LimitReached)
        << ms;
    p.run(p.world.sleep_for(100ms, "test"));
    EXPECT_EQ(value_of(p.run(p.client.echo("x"))), "x") << ms;
  }
}

Bytes good_image() {
  image::Recipe recipe;
  recipe.version = {2, 4, 0, 0};
  recipe.body = pattern(3000);
  const std::array<std::uint8_t, 32> seed{1};
  return image::create(recipe, image::SigningKey::from_seed(seed));
}

TEST(Push, uploads_marks_and_restarts) {
  Pair p;
  const Bytes image = good_image();
  std::size_t told = 0;
  const Push push = p.run(p.client.push(image, [&](std::size_t n) { told = n; }));
  EXPECT_TRUE(push.accepted);
  EXPECT_EQ(push.refusal, "");
  EXPECT_FALSE(push.failure);
  EXPECT_EQ(push.acknowledged, image.size());
  EXPECT_EQ(told, image.size());
  EXPECT_TRUE(p.lock.was_reset);
  const auto digest = std::get<image::Parsed>(image::parse(image)).digest;
  ASSERT_EQ(p.lock.marked.size(), 1u);
  EXPECT_EQ(p.lock.marked[0]["hash"],
            json::binary(Bytes(digest.begin(), digest.end())));
}

TEST(Push, an_image_that_cannot_be_read_is_named_by_the_hash_of_the_file) {
  Pair p;
  const Bytes image = pattern(3000);
  EXPECT_TRUE(p.run(p.client.push(image, nullptr)).accepted);
  const auto digest = image::sha256(image);
  EXPECT_EQ(p.lock.marked.at(0)["hash"],
            json::binary(Bytes(digest.begin(), digest.end())));
}

TEST(Push, names_the_refusal) {
  const std::pair<int, const char*> codes[] = {
      {1, "MODEL"},  {2, "REVISION"}, {3, "DOWNGRADE"}, {4, "SIGNATURE"},
      {5, "FORMAT"}, {6, "SIZE"},     {7, "STATE"}};
  for (const auto& [code, name] : codes) {
    Pair p;
    p.lock.on_upload = [rc = code](int n, const smp::UploadRequest&) {
      return n == 1 ? std::optional(smp::error_v2(smp::kGroupLock, rc)) : std::nullopt;
    };
    const Push push = p.run(p.client.push(good_image(), nullptr));
    EXPECT_FALSE(push.accepted);
    EXPECT_EQ(push.refusal, name);
    EXPECT_FALSE(push.failure);
    EXPECT_GT(push.acknowledged, 0u);
    EXPECT_FALSE(p.lock.was_reset);
  }
  EXPECT_EQ(refusal_name({smp::kGroupLock, 0}), "");
  EXPECT_EQ(refusal_name({smp::kGroupLock, 8}), "LOCKED");
  EXPECT_EQ(refusal_name({smp::kGroupLock, 9}), "");
  EXPECT_EQ(refusal_name({smp::kNoGroup, 1}), "");
}

TEST(Push, an_error_that_is_no_refusal_of_the_image_is_a_failure) {
  Pair p;
  p.lock.on_upload = [](int, const smp::UploadRequest&) {
    return std::optional(smp::error_v1(smp::kRcBusy));
  };
  const Push push = p.run(p.client.push(good_image(), nullptr));
  EXPECT_FALSE(push.accepted);
  EXPECT_EQ(push.refusal, "");
  ASSERT_TRUE(push.failure);
  EXPECT_EQ(push.failure->kind, Kind::refused);
}

TEST(Push, an_image_that_the_lock_does_not_call_good_is_not_accepted) {
  for (const json& match : {json(false), json(nullptr)}) {
    Pair p;
    p.lock.match = match;
    const Bytes image = good_image();
    const Push push = p.run(p.client.push(image, nullptr));
    EXPECT_FALSE(push.accepted);
    EXPECT_EQ(push.acknowledged, image.size());
    EXPECT_TRUE(push.failure);
    EXPECT_TRUE(p.lock.marked.empty());
  }
}

TEST(Push, a_failure_at_each_step_is_told) {
  const Bytes image = good_image();
  const int all = [&] {
    Pair p;
    p.run(p.client.push(image, nullptr));
    return p.lock.requests;
  }();
  for (int step = 0; step < all; ++step) {
    Pair p;
    p.lock.fault = [&](int n, const smp::Header&) {
      return n >= step ? std::optional(Fault::silence) : std::nullopt;
    };
    const Push push = p.run(p.client.push(image, nullptr));
    ASSERT_TRUE(push.failure) << step;
    EXPECT_EQ(push.failure->kind, Kind::timed_out) << step;
    // Only the answer to the restart is missing.
    EXPECT_EQ(push.accepted, step == all - 1) << step;
  }
}

}  // namespace
}  // namespace lockrig::lock
