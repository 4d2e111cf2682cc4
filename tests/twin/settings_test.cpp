// The settings store and the log, cut inside every operation: old or new, never
// neither.
#include "rig/twin/settings.hpp"

#include <gtest/gtest.h>

#include "rig/core/random.hpp"
#include "rig/twin/audit_log.hpp"
#include "tests/twin/test_lock.hpp"

namespace lockrig::twin {
namespace {

struct Content final : Durable {
  explicit Content(FlashContent f) : flash(std::move(f)) {}
  FlashContent flash;
};

const std::vector<double> kFractions = {0, 0.01, 0.3, 0.5, 0.7, 0.99};

/// Runs `task` over a copy of `flash`; gives what a cut in each operation leaves.
template <typename Task>
std::vector<FlashContent> cut_everywhere(const LockModel& model, FlashContent& flash,
                                         Task task) {
  World world(1);
  NorFlash nor(world, flash, {}, model.flash);
  nor.on_moment([] {
    return [](FlashContent content) {
      return std::make_shared<Content>(std::move(content));
    };
  });
  std::vector<FlashContent> torn;
  nor.watch([&](const FlashOp& op) {
    for (const double fraction : kFractions) {
      torn.push_back(
          static_cast<const Content&>(*nor.moment()->torn(fraction, mix(9, op.index)))
              .flash);
    }
  });
  world.run(task(world, nor), 1h, "task");
  return torn;
}

class SettingsTest : public testing::Test {
 protected:
  const LockModel model = test_model(Strategy::swap_move);
  FlashContent flash{model.sectors};
  Defects defects;

  void SetUp() override {
    Settings::program(flash, model.settings,
                      {{Key::user_code, "2580"}, {Key::programming_code, "11112222"}});
  }

  std::string read(FlashContent content, std::uint64_t boot, Key key) {
    content.power_up(boot);
    World world(1);
    NorFlash nor(world, content, {}, model.flash);
    Settings settings(world, nor, model.settings, defects);
    const bool loaded = world.run(settings.load(), 1h, "load");
    return loaded ? settings.get(key) : "<unreadable>";
  }
};

TEST_F(SettingsTest, keeps_what_was_set_over_a_restart) {
  cut_everywhere(model, flash, [&](World& w, NorFlash& nor) -> Task<void> {
    Settings settings(w, nor, model.settings, defects);
    co_await settings.load();
    co_await settings.set(Key::user_code, "4711");
  });
  EXPECT_EQ(read(flash, 1, Key::user_code), "4711");
  EXPECT_EQ(read(flash, 1, Key::programming_code), "11112222");
}

TEST_F(SettingsTest, a_cut_change_leaves_the_old_value_or_the_new_one_and_stays_so) {
  const auto torn =
      cut_everywhere(model, flash, [&](World& w, NorFlash& nor) -> Task<void> {
        Settings settings(w, nor, model.settings, defects);
        co_await settings.load();
        co_await settings.set(Key::user_code, "4711");
      });
  ASSERT_GE(torn.size(), 3 * kFractions.size());
  for (std::size_t i = 0; i < torn.size(); ++i) {
    FlashContent content = torn[i];
    std::string first;
    for (std::uint64_t boot = 1; boot < 5; ++boot) {
      content.power_up(mix(i, boot));
      World world(1);
      NorFlash nor(world, content, {}, model.flash);
      Settings settings(world, nor, model.settings, defects);
      ASSERT_TRUE(world.run(settings.load(), 1h, "load")) << i;
      const std::string now = settings.get(Key::user_code);
      ASSERT_TRUE(now == "2580" || now == "4711") << i << ": " << now;
      if (boot > 1) {
        ASSERT_EQ(now, first) << i << " boot " << boot;
      }
      first = now;
      ASSERT_EQ(settings.get(Key::programming_code), "11112222");
    }
  }
}

TEST_F(SettingsTest, a_cut_while_the_bank_is_changed_loses_nothing) {
  const auto torn =
      cut_everywhere(model, flash, [&](World& w, NorFlash& nor) -> Task<void> {
        Settings settings(w, nor, model.settings, defects);
        co_await settings.load();
        for (int i = 0; i < 300; ++i) {
          co_await settings.set(Key::boots, std::to_string(i));
        }
      });
  for (std::size_t i = 0; i < torn.size(); ++i) {
    ASSERT_EQ(read(torn[i], mix(3, i), Key::user_code), "2580") << i;
    ASSERT_EQ(read(torn[i], mix(4, i), Key::programming_code), "11112222") << i;
  }
}

TEST_F(SettingsTest, the_defect_torn_settings_loses_the_codes_at_some_cut) {
  defects = Defects({"torn-settings"});
  const auto torn =
      cut_everywhere(model, flash, [&](World& w, NorFlash& nor) -> Task<void> {
        Settings settings(w, nor, model.settings, defects);
        co_await settings.load();
        co_await settings.set(Key::user_code, "4711");
      });
  bool lost = false;
  for (std::size_t i = 0; i < torn.size(); ++i) {
    const std::string now = read(torn[i], mix(3, i), Key::user_code);
    lost = lost || (now != "2580" && now != "4711");
  }
  EXPECT_TRUE(lost);
}

TEST_F(SettingsTest, refuses_a_value_that_is_too_long) {
  EXPECT_THROW(
      Settings::program(flash, model.settings, {{Key::wifi, std::string(49, 'x')}}),
      std::invalid_argument);
}

class AuditLogTest : public SettingsTest {};

TEST_F(AuditLogTest, a_cut_loses_at_most_the_event_being_written_also_across_the_ring) {
  const int events = 300;  // more than the ring of 256 holds
  std::vector<std::uint32_t> newest_before;
  std::uint32_t newest = 0;
  World world(1);
  NorFlash nor(world, flash, {}, model.flash);
  nor.on_moment([] {
    return [](FlashContent content) {
      return std::make_shared<Content>(std::move(content));
    };
  });
  std::vector<FlashContent> torn;
  nor.watch([&](const FlashOp& op) {
    for (const double fraction : {0.3, 0.7}) {
      torn.push_back(
          static_cast<const Content&>(*nor.moment()->torn(fraction, mix(9, op.index)))
              .flash);
      newest_before.push_back(newest);
    }
  });
  const auto write = [&]() -> Task<void> {
    AuditLog log(world, nor, model.log, defects);
    co_await log.load();
    for (int i = 0; i < events; ++i) {
      newest = log.newest();
      co_await log.add(1, "event " + std::to_string(i));
    }
  };
  world.run(write(), 1h, "write");
  for (std::size_t i = 0; i < torn.size(); i += 3) {
    FlashContent content = torn[i];
    content.power_up(mix(5, i));
    World again(1);
    NorFlash chip(again, content, {}, model.flash);
    AuditLog log(again, chip, model.log, defects);
    again.run(log.load(), 1h, "load");
    ASSERT_GE(log.newest(), newest_before[i]) << i;
    ASSERT_LE(log.newest(), newest_before[i] + 1) << i;
    again.run(log.add(2, "after the cut"), 1h, "add");
    const auto last = log.after(newest_before[i] > 20 ? newest_before[i] - 20 : 0, 100);
    ASSERT_FALSE(last.empty());
    EXPECT_EQ(last.back().text, "after the cut") << i;
    for (std::size_t k = 1; k < last.size(); ++k) {
      ASSERT_EQ(last[k].sequence, last[k - 1].sequence + 1) << i;
    }
  }
}

}  // namespace
}  // namespace lockrig::twin
