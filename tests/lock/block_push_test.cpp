#include "rig/lock/block_push.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "rig/core/error.hpp"
#include "rig/core/random.hpp"
#include "rig/station/console.hpp"
#include "tests/lock/block_line.hpp"

namespace lockrig::lock {
namespace {

using Kind = Failure::Kind;
using ymodem::Protocol;
using Damage = DamagedStream::Damage;

Bytes counting(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::uint8_t>(i * 31 + i / 251);
  }
  return bytes;
}

/// A station's console with a boot loader behind it, at 115200 baud.
struct Bench {
  explicit Bench(Protocol with = Protocol::ymodem) : protocol(with) {
    console.set_live(true);
  }

  /// The loader comes up after a while, prints, and takes a file.
  void start_loader(Duration after = 300ms) {
    loader.spawn([](Bench& b, Duration wait) -> Task<void> {
      co_await b.world.sleep_for(wait, "a boot");
      const std::string text = "Boot Copyright C\r\nReady for a Copy by YMODEM, C\r\n";
      const Bytes words(text.begin(), text.end());
      co_await b.loader_end.write(words);
      co_await b.world.sleep_for(100ms, "a boot");
      b.receiver.emplace(ymodem::Demand{b.protocol}, b.world.now());
      co_await take_by_blocks(b.world, b.loader_end, *b.receiver);
    }(*this, after));
  }

  Push push(ByteStream& stream, const Bytes& image, Progress progress = nullptr) {
    ymodem::Offer offer{protocol, "image.bin"};
    return world.run(push_by_blocks(world, stream, "A1", image, std::move(offer),
                                    std::move(progress)),
                     1h, "test");
  }

  Protocol protocol;
  World world{1};
  std::shared_ptr<Pipe> to_rig = std::make_shared<Pipe>(world, 86'806ns, 0us);
  std::shared_ptr<Pipe> to_loader = std::make_shared<Pipe>(world, 86'806ns, 0us);
  PipeEnd rig_end{to_rig, to_loader};
  PipeEnd loader_end{to_loader, to_rig};
  station::Console console{world, rig_end, "A1"};
  std::optional<ymodem::Receiver> receiver;
  Life loader{world, "loader"};
};

TEST(BlockPush, sends_the_whole_image_and_tells_how_far_it_is) {
  for (const Protocol protocol : {Protocol::ymodem, Protocol::xmodem_1k}) {
    Bench b(protocol);
    b.start_loader();
    const Bytes image = counting(65536);
    std::vector<std::size_t> steps;
    const Push push =
        b.push(b.console, image, [&](std::size_t n) { steps.push_back(n); });
    EXPECT_TRUE(push.accepted);
    EXPECT_FALSE(push.failure);
    EXPECT_EQ(push.acknowledged, image.size());
    EXPECT_EQ(b.receiver->file(), image);
    // A step for each block: the triggers of cuts count them.
    ASSERT_EQ(steps.size(), 64u);
    for (std::size_t i = 0; i < steps.size(); ++i) EXPECT_EQ(steps[i], 1024 * (i + 1));
  }
}

TEST(BlockPush, progress_is_told_when_the_answer_comes) {
  Bench b(Protocol::xmodem_1k);
  b.start_loader();
  std::vector<Instant> answered, told;
  b.to_rig->watch([&](Instant start, ByteView bytes) {
    if (bytes.size() == 1 && bytes[0] == ymodem::kAck) {
      answered.push_back(start + 86'806ns);
    }
  });
  const Bytes image = counting(8 * 1024);
  b.push(b.console, image, [&](std::size_t) { told.push_back(b.world.now()); });
  ASSERT_EQ(answered.size(), 9u) << "and the EOT's";
  answered.pop_back();
  EXPECT_EQ(told, answered);
}

TEST(BlockPush, recovers_from_a_line_that_damages_both_ways) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Bench b(seed % 2 == 0 ? Protocol::ymodem : Protocol::xmodem_1k);
    b.start_loader(0ms);
    Random random(seed);
    DamagedStream::Places out, in;
    for (int i = 0; i < 3; ++i) {
      out[random.below(21000)] =
          random.below(2) == 0 ? Damage::flipped : Damage::dropped;
    }
    in[60 + random.below(20)] =
        random.below(2) == 0 ? Damage::flipped : Damage::dropped;
    DamagedStream line(b.console, out, in);
    const Bytes image = counting(20 * 1024);
    const Push push = b.push(line, image);
    EXPECT_TRUE(push.accepted)
        << "seed " << seed << ": " << (push.failure ? push.failure->what : "");
    EXPECT_GE(line.done(), 2) << "seed " << seed;
    EXPECT_EQ(b.receiver->file() == image, true) << "seed " << seed;
  }
}

TEST(BlockPush, a_cut_at_any_moment_ends_it) {
  for (int ms = 5; ms < 2200; ms += 31) {
    Bench b;
    b.start_loader();
    const Bytes image = counting(15000);
    const Instant at{std::chrono::milliseconds(ms)};
    Timer cut(b.world, "cut", [&] {
      b.to_rig->connect(false);
      b.to_loader->connect(false);
      b.console.set_live(false);
    });
    cut.at(at);
    const Push push = b.push(b.console, image);
    if (b.world.now() < at) {
      EXPECT_TRUE(push.accepted) << ms;
      continue;
    }
    ASSERT_TRUE(push.failure) << ms;
    EXPECT_EQ(push.failure->kind, Kind::closed) << ms;
    EXPECT_TRUE(!push.accepted || push.acknowledged == image.size()) << ms;
    EXPECT_LE(b.world.now(), at + 100ms) << ms;  // the block that was leaving
    EXPECT_LE(push.acknowledged, b.receiver ? b.receiver->file().size() : 0) << ms;
  }
}

TEST(BlockPush, a_cut_transfer_starts_anew_at_byte_0) {
  Bench b;
  b.start_loader();
  const Bytes image = counting(15000);
  std::size_t before = 0;
  {
    Timer cut(b.world, "cut", [&] { b.console.set_live(false); });
    cut.at(Instant{1200ms});
    before = b.push(b.console, image).acknowledged;
  }
  EXPECT_GT(before, 0u);
  // The loader boots again.
  Bench again;
  again.start_loader();
  std::vector<std::size_t> steps;
  EXPECT_TRUE(
      again.push(again.console, image, [&](std::size_t n) { steps.push_back(n); })
          .accepted);
  EXPECT_EQ(steps.front(), 1024u);
  EXPECT_EQ(again.receiver->file(), image);
}

TEST(BlockPush, a_loader_that_cancels_has_refused) {
  Bench b;
  b.loader.spawn([](Bench& bench) -> Task<void> {
    bench.receiver.emplace(ymodem::Demand{Protocol::ymodem, 1000}, bench.world.now());
    co_await take_by_blocks(bench.world, bench.loader_end, *bench.receiver);
  }(b));
  const Push push = b.push(b.console, counting(2000));
  EXPECT_FALSE(push.accepted);
  ASSERT_TRUE(push.failure);
  EXPECT_EQ(push.failure->kind, Kind::refused);
  EXPECT_EQ(push.failure->what, "YMODEM: the other end cancelled");
  EXPECT_EQ(push.acknowledged, 0u);
}

TEST(BlockPush, nobody_asks) {
  Bench b;
  const Push push = b.push(b.console, counting(2000));
  ASSERT_TRUE(push.failure);
  EXPECT_EQ(push.failure->kind, Kind::timed_out);
  EXPECT_EQ(b.world.now(), Instant{60s});
}

TEST(BlockPush, a_console_that_fails_is_the_rigs_fault) {
  Bench b;
  b.start_loader();
  Timer failure(b.world, "unplug", [&] { b.to_rig->fail(); });
  failure.at(Instant{900ms});
  const Bytes image = counting(15000);
  EXPECT_THROW(b.push(b.rig_end, image), RigError);
}

TEST(BlockPush, may_be_abandoned_at_any_moment) {
  for (int ms = 1; ms < 1500; ms += 53) {
    Bench b;
    b.start_loader();
    const Bytes image = counting(15000);
    ymodem::Offer offer{Protocol::ymodem, "image.bin"};
    EXPECT_THROW(b.world.run(push_by_blocks(b.world, b.console, "A1", image,
                                            std::move(offer), nullptr),
                             std::chrono::milliseconds(ms), "push"),
                 LimitReached)
        << ms;
    b.world.run(b.world.sleep_for(100ms, "test"), 1s, "test");
  }
}

}  // namespace
}  // namespace lockrig::lock
