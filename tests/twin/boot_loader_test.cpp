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

using Fractions = std::vector<double>;
const Fractions kFractions = {0, 0.01, 0.3, 0.5, 0.7, 0.99};
const Fractions kBetween = {0, 1};

/// One power-up of the boot loader.
Outcome power_up(const LockModel& model, FlashContent flash, std::uint64_t boots,
                 bool tear, const std::vector<std::string>& defects = {},
                 const Fractions& fractions = kFractions) {
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
      for (const double fraction : fractions) {
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

// --- the real bugs -----------------------------------------------------------------

/// A 6000i whose new image is never confirmed, and what its boot loader makes of it.
class SwapDefectTest : public testing::Test {
 protected:
  const LockModel model = test_model(Strategy::swap_move);
  const Bytes old_image = test_image(model, 3);
  const Bytes new_image = test_image(model, 4, Behaviour::crash_at_start);
  const FlashContent start = prepared(model, old_image, new_image);

  bool runs(const Outcome& o, const Bytes& image) const {
    return o.boot && slot(o.flash, o.boot->slot, image.size()) == image;
  }

  /// Cuts in each operation of the boot that takes the image back; after each, power
  /// is applied four times. How many cuts leave a lock that does not end with the old
  /// image.
  int lost_in_a_roll_back(const std::vector<std::string>& defects,
                          const Fractions& fractions) {
    const Outcome trial = power_up(model, start, 1, false, defects);
    const Outcome revert = power_up(model, trial.flash, 2, true, defects, fractions);
    EXPECT_TRUE(runs(revert, old_image));
    EXPECT_GT(revert.torn.size(), 50u);
    int lost = 0;
    for (const FlashContent& torn : revert.torn) {
      Outcome o{torn, {}, {}};
      for (std::uint64_t boot = 100; boot < 104; ++boot) {
        o = power_up(model, o.flash, boot, false, defects);
      }
      if (!runs(o, old_image)) ++lost;
    }
    return lost;
  }
};

TEST_F(SwapDefectTest, issue_1966_shows_only_where_the_magic_of_a_revert_is_torn) {
  EXPECT_EQ(lost_in_a_roll_back({}, kFractions), 0);
  EXPECT_GT(lost_in_a_roll_back({"mcuboot-1966"}, {0.3, 0.7}), 0);
  EXPECT_EQ(lost_in_a_roll_back({"mcuboot-1966"}, kBetween), 0);
}

TEST_F(SwapDefectTest, issue_1966_leaves_the_failed_image_running_for_good) {
  const Outcome trial = power_up(model, start, 1, false);
  FlashContent flash = trial.flash;
  // What stands where the magic of the request belongs, half written.
  flash.program(model.slot1.end() - 16, Bytes{0x77, 0xc2, 0x95, 0xf3});
  for (std::uint64_t boot = 2; boot < 6; ++boot) {
    const Outcome o = power_up(model, flash, boot, false, {"mcuboot-1966"});
    EXPECT_TRUE(runs(o, new_image)) << boot;
    flash = o.flash;
  }
  EXPECT_TRUE(runs(power_up(model, flash, 6, false), old_image));
}

TEST_F(SwapDefectTest, issue_480_swaps_again_after_a_reset_within_a_revert) {
  const std::vector<std::string> defect = {"mcuboot-480"};
  const Outcome trial = power_up(model, start, 1, false, defect);
  const Outcome uncut = power_up(model, trial.flash, 2, true, defect, kBetween);
  EXPECT_TRUE(runs(power_up(model, uncut.flash, 3, false, defect), old_image));
  int swapped_again = 0;
  for (const FlashContent& torn : uncut.torn) {
    const Outcome resumed = power_up(model, torn, 3, false, defect);
    ASSERT_TRUE(runs(resumed, old_image));
    const Outcome next = power_up(model, resumed.flash, 4, false, defect);
    if (runs(next, new_image)) ++swapped_again;
  }
  EXPECT_GT(swapped_again, 0);
}

TEST_F(SwapDefectTest, issue_2109_loses_the_tail_of_the_longer_image) {
  const Bytes shorter =
      test_image(model, 4, Behaviour::crash_at_start, 2 * kSectorSize);
  const FlashContent unequal = prepared(model, old_image, shorter);
  for (const bool seeded : {false, true}) {
    const std::vector<std::string> defects =
        seeded ? std::vector<std::string>{"mcuboot-2109"} : std::vector<std::string>{};
    const Outcome trial = power_up(model, unequal, 1, false, defects);
    EXPECT_TRUE(runs(trial, shorter));
    const Outcome back = power_up(model, trial.flash, 2, false, defects);
    EXPECT_EQ(runs(back, old_image), !seeded);
  }
}

TEST_F(SwapDefectTest, unequal_images_survive_a_cut_inside_every_operation) {
  const Bytes shorter =
      test_image(model, 4, Behaviour::crash_at_start, 2 * kSectorSize);
  FlashContent flash = prepared(model, old_image, shorter);
  for (std::uint64_t boot = 1; boot <= 2; ++boot) {
    const Outcome o = power_up(model, flash, boot, true);
    for (const FlashContent& torn : o.torn) {
      Outcome later{torn, {}, {}};
      for (std::uint64_t again = 100; again < 104; ++again) {
        later = power_up(model, later.flash, again, false);
        ASSERT_TRUE(runs(later, old_image) || runs(later, shorter));
      }
      ASSERT_TRUE(runs(later, old_image));
    }
    flash = o.flash;
  }
}

TEST_F(SwapDefectTest, an_image_that_leaves_no_room_to_move_is_refused_and_forgotten) {
  // Fits the slot beside its trailer, and leaves no spare sector.
  const Bytes large =
      test_image(model, 4, Behaviour::good, model.slot1.size - kSectorSize);
  FlashContent flash = prepared(model, old_image, large);
  for (const bool seeded : {false, true}) {
    const std::vector<std::string> defects =
        seeded ? std::vector<std::string>{"mcuboot-1592"} : std::vector<std::string>{};
    Outcome o = power_up(model, flash, 1, false, defects);
    EXPECT_TRUE(runs(o, old_image));
    World world(1);
    NorFlash nor(world, o.flash, {}, model.flash);
    EXPECT_EQ(trial_requested(nor, model, model.slot1), seeded);
  }
}

TEST_F(SwapDefectTest, progress_that_is_dropped_or_told_too_early_bricks_at_some_cut) {
  EXPECT_GT(lost_in_a_roll_back({"swap-progress-dropped"}, kBetween), 0);
  EXPECT_GT(lost_in_a_roll_back({"copy-done-first"}, kBetween), 0);
}

INSTANTIATE_TEST_SUITE_P(Strategies, BootLoaderTest,
                         testing::Values(Strategy::swap_move, Strategy::direct_xip),
                         [](const auto& strategy) {
                           return strategy.param == Strategy::swap_move ? "swap_move"
                                                                        : "direct_xip";
                         });

}  // namespace
}  // namespace lockrig::twin
