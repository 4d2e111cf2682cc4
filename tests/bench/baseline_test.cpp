// A real lock that nothing brings back: the rig finds it as the last run left it.
#include "rig/trial/baseline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rig/bench/virtual_bench.hpp"
#include "rig/core/error.hpp"

namespace lockrig::trial {
namespace {

using testing::HasSubstr;

/// A rig whose lock is taken as it is, or as it came.
class Found final : public Rig {
 public:
  Found(std::unique_ptr<Rig> rig, bool from_factory)
      : rig_(std::move(rig)), facts_(rig_->facts()) {
    facts_.from_factory = from_factory;
  }

  World& world() override { return rig_->world(); }
  station::Station& station() override { return rig_->station(); }
  lock::Firmware* client() override { return rig_->client(); }
  portal::Portal& portal() override { return rig_->portal(); }
  Network& network() override { return rig_->network(); }
  FlashProbe* probe() override { return rig_->probe(); }
  Operator* person() override { return rig_->person(); }
  station::Supply* supply() override { return rig_->supply(); }
  const LockFacts& facts() override { return facts_; }
  Images& images() override { return rig_->images(); }
  std::shared_ptr<const Durable> durable() override { return rig_->durable(); }

 private:
  std::unique_ptr<Rig> rig_;
  LockFacts facts_;
};

class Baseline : public testing::Test {
 protected:
  Snapshot set_up(const Snapshot* start, bool from_factory) {
    Found rig(bench_.set_up("A1", 1, {}, start), from_factory);
    return rig.world().run(set_up_lock(rig), 1h, "setting a lock up");
  }

  bench::VirtualBench bench_{LOCKRIG_ROOT "/fixtures/benches/virtual.toml"};
};

TEST_F(Baseline, takes_a_lock_that_was_set_up_before_as_it_is) {
  const Snapshot first = set_up(nullptr, false);
  const Snapshot again = set_up(&first, false);
  EXPECT_EQ(again.known.user_code, first.known.user_code);
  EXPECT_EQ(again.known.codes, first.known.codes);
  EXPECT_GT(again.known.boots, first.known.boots);
  EXPECT_GT(again.known.log.size(), first.known.log.size());
}

TEST_F(Baseline, refuses_a_lock_that_should_have_come_from_the_factory_and_did_not) {
  const Snapshot first = set_up(nullptr, true);
  try {
    set_up(&first, true);
    FAIL() << "a lock with other codes passed for a new one";
  } catch (const RigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("the programming code on its slip"));
  }
}

}  // namespace
}  // namespace lockrig::trial
