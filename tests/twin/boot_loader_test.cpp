// The boot loader alone over a flash, cut inside every operation, and again inside
// every operation of what it then does to recover.
#include "rig/twin/boot_loader.hpp"

#include <gtest/gtest.h>

#include "rig/core/random.hpp"
#include "tests/twin/test_lock.hpp"

namespace lockrig::twin {
namespace {

struct Content final : Durable {
  explicit Content(FlashContent f) : flash(std::move(f)) {}
  FlashContent flash;
};

struct Outcome {
  FlashContent flash;
  std::optional<Boot> boot;
  std::vector<FlashContent> torn;  // one for every operation and fraction
};

constexpr double kFractions[] = {0, 0.01, 0.3, 0.5, 0.7, 0.99};

/// One power-up of the boot loader.
Outcome power_up(const LockModel& model, FlashContent flash, std::uint64_t boots,
                 bool tear, const std::vector<std::string>& defects = {}) {
  World world(boots);
  Outcome outcome{flash, {}, {}};
  outcome.flash.power_up(boots);
  NorFlash nor(world, outcome.flash,
               {model.slot0, model.slot1, model.settings, model.log}, model.flash);
  nor.on_moment([] {
    return [](FlashContent content) {
      return std::make_shared<Content>(std::move(content));
    };
  });
  if (tear) {
    nor.watch([&](const FlashOp& op) {
      for (const double fraction : kFractions) {
        const auto durable = nor.moment()->torn(fraction, mix(boots, op.index));
        outcome.torn.push_back(static_cast<const Content&>(*durable).flash);
      }
    });
  }
  const Defects seeded(defects);
  BootLoader loader(nor, model, seeded);
  outcome.boot = world.run(loader.run(), 1h, "boot loader");
  return outcome;
}

FlashContent prepared(const LockModel& model, const Bytes& old_image,
                      const Bytes& new_image) {
  FlashContent flash = factory_fresh(model, {"1", "1", "2"}, old_image)->flash;
  World world(1);
  NorFlash nor(world, flash, {}, model.flash);
  const auto stage = [&]() -> Task<void> {
    co_await nor.program(model.slot1.address, new_image);
    co_await request_trial(nor, model, model.slot1);
  };
  world.run(stage(), 1h, "stage");
  return flash;
}

Bytes slot(const FlashContent& flash, const Region& region, std::size_t size) {
  Bytes bytes(size);
  flash.read(region.address, bytes);
  return bytes;
}

class BootLoaderTest : public testing::TestWithParam<Strategy> {
 protected:
  const LockModel model = test_model(GetParam());
  const Bytes old_image = test_image(model, 3);
  const Bytes new_image = test_image(model, 4);
  const FlashContent start = prepared(model, old_image, new_image);

  const Bytes& other(const Bytes& image) const {
    return image == old_image ? new_image : old_image;
  }
  /// Which of the two images runs; empty for neither.
  const Bytes* running(const Outcome& o) const {
    if (!o.boot) return nullptr;
    for (const Bytes* image : {&old_image, &new_image}) {
      if (slot(o.flash, o.boot->slot, image->size()) == *image) return image;
    }
    return nullptr;
  }
};

TEST_P(BootLoaderTest, tries_the_new_image_once) {
  const Outcome first = power_up(model, start, 1, false);
  EXPECT_EQ(running(first), &new_image);
  EXPECT_TRUE(first.boot->trial);
}

TEST_P(BootLoaderTest, takes_an_unconfirmed_image_back) {
  const Outcome first = power_up(model, start, 1, false);
  const Outcome second = power_up(model, first.flash, 2, false);
  EXPECT_EQ(running(second), &old_image);
  EXPECT_FALSE(second.boot->trial);
  const Outcome third = power_up(model, second.flash, 3, false);
  EXPECT_EQ(running(third), &old_image);
}

TEST_P(BootLoaderTest, keeps_a_confirmed_image) {
  Outcome first = power_up(model, start, 1, false);
  World world(1);
  NorFlash nor(world, first.flash, {}, model.flash);
  world.run(confirm(nor, first.boot->slot), 1s, "confirm");
  for (int boot = 2; boot < 5; ++boot) {
    first = power_up(model, first.flash, boot, false);
    EXPECT_EQ(running(first), &new_image);
    EXPECT_FALSE(first.boot->trial);
  }
}

TEST_P(BootLoaderTest, without_roll_back_an_unconfirmed_image_stays) {
  const std::vector<std::string> defect = {"no-rollback"};
  const Outcome first = power_up(model, start, 1, false, defect);
  const Outcome second = power_up(model, first.flash, 2, false, defect);
  EXPECT_EQ(running(second), &new_image);
}

TEST_P(BootLoaderTest, wipes_the_request_of_an_image_that_is_not_valid) {
  FlashContent damaged = start;
  damaged.program(model.slot1.address + 1000, Bytes(64, 0));
  const Outcome first = power_up(model, damaged, 1, false);
  EXPECT_EQ(running(first), &old_image);
  EXPECT_FALSE(first.boot->trial);
}

/// Boots a lock that was cut until it settles. It must run one of the two images whole
/// at every boot, end with the old one (nobody confirms), and stay with it.
void expect_recovery(const BootLoaderTest& test, const LockModel& model,
                     FlashContent flash, const Bytes& old_image, const Bytes& new_image,
                     const std::string& where) {
  (void)test;
  for (std::uint64_t boot = 100; boot < 104; ++boot) {
    const Outcome o = power_up(model, flash, boot, false);
    ASSERT_TRUE(o.boot) << where << ", boot " << boot;
    const Bytes run = slot(o.flash, o.boot->slot, old_image.size());
    ASSERT_TRUE(run == old_image || run == new_image) << where << ", boot " << boot;
    if (boot >= 102) {
      ASSERT_TRUE(run == old_image) << where << ", boot " << boot;
      ASSERT_FALSE(o.boot->trial) << where << ", boot " << boot;
    }
    flash = o.flash;
  }
}

TEST_P(BootLoaderTest, survives_a_cut_inside_every_operation_of_update_and_revert) {
  FlashContent flash = start;
  std::size_t cuts = 0;
  for (std::uint64_t boot = 1; boot <= 3; ++boot) {
    const Outcome o = power_up(model, flash, boot, true);
    for (const FlashContent& torn : o.torn) {
      expect_recovery(*this, model, torn, old_image, new_image,
                      "boot " + std::to_string(boot) + " cut " + std::to_string(cuts));
      ++cuts;
    }
    flash = o.flash;
  }
  EXPECT_GT(cuts, GetParam() == Strategy::swap_move ? 1000u : 50u);
}

TEST_P(BootLoaderTest, survives_a_second_cut_inside_the_recovery_of_the_first) {
  FlashContent flash = start;
  Random random(7);
  std::size_t cuts = 0;
  for (std::uint64_t boot = 1; boot <= 2; ++boot) {
    const Outcome o = power_up(model, flash, boot, true);
    for (std::size_t i = 0; i < o.torn.size(); i += 1 + random.below(24)) {
      const Outcome recovery = power_up(model, o.torn[i], 50, true);
      for (std::size_t j = 0; j < recovery.torn.size(); j += 1 + random.below(48)) {
        expect_recovery(*this, model, recovery.torn[j], old_image, new_image,
                        "boot " + std::to_string(boot) + " cut " + std::to_string(i) +
                            " then " + std::to_string(j));
        ++cuts;
      }
    }
    flash = o.flash;
  }
  EXPECT_GT(cuts, GetParam() == Strategy::swap_move ? 1000u : 10u);
}

// Cuts during the confirming write: confirmed or taken back, and it stays so.
TEST_P(BootLoaderTest, a_torn_confirmation_is_either_kept_or_taken_back) {
  Outcome first = power_up(model, start, 1, false);
  for (const double fraction : kFractions) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      FlashContent flash = first.flash;
      flash.tear_program(first.boot->slot.end() - 24, Bytes{0x01}, fraction, seed);
      std::vector<const Bytes*> ran;
      for (std::uint64_t boot = 2; boot < 6; ++boot) {
        const Outcome o = power_up(model, flash, mix(seed, boot), false);
        ran.push_back(running(o));
        ASSERT_NE(ran.back(), nullptr);
        ASSERT_FALSE(o.boot->trial);
        ASSERT_EQ(ran.back(), ran.front()) << "seed " << seed << " boot " << boot;
        flash = o.flash;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Strategies, BootLoaderTest,
                         testing::Values(Strategy::swap_move, Strategy::direct_xip),
                         [](const auto& strategy) {
                           return strategy.param == Strategy::swap_move ? "swap_move"
                                                                        : "direct_xip";
                         });

}  // namespace
}  // namespace lockrig::twin
