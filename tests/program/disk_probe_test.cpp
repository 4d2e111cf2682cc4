#include "rig/program/disk_probe.hpp"

#include <gmock/gmock.h>

#include "tests/program/disk_fixture.hpp"

namespace lockrig::program {
namespace {

using testing::ElementsAre;

class DiskProbeTest : public DiskTest {
 protected:
  DiskProbeTest() { client_.shake_hands(); }

  static std::string text_of(const FlashOp& op) {
    return std::to_string(op.index) + " " + to_string(op.kind) + " " +
           std::string(op.region) + " " + std::string(op.phase);
  }

  std::vector<std::string> happened_;
  TearingDisk disk_{world_, setup()};
  std::optional<DiskProbe> probe_{std::in_place, disk_,
                                  [this] { happened_.push_back("cut"); }};
  DiskClient client_{world_, disk_.socket()};
};

TEST_F(DiskProbeTest, each_write_is_an_operation_counted_from_0) {
  probe_->watch([this](const FlashOp& op) { happened_.push_back(text_of(op)); });
  EXPECT_EQ(probe_->count(), 0u);
  client_.write(0, pattern(512, 2));
  client_.write(4096, pattern(512, 3));
  client_.read(0, 512);
  EXPECT_THAT(happened_, ElementsAre("0 program disk run", "1 program disk run"));
  EXPECT_EQ(probe_->count(), 2u);
  EXPECT_EQ(probe_->slot_count(), 0u);
  EXPECT_EQ(probe_->moment(), nullptr);
  probe_->watch({});
  client_.write(0, pattern(512, 4));
  EXPECT_EQ(happened_.size(), 2u);
}

TEST_F(DiskProbeTest, a_cut_keeps_its_fraction_of_that_write_and_takes_power_away) {
  probe_->watch([this](const FlashOp& op) { happened_.push_back(text_of(op)); });
  probe_->cut_at(1, 0.25, 7, [this] { happened_.push_back("fired"); });
  client_.write(0, pattern(512, 2));
  const Bytes torn = pattern(512, 3);
  client_.send_write(9, 1024, torn);
  ASSERT_TRUE(dies(disk_));
  EXPECT_THAT(happened_,
              ElementsAre("0 program disk run", "1 program disk run", "fired", "cut"));
  Bytes expected = before_;
  const Bytes whole = pattern(512, 2);
  std::copy(whole.begin(), whole.end(), expected.begin());
  std::copy_n(torn.begin(), 128, expected.begin() + 1024);
  EXPECT_EQ(image(), expected);
  EXPECT_TRUE(client_.hears_silence());
}

TEST_F(DiskProbeTest, a_cut_that_was_called_off_does_not_come) {
  probe_->cut_at(0, 0, 7, [this] { happened_.push_back("fired"); });
  probe_->disarm();
  client_.write(0, pattern(512, 2));
  EXPECT_THAT(happened_, testing::IsEmpty());
}

TEST_F(DiskProbeTest, leaves_nothing_of_itself_at_the_disk) {
  probe_->watch([this](const FlashOp& op) { happened_.push_back(text_of(op)); });
  probe_->cut_at(0, 0, 7, {});
  probe_.reset();
  client_.write(0, pattern(512, 2));
  EXPECT_THAT(happened_, testing::IsEmpty());
  EXPECT_FALSE(disk_.dead());
}

}  // namespace
}  // namespace lockrig::program
