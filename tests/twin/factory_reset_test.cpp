// A factory reset on a whole board, cut inside every operation.
#include "rig/twin/factory_reset.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "rig/core/random.hpp"
#include "tests/twin/test_lock.hpp"

namespace lockrig::twin {
namespace {

constexpr int kR = 15;

struct Stored {
  std::map<Key, std::string> values;
  std::vector<std::string> events;
};

class FactoryResetTest : public testing::TestWithParam<Strategy> {
 protected:
  const LockModel model = test_model(GetParam());
  const Unit unit{"VL-1", "2580", "70418263"};
  /// Set up by its owner, with a second code.
  std::shared_ptr<const LockDurable> owned() const {
    auto durable = std::make_shared<LockDurable>(
        *factory_fresh(model, unit, test_image(model, 3)));
    durable->flash.erase(model.settings.address);
    Settings::program(durable->flash, model.settings,
                      {{Key::programming_code, "11112222"},
                       {Key::user_code, "4711"},
                       {user_code_key(1), "9999"},
                       {Key::set_up, "1"},
                       {Key::wifi, "bench"}});
    return durable;
  }

  struct Bench {
    Bench(const FactoryResetTest& test, const LockDurable& durable,
          const std::vector<std::string>& defects)
        : world(7),
          network(world),
          board(world, test.model, test.unit, Defects(defects), network, durable) {
      board.set_supply(Supply::connected);
      pass(1s);
    }
    void pass(Duration time) { world.run(world.sleep_for(time, "test"), 1h, "test"); }
    World world;
    SimNetwork network;
    LockBoard board;
  };

  Stored read(const LockDurable& durable) const {
    FlashContent content = durable.flash;
    World world(1);
    NorFlash nor(world, content, {}, model.flash);
    const Defects none;
    Settings settings(world, nor, model.settings, none);
    AuditLog log(world, nor, model.log, none);
    world.run(settings.load(), 1h, "load");
    world.run(log.load(), 1h, "load");
    Stored stored;
    for (const Key key : {Key::programming_code, Key::user_code, user_code_key(1),
                          Key::set_up, Key::wifi}) {
      stored.values[key] = settings.get(key);
    }
    for (const Event& event : log.after(0, 1000)) stored.events.push_back(event.text);
    return stored;
  }
  static long resets(const Stored& stored) {
    return std::count(stored.events.begin(), stored.events.end(), "factory reset");
  }

  void expect_owners(const Stored& s) const {
    EXPECT_EQ(s.values.at(Key::programming_code), "11112222");
    EXPECT_EQ(s.values.at(Key::user_code), "4711");
    EXPECT_EQ(s.values.at(user_code_key(1)), "9999");
    EXPECT_EQ(s.values.at(Key::set_up), "1");
    EXPECT_EQ(resets(s), 0);
  }
  void expect_new(const Stored& s) const {
    EXPECT_EQ(s.values.at(Key::programming_code), unit.programming_code);
    EXPECT_EQ(s.values.at(Key::user_code), unit.user_code);
    EXPECT_EQ(s.values.at(user_code_key(1)), "");
    EXPECT_EQ(s.values.at(Key::set_up), "");
    EXPECT_EQ(s.values.at(Key::wifi), "bench");
    EXPECT_EQ(resets(s), 1);
  }
};

TEST_P(FactoryResetTest, r_held_after_power_up_gives_the_units_own_codes_back) {
  Bench bench(*this, *owned(), {});
  bench.board.set_contact(kR, true);
  bench.pass(4s);
  bench.board.set_contact(kR, false);
  bench.pass(2s);
  expect_new(read(*bench.board.durable()));
}

TEST_P(FactoryResetTest, r_that_is_touched_or_late_does_nothing) {
  Bench bench(*this, *owned(), {});
  bench.board.set_contact(kR, true);
  bench.pass(2900ms);
  bench.board.set_contact(kR, false);
  bench.pass(10s);
  bench.board.set_contact(kR, true);
  bench.pass(5s);
  expect_owners(read(*bench.board.durable()));
}

TEST_P(FactoryResetTest, a_cut_leaves_it_not_begun_or_finishes_it_at_the_next_boot) {
  Bench bench(*this, *owned(), {});
  std::vector<std::shared_ptr<const Durable>> torn;
  FlashProbe& probe = *bench.board.flash_probe();
  probe.watch([&](const FlashOp& op) {
    if (op.phase != "reset") return;
    EXPECT_FALSE(op.region.starts_with("slot"));
    for (const double fraction : {0.0, 0.05, 0.3, 0.7, 0.99}) {
      torn.push_back(probe.moment()->torn(fraction, mix(4, op.index)));
    }
  });
  bench.board.set_contact(kR, true);
  bench.pass(4s);
  probe.watch({});
  ASSERT_GT(torn.size(), 30u);
  int begun = 0;
  for (std::size_t i = 0; i < torn.size(); ++i) {
    SCOPED_TRACE(i);
    Bench after(*this, static_cast<const LockDurable&>(*torn[i]), {});
    const Stored stored = read(*after.board.durable());
    if (stored.values.at(Key::set_up) == "1") {
      expect_owners(stored);
    } else {
      expect_new(stored);
      ++begun;
    }
  }
  EXPECT_GT(begun, 0);
  EXPECT_LT(begun, static_cast<int>(torn.size()));
}

TEST_P(FactoryResetTest, the_defect_factory_reset_half_leaves_no_code_at_some_cut) {
  const std::vector<std::string> defects = {"factory-reset-half"};
  Bench bench(*this, *owned(), defects);
  std::vector<std::shared_ptr<const Durable>> torn;
  FlashProbe& probe = *bench.board.flash_probe();
  probe.watch([&](const FlashOp& op) {
    if (op.phase == "reset") torn.push_back(probe.moment()->torn(0.3, op.index));
  });
  bench.board.set_contact(kR, true);
  bench.pass(4s);
  probe.watch({});
  int without = 0;
  for (const auto& each : torn) {
    Bench after(*this, static_cast<const LockDurable&>(*each), defects);
    const Stored stored = read(*after.board.durable());
    if (stored.values.at(Key::user_code).empty()) ++without;
  }
  EXPECT_GT(without, 0);
}

INSTANTIATE_TEST_SUITE_P(Strategies, FactoryResetTest,
                         testing::Values(Strategy::swap_move, Strategy::direct_xip),
                         [](const auto& strategy) {
                           return strategy.param == Strategy::swap_move ? "swap_move"
                                                                        : "direct_xip";
                         });

}  // namespace
}  // namespace lockrig::twin
