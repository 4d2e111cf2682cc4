// Serial recovery: what it does to the flash, cut inside every operation, and what it
// says on the line.
#include "rig/twin/recovery.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "rig/core/random.hpp"
#include "rig/protocol/smp_line.hpp"
#include "rig/protocol/smp_message.hpp"
#include "rig/protocol/smp_upload.hpp"
#include "tests/twin/test_lock.hpp"

namespace lockrig::twin {
namespace {

struct Content final : Durable {
  explicit Content(FlashContent f) : flash(std::move(f)) {}
  FlashContent flash;
};

class RecoverySlotTest : public testing::TestWithParam<Strategy> {
 protected:
  const LockModel model = test_model(GetParam());
  const Bytes old_image = test_image(model, 3);
  const Bytes new_image = test_image(model, 4);
  const FlashContent start = factory_fresh(model, {"1", "1", "2"}, old_image)->flash;
  const Defects defects;

  /// An upload; what a cut in each of its operations leaves.
  std::vector<FlashContent> recover(FlashContent& flash, const Bytes& image,
                                    const std::vector<double>& fractions = {}) {
    World world(1);
    NorFlash nor(world, flash, {model.slot0, model.slot1}, model.flash);
    nor.on_moment([] {
      return [](FlashContent content) {
        return std::make_shared<Content>(std::move(content));
      };
    });
    std::vector<FlashContent> torn;
    nor.watch([&](const FlashOp& op) {
      EXPECT_EQ(op.phase, "recovery");
      for (const double fraction : fractions) {
        torn.push_back(
            static_cast<const Content&>(*nor.moment()->torn(fraction, mix(3, op.index)))
                .flash);
      }
    });
    BootLoader loader(nor, model, defects);
    RecoverySlot slot(nor, model, loader);
    const auto upload = [&]() -> Task<void> {
      const bool fits = co_await slot.begin(image.size());
      EXPECT_TRUE(fits);
      for (std::size_t at = 0; at < image.size(); at += 400) {
        const std::size_t size = std::min<std::size_t>(400, image.size() - at);
        co_await slot.append(ByteView(image).subspan(at, size));
      }
    };
    world.run(upload(), 1h, "upload");
    return torn;
  }

  /// What runs after a power-up; empty if nothing does.
  Bytes boot(FlashContent& flash, std::uint64_t boots) {
    World world(boots);
    flash.power_up(boots);
    NorFlash nor(world, flash, {model.slot0, model.slot1}, model.flash);
    BootLoader loader(nor, model, defects);
    const auto chosen = world.run(loader.run(), 1h, "boot loader");
    if (!chosen) return {};
    Bytes bytes(new_image.size());
    flash.read(chosen->slot.address, bytes);
    return bytes;
  }
};

TEST_P(RecoverySlotTest, the_uploaded_image_is_what_runs) {
  FlashContent flash = start;
  recover(flash, new_image);
  EXPECT_EQ(boot(flash, 1), new_image);
  EXPECT_EQ(boot(flash, 2), new_image);
}

TEST_P(RecoverySlotTest, an_image_for_another_model_never_runs) {
  LockModel stranger = model;
  stranger.device_class.bytes[0] ^= 0xff;
  FlashContent flash = start;
  recover(flash, test_image(stranger, 4));
  EXPECT_TRUE(boot(flash, 1).empty());
  recover(flash, new_image);
  EXPECT_EQ(boot(flash, 2), new_image);
}

TEST_P(RecoverySlotTest, a_cut_leaves_a_whole_image_or_none_and_the_next_upload_works) {
  FlashContent flash = start;
  const auto torn = recover(flash, new_image, {0, 0.3, 0.7, 0.99});
  ASSERT_GT(torn.size(), 100u);
  for (std::size_t i = 0; i < torn.size(); ++i) {
    FlashContent cut = torn[i];
    const Bytes runs = boot(cut, mix(1, i));
    ASSERT_TRUE(runs.empty() || runs == old_image || runs == new_image) << i;
    recover(cut, new_image);
    ASSERT_EQ(boot(cut, mix(2, i)), new_image) << i;
    ASSERT_EQ(boot(cut, mix(3, i)), new_image) << i;
  }
}

TEST_P(RecoverySlotTest, nothing_that_was_asked_before_comes_over_it) {
  // A trial that is to be taken back at the next boot.
  FlashContent flash = start;
  {
    World world(1);
    NorFlash nor(world, flash, {model.slot0, model.slot1}, model.flash);
    const auto stage = [&]() -> Task<void> {
      co_await nor.program(model.slot1.address, new_image);
      co_await request_trial(nor, model, model.slot1);
    };
    world.run(stage(), 1h, "stage");
  }
  ASSERT_EQ(boot(flash, 1), new_image);
  const Bytes third = test_image(model, 5);
  recover(flash, third);
  for (std::uint64_t boots = 2; boots < 5; ++boots)
    EXPECT_EQ(boot(flash, boots), third);
}

INSTANTIATE_TEST_SUITE_P(Strategies, RecoverySlotTest,
                         testing::Values(Strategy::swap_move, Strategy::direct_xip),
                         [](const auto& strategy) {
                           return strategy.param == Strategy::swap_move ? "swap_move"
                                                                        : "direct_xip";
                         });

/// A board whose flash is empty, and its console.
class RecoveryPortTest : public testing::Test {
 protected:
  RecoveryPortTest() {
    board.set_supply(Supply::connected);
    board.set_console_isolated(false);
    pass(1s);
  }

  smp::Message ask(smp::Op op, std::uint16_t group, std::uint8_t id,
                   nlohmann::json body) {
    smp::Message request;
    request.header = {op, smp::kSmpV2, 0, 0, group, sequence++, id};
    request.body = std::move(body);
    return exchange(smp::encode(request));
  }

  smp::Message exchange(const Bytes& message) {
    std::optional<Bytes> answer;
    const auto task = [&]() -> Task<void> {
      const Bytes frame = smp::encode_frame(message);
      co_await board.console().write(frame);
      smp::LineDecoder decoder(4096);
      std::array<std::uint8_t, 512> buffer;
      while (!answer) {
        const ReadResult read =
            co_await board.console().read_some(buffer, world.now() + 10s);
        if (read.status != StreamStatus::ok) co_return;
        decoder.feed(ByteView(buffer).first(read.count));
        answer = decoder.next_message();
      }
    };
    world.run(task(), 1h, "exchange");
    if (!answer) {
      ADD_FAILURE() << "no answer";
      return {};
    }
    EXPECT_EQ((*answer)[smp::kHeaderSize], 0xbf);  // a map of indefinite length
    EXPECT_EQ(answer->back(), 0xff);
    return *smp::decode(*answer);
  }

  void pass(Duration time) { world.run(world.sleep_for(time, "test"), 1h, "test"); }

  World world{1};
  const LockModel model = test_model(Strategy::swap_move);
  const Unit unit{"1", "1111", "2222"};
  SimNetwork network{world};
  LockDurable empty{FlashContent(model.sectors)};
  LockBoard board{world, model, unit, Defects(), network, empty};
  std::uint8_t sequence = 0;
};

TEST_F(RecoveryPortTest, a_lock_without_an_image_answers_and_signals_red) {
  int red = 0;
  board.watch_outputs([&](Output output, bool level) {
    if (output == Output::led_red && level) ++red;
  });
  board.set_console_isolated(true);
  board.set_supply(Supply::discharged);
  pass(1s);
  board.set_supply(Supply::connected);
  board.set_console_isolated(false);
  pass(5s);
  EXPECT_EQ(red, 5);
  const auto echo =
      ask(smp::Op::write, smp::kGroupOs, smp::kOsEcho, {{"d", "are you there"}});
  EXPECT_EQ(echo.body["r"], "are you there");
  const auto lock =
      ask(smp::Op::read, smp::kGroupLock, smp::kLockState, nlohmann::json::object());
  EXPECT_EQ(lock.body["rc"], smp::kRcNotSupported);
}

TEST_F(RecoveryPortTest, a_wrong_offset_is_answered_with_the_one_it_wants) {
  const Bytes data(100, 0x5a);
  smp::UploadRequest request;
  request.data = data;
  request.len = 300;
  EXPECT_EQ(exchange(smp::encode_upload(1, request)).body["off"], 100);
  request.len.reset();
  request.off = 200;
  const auto wrong = exchange(smp::encode_upload(2, request));
  EXPECT_EQ(wrong.body["rc"], 0);
  EXPECT_EQ(wrong.body["off"], 100);
}

TEST_F(RecoveryPortTest, an_image_larger_than_the_slot_takes_is_refused) {
  const Bytes data(100, 0x5a);
  smp::UploadRequest request;
  request.data = data;
  request.len = model.slot0.size;
  EXPECT_EQ(exchange(smp::encode_upload(1, request)).body["rc"], smp::kRcTooLarge);
}

}  // namespace
}  // namespace lockrig::twin
