#include "rig/program/tearing_disk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "rig/core/error.hpp"
#include "tests/program/disk_fixture.hpp"

namespace lockrig::program {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;

constexpr std::uint16_t kDisconnect = 2;
constexpr std::uint16_t kFlush = 3;
constexpr std::uint16_t kTrim = 4;
constexpr std::uint16_t kWriteZeroes = 6;

using Write = DiskWrite;

/// The image with the first `count` bytes of `data` written at an offset.
Bytes with(Bytes image, std::size_t offset, const Bytes& data, std::size_t count) {
  std::copy_n(data.begin(), count, image.begin() + static_cast<std::ptrdiff_t>(offset));
  return image;
}

Bytes with(const Bytes& image, std::size_t offset, const Bytes& data) {
  return with(image, offset, data, data.size());
}

class Disk : public DiskTest {
 protected:
  /// Keeps every write that the disk tells of, and every cut.
  void observe(TearingDisk& disk) {
    disk.on_write([this](const Write& write) { writes_.push_back(write); });
  }
  std::function<void(const Write&)> noted() {
    return [this](const Write& write) { cuts_.push_back(write); };
  }

  std::vector<Write> writes_;
  std::vector<Write> cuts_;
};

TEST_F(Disk, reads_what_is_in_its_file_and_writes_into_it) {
  TearingDisk disk(world_, setup());
  DiskClient client(world_, disk.socket());
  EXPECT_EQ(client.shake_hands(), kSize);
  EXPECT_EQ(client.read(0, kSize), before_);
  const Bytes data = pattern(5000, 2);
  client.write(1234, data);
  // Acknowledged is written: no flush was asked for.
  EXPECT_EQ(image(), with(before_, 1234, data));
  EXPECT_EQ(client.read(1234, 5000), data);
  client.send_request(kFlush, 9, 0, 0);
  EXPECT_EQ(client.reply(), (DiskClient::Reply{0, 9}));
}

TEST_F(Disk, numbers_and_tells_every_write) {
  TearingDisk disk(world_, setup());
  observe(disk);
  DiskClient client(world_, disk.socket());
  client.shake_hands();
  const Bytes data = pattern(512, 2);
  client.write(0, data);
  client.read(0, 512);
  client.write(512, data);
  client.send_request(kWriteZeroes, 7, 4096, 8192);
  EXPECT_TRUE(client.reply());
  client.send_request(kTrim, 8, 16384, 4096);
  EXPECT_TRUE(client.reply());
  ASSERT_EQ(writes_.size(), 4u);
  EXPECT_THAT(writes_, ElementsAre(Field(&Write::number, 1), Field(&Write::number, 2),
                                   Field(&Write::number, 3), Field(&Write::number, 4)));
  EXPECT_THAT(writes_, ElementsAre(Field(&Write::kind, Write::Kind::data),
                                   Field(&Write::kind, Write::Kind::data),
                                   Field(&Write::kind, Write::Kind::zeroes),
                                   Field(&Write::kind, Write::Kind::trim)));
  EXPECT_EQ(writes_[0].hash, writes_[1].hash);
  EXPECT_NE(writes_[0].hash, 0u);
  EXPECT_EQ(writes_[2].offset, 4096u);
  EXPECT_EQ(writes_[2].length, 8192u);
  EXPECT_EQ(writes_[2].kept, 8192u);
  EXPECT_FALSE(writes_[3].torn);
  EXPECT_GE(writes_[3].at, writes_[0].at);
  EXPECT_EQ(disk.count(), 4u);
  Bytes expected = with(with(before_, 0, data), 512, data);
  expected = with(with(expected, 4096, Bytes(8192)), 16384, Bytes(4096));
  EXPECT_EQ(image(), expected);
}

TEST_F(Disk, a_refused_write_is_no_write) {
  TearingDisk disk(world_, setup());
  DiskClient client(world_, disk.socket());
  client.shake_hands();
  client.send_write(1, kSize - 1, pattern(2, 2));
  EXPECT_EQ(client.reply(), (DiskClient::Reply{28, 1}));
  client.send_request(0, 2, kSize, 1);
  EXPECT_EQ(client.reply(), (DiskClient::Reply{22, 2}));
  EXPECT_EQ(disk.count(), 0u);
  EXPECT_EQ(image(), before_);
}

struct Tear {
  double fraction;
  std::uint32_t unit;
  std::uint32_t kept;  // of 3000 bytes
};

class DiskTorn : public Disk, public testing::WithParamInterface<Tear> {};
INSTANTIATE_TEST_SUITE_P(Fractions, DiskTorn,
                         testing::Values(Tear{0, 1, 0}, Tear{0.0001, 1, 0},
                                         Tear{0.25, 1, 750}, Tear{0.5, 1, 1500},
                                         Tear{1.0 / 3, 1, 1000}, Tear{0.9999, 1, 2999},
                                         Tear{1, 1, 3000}, Tear{0.1, 512, 0},
                                         Tear{0.5, 512, 1023}, Tear{0.9999, 512, 2559},
                                         Tear{1, 512, 3000}));

TEST_P(DiskTorn, the_asked_prefix_is_kept_and_nothing_after_it) {
  TearingDisk::Setup how = setup();
  how.unit = GetParam().unit;
  TearingDisk disk(world_, how);
  observe(disk);
  disk.cut_at(2, GetParam().fraction, noted());
  DiskClient client(world_, disk.socket());
  client.shake_hands();
  const Bytes first = pattern(700, 2);
  const Bytes torn = pattern(3000, 3);
  client.write(100, first);
  EXPECT_FALSE(disk.dead());
  client.send_write(2, 4097, torn);
  client.send_write(3, 20000, torn);
  client.send_request(0, 4, 0, 512);
  EXPECT_TRUE(dies(disk));
  EXPECT_TRUE(client.hears_silence());
  EXPECT_EQ(image(), with(with(before_, 100, first), 4097, torn, GetParam().kept));
  ASSERT_EQ(cuts_.size(), 1u);
  EXPECT_EQ(cuts_[0].number, 2u);
  EXPECT_EQ(cuts_[0].kept, GetParam().kept);
  EXPECT_EQ(cuts_[0].length, 3000u);
  EXPECT_TRUE(cuts_[0].torn);
  EXPECT_EQ(writes_.back(), cuts_[0]);
  EXPECT_EQ(writes_.size(), 2u);
  EXPECT_NO_THROW(disk.check());
}

TEST_F(Disk, zeroes_are_torn_too) {
  for (const std::uint16_t command : {kWriteZeroes, kTrim}) {
    TearingDisk disk(world_, setup());
    disk.cut_at(1, 0.75, noted());
    DiskClient client(world_, disk.socket());
    client.shake_hands();
    const Bytes was = image();
    client.send_request(command, 1, command * 8192u, 1000);
    EXPECT_TRUE(dies(disk));
    EXPECT_TRUE(client.hears_silence());
    EXPECT_EQ(image(), with(was, command * 8192u, Bytes(750)));
  }
  EXPECT_EQ(cuts_.size(), 2u);
}

TEST_F(Disk, a_cut_is_silence_for_everybody) {
  TearingDisk disk(world_, setup());
  DiskClient one(world_, disk.socket());
  DiskClient other(world_, disk.socket());
  one.shake_hands();
  other.shake_hands();
  disk.cut_at(1, 0.5, noted());
  one.send_write(1, 0, pattern(512, 2));
  EXPECT_TRUE(dies(disk));
  EXPECT_TRUE(one.hears_silence());
  const Bytes torn = image();
  other.send_request(0, 2, 0, 512);
  other.send_write(3, 8192, pattern(512, 3));
  DiskClient late(world_, disk.socket());
  EXPECT_TRUE(other.hears_silence());
  EXPECT_TRUE(late.hears_silence());
  EXPECT_EQ(image(), torn);
}

TEST_F(Disk, power_comes_back_to_a_new_program_only) {
  TearingDisk disk(world_, setup());
  disk.cut_at(1, 0.5, noted());
  DiskClient old(world_, disk.socket());
  old.shake_hands();
  const Bytes data = pattern(512, 2);
  old.send_write(1, 0, data);
  EXPECT_TRUE(dies(disk));
  // Both had their write under way before power returned.
  old.send_write(2, 8192, data);
  DiskClient late(world_, disk.socket());
  late.send_write(3, 8192, data);
  disk.power_on();
  EXPECT_FALSE(disk.dead());
  EXPECT_TRUE(old.hears_the_end());
  EXPECT_TRUE(late.hears_the_end());
  DiskClient fresh(world_, disk.socket());
  EXPECT_EQ(fresh.shake_hands(), kSize);
  EXPECT_EQ(fresh.read(0, kSize), with(before_, 0, data, 256));
  fresh.write(4096, data);
  EXPECT_EQ(disk.count(), 2u);
  EXPECT_EQ(cuts_.size(), 1u);
}

TEST_F(Disk, power_may_come_back_at_once) {
  TearingDisk disk(world_, setup());
  disk.cut_at(1, 0.5, [&](const Write&) { disk.power_on(); });
  DiskClient client(world_, disk.socket());
  client.shake_hands();
  const Bytes data = pattern(512, 2);
  client.send_write(1, 0, data);
  client.send_write(2, 512, data);
  // The torn write is not acknowledged, whatever became of the power.
  EXPECT_TRUE(client.hears_the_end());
  DiskClient fresh(world_, disk.socket());
  EXPECT_EQ(fresh.shake_hands(), kSize);
  EXPECT_EQ(image(), with(before_, 0, data, 256));
  EXPECT_EQ(disk.count(), 1u);
}

TEST_F(Disk, cuts_in_a_row_count_on_or_from_anew) {
  TearingDisk disk(world_, setup());
  const Bytes data = pattern(512, 2);
  const auto write_ten = [&] {
    DiskClient client(world_, disk.socket());
    client.shake_hands();
    for (int n = 0; n < 10; ++n) client.send_write(1, 0, data);
    EXPECT_TRUE(dies(disk));
  };
  disk.cut_at(3, 0, noted());
  write_ten();
  EXPECT_EQ(disk.count(), 3u);
  disk.cut_at(5, 0, noted());
  disk.power_on();
  write_ten();
  EXPECT_EQ(disk.count(), 5u);
  EXPECT_THROW(disk.cut_at(5, 0, noted()), std::invalid_argument);
  disk.reset_count();
  disk.cut_at(4, 0, noted());
  disk.power_on();
  write_ten();
  EXPECT_EQ(disk.count(), 4u);
  EXPECT_THAT(cuts_, ElementsAre(Field(&Write::number, 3), Field(&Write::number, 5),
                                 Field(&Write::number, 4)));
}

TEST_F(Disk, a_cut_that_was_cancelled_does_not_come) {
  TearingDisk disk(world_, setup());
  disk.cut_at(1, 0, noted());
  disk.cancel_cut();
  DiskClient client(world_, disk.socket());
  client.shake_hands();
  client.write(0, pattern(512, 2));
  EXPECT_TRUE(cuts_.empty());
}

TEST_F(Disk, the_same_writes_are_told_the_same_way_again) {
  std::vector<std::vector<Write>> runs;
  for (int run = 0; run < 2; ++run) {
    TearingDisk disk(world_, setup());
    observe(disk);
    DiskClient client(world_, disk.socket());
    client.shake_hands();
    for (std::uint64_t i = 0; i < 20; ++i) client.write(i * 777, pattern(500 + i, i));
    for (Write& write : writes_) write.at = {};
    runs.push_back(std::move(writes_));
    writes_.clear();
  }
  EXPECT_EQ(runs[0], runs[1]);
  EXPECT_EQ(runs[0].size(), 20u);
}

TEST_F(Disk, a_disconnect_closes_the_connection_and_makes_room) {
  TearingDisk disk(world_, setup());
  for (std::size_t n = 0; n < 2 * TearingDisk::kMaxClients; ++n) {
    DiskClient client(world_, disk.socket());
    EXPECT_EQ(client.shake_hands(), kSize);
    client.send_request(kDisconnect, 1, 0, 0);
    EXPECT_TRUE(client.hears_the_end());
  }
}

TEST_F(Disk, too_many_clients_are_turned_away) {
  TearingDisk disk(world_, setup());
  std::vector<std::unique_ptr<DiskClient>> clients;
  for (std::size_t n = 0; n < TearingDisk::kMaxClients; ++n) {
    clients.push_back(std::make_unique<DiskClient>(world_, disk.socket()));
    EXPECT_EQ(clients.back()->shake_hands(), kSize);
  }
  DiskClient one_more(world_, disk.socket());
  EXPECT_TRUE(one_more.hears_the_end());
  clients.pop_back();
  EXPECT_TRUE(wait_until(
      [&] { return DiskClient(world_, disk.socket()).shake_hands() == kSize; }));
}

TEST_F(Disk, nonsense_ends_one_client_and_no_other) {
  TearingDisk disk(world_, setup());
  DiskClient good(world_, disk.socket());
  DiskClient bad(world_, disk.socket());
  good.shake_hands();
  bad.shake_hands();
  bad.send(pattern(1000, 4));
  EXPECT_TRUE(bad.hears_the_end());
  EXPECT_EQ(good.read(0, 512).size(), 512u);
  EXPECT_EQ(disk.count(), 0u);
}

// A program may be killed after any byte that it sent: only whole writes count.
TEST_F(Disk, a_client_that_goes_within_a_write_wrote_nothing) {
  TearingDisk disk(world_, setup());
  for (const std::size_t sent : {0u, 1u, 27u, 28u, 29u, 539u}) {
    DiskClient client(world_, disk.socket());
    client.shake_hands();
    Bytes request = {0x25, 0x60, 0x95, 0x13, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0,
                     0,    1,    0,    0,    0, 0, 0, 0, 0, 0, 0, 0, 2, 0};
    request.resize(28 + 512);
    client.send(ByteView(request).first(sent));
  }
  DiskClient client(world_, disk.socket());
  EXPECT_EQ(client.shake_hands(), kSize);
  EXPECT_EQ(client.read(0, kSize), before_);
  EXPECT_EQ(disk.count(), 0u);
}

TEST_F(Disk, a_file_that_fails_is_the_rigs_fault) {
  TearingDisk disk(world_, setup());
  DiskClient client(world_, disk.socket());
  client.shake_hands();
  EXPECT_NO_THROW(disk.check());
  std::filesystem::resize_file(folder_ / "image", 512);
  client.send_request(0, 1, 0, 1024);
  EXPECT_TRUE(dies(disk));
  EXPECT_TRUE(client.hears_silence());
  EXPECT_THROW(disk.check(), RigError);
  disk.power_on();
  EXPECT_TRUE(disk.dead());
}

TEST_F(Disk, a_cut_and_a_bad_client_are_in_the_trace) {
  world_.trace().keep_events();
  TearingDisk disk(world_, setup());
  disk.cut_at(1, 0.5, noted());
  DiskClient bad(world_, disk.socket());
  bad.shake_hands();
  bad.send(Bytes(28));
  EXPECT_TRUE(bad.hears_the_end());
  DiskClient client(world_, disk.socket());
  client.shake_hands();
  client.send_write(1, 4096, pattern(512, 2));
  EXPECT_TRUE(dies(disk));
  const auto& events = world_.trace().events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_THAT(events[0].data, HasSubstr("magic"));
  EXPECT_EQ(events[1].data, "write 1 torn: 256 of 512 bytes at 4096");
}

TEST_F(Disk, says_what_is_wrong_with_its_setup) {
  TearingDisk::Setup none = setup();
  none.file = folder_ / "none";
  EXPECT_THROW(TearingDisk(world_, none), RigError);
  TearingDisk::Setup a_folder = setup();
  a_folder.file = folder_;
  EXPECT_THROW(TearingDisk(world_, a_folder), RigError);
  TearingDisk::Setup no_unit = setup();
  no_unit.unit = 0;
  EXPECT_THROW(TearingDisk(world_, no_unit), std::invalid_argument);
  World simulated(1);
  EXPECT_THROW(TearingDisk(simulated, setup()), std::invalid_argument);
  TearingDisk disk(world_, setup());
  for (const double fraction : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW(disk.cut_at(1, fraction, noted()), std::invalid_argument);
  }
  EXPECT_THROW(disk.cut_at(0, 0.5, noted()), std::invalid_argument);
}

}  // namespace
}  // namespace lockrig::program
