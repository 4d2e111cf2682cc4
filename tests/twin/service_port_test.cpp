// A service port that demands a key: what it refuses until it is unlocked.
#include "rig/twin/service_port.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "rig/protocol/smp_message.hpp"
#include "rig/protocol/smp_upload.hpp"
#include "tests/twin/test_lock.hpp"

namespace lockrig::twin {
namespace {

using nlohmann::json;
using smp::Op;

const smp::Error kLocked{smp::kGroupLock, static_cast<int>(Refusal::locked)};

struct Command {
  const char* name;
  Op op;
  std::uint16_t group;
  std::uint8_t id;
  json body;
};

const std::vector<Command> kWrites = {
    {"mark", Op::write, smp::kGroupImage, smp::kImageState, {{"confirm", false}}},
    {"reset", Op::write, smp::kGroupOs, smp::kOsReset, json::object()},
    {"erase", Op::write, smp::kGroupImage, smp::kImageErase, json::object()},
    {"settings", Op::write, smp::kGroupSettings, 0, json::object()},
    {"state of the lock", Op::write, smp::kGroupLock, smp::kLockState, json::object()},
};
const std::vector<Command> kReads = {
    {"state", Op::read, smp::kGroupLock, smp::kLockState, json::object()},
    {"log", Op::read, smp::kGroupLock, smp::kLockLog, {{"after", 0}}},
    {"images", Op::read, smp::kGroupImage, smp::kImageState, json::object()},
    {"params", Op::read, smp::kGroupOs, smp::kOsParams, json::object()},
    {"echo", Op::write, smp::kGroupOs, smp::kOsEcho, {{"d", "there"}}},
};

class ServicePortTest : public testing::Test {
 protected:
  struct Bench {
    Bench(const ServicePortTest& test, const Unit& own,
          const std::vector<std::string>& defects)
        : model(test.model),
          unit(own),
          durable(*factory_fresh(test.model, unit, test.image)),
          board(world, test.model, unit, Defects(defects), network, durable) {
      start();
    }

    void start() {
      board.set_supply(Supply::connected);
      board.set_console_isolated(false);
      pass(1s);
    }
    void power_cycle() {
      board.set_console_isolated(true);
      board.set_supply(Supply::discharged);
      pass(1s);
      start();
    }
    void pass(Duration time) { world.run(world.sleep_for(time, "test"), 1h, "test"); }

    json ask(const Command& command) {
      return exchange(smp::encode(
          {{command.op, smp::kSmpV2, 0, 0, command.group, sequence++, command.id},
           command.body}));
    }
    json upload() {
      const Bytes update = test_image(model, 4);
      smp::UploadRequest request;
      request.data = ByteView(update).first(100);
      request.len = static_cast<std::uint32_t>(update.size());
      return exchange(smp::encode_upload(sequence++, request));
    }
    json exchange(const Bytes& message) {
      std::optional<smp::Message> answer;
      const auto task = [&]() -> Task<void> {
        const Bytes frame = smp::encode_frame(message);
        co_await board.console().write(frame);
        smp::LineDecoder decoder(4096);
        std::array<std::uint8_t, 512> buffer;
        while (!answer) {
          const ReadResult read =
              co_await board.console().read_some(buffer, world.now() + 20s);
          if (read.status != StreamStatus::ok) co_return;
          decoder.feed(ByteView(buffer).first(read.count));
          if (const auto got = decoder.next_message()) answer = smp::decode(*got);
        }
      };
      world.run(task(), 1h, "exchange");
      EXPECT_TRUE(answer);
      return answer ? answer->body : json::object();
    }

    smp::Nonce challenge() {
      const json answer =
          ask({"", Op::read, smp::kGroupLock, smp::kLockChallenge, json::object()});
      const Bytes bytes = answer.at("nonce").get_binary();
      smp::Nonce nonce;
      EXPECT_EQ(bytes.size(), nonce.size());
      std::copy_n(bytes.begin(), nonce.size(), nonce.begin());
      return nonce;
    }
    json answer_with(const image::Digest& mac) {
      return ask({"",
                  Op::write,
                  smp::kGroupLock,
                  smp::kLockUnlock,
                  {{"mac", json::binary(Bytes(mac.begin(), mac.end()))}}});
    }
    image::Digest right(const smp::Nonce& nonce) {
      return smp::service_mac(unit.service_key, unit.serial, nonce);
    }
    std::optional<smp::Error> unlock() {
      const auto mac = right(challenge());
      return smp::error_of(answer_with(mac));
    }
    std::optional<smp::Error> answer_wrong() {
      auto mac = right(challenge());
      mac[5] ^= 1;
      return smp::error_of(answer_with(mac));
    }
    bool is_open() { return smp::error_of(ask(kWrites[0])) != kLocked; }

    World world{7};
    SimNetwork network{world};
    const LockModel& model;
    Unit unit;
    LockDurable durable;
    LockBoard board;
    std::uint8_t sequence = 0;
  };

  const LockModel model = test_model(Strategy::swap_move);
  const Bytes image = test_image(model, 3);
  const Unit unit{"VL-1", "2580", "70418263", Bytes(32, 7)};
};

TEST_F(ServicePortTest, refuses_every_write_until_it_is_unlocked) {
  for (const Command& write : kWrites) {
    SCOPED_TRACE(write.name);
    Bench b(*this, unit, {});
    EXPECT_EQ(smp::error_of(b.ask(write)), kLocked);
    EXPECT_EQ(b.unlock(), std::nullopt);
    EXPECT_NE(smp::error_of(b.ask(write)), kLocked);
  }
  Bench b(*this, unit, {});
  const std::uint64_t before = b.board.flash_probe()->slot_count();
  EXPECT_EQ(smp::error_of(b.upload()), kLocked);
  EXPECT_EQ(b.board.flash_probe()->slot_count(), before);
  EXPECT_EQ(b.unlock(), std::nullopt);
  EXPECT_EQ(b.upload().at("off"), 100);
}

TEST_F(ServicePortTest, tells_what_it_tells_without_a_key) {
  Bench b(*this, unit, {});
  for (const Command& read : kReads) {
    EXPECT_EQ(smp::error_of(b.ask(read)), std::nullopt) << read.name;
  }
}

TEST_F(ServicePortTest, a_nonce_serves_once) {
  Bench b(*this, unit, {});
  const smp::Nonce first = b.challenge();
  const smp::Nonce second = b.challenge();
  EXPECT_NE(first, second);
  EXPECT_EQ(smp::error_of(b.answer_with(b.right(first))), kLocked);
  // The wrong answer has used up the second.
  EXPECT_EQ(smp::error_of(b.answer_with(b.right(second))), kLocked);
  EXPECT_FALSE(b.is_open());
  const smp::Nonce third = b.challenge();
  EXPECT_EQ(smp::error_of(b.answer_with(b.right(third))), std::nullopt);
  EXPECT_EQ(smp::error_of(b.answer_with(b.right(third))), kLocked);
  EXPECT_TRUE(b.is_open());
}

TEST_F(ServicePortTest, a_start_shuts_it_and_no_answer_of_another_boot_serves) {
  Bench b(*this, unit, {});
  const smp::Nonce nonce = b.challenge();
  EXPECT_EQ(smp::error_of(b.answer_with(b.right(nonce))), std::nullopt);
  ASSERT_TRUE(b.is_open());
  EXPECT_EQ(smp::error_of(b.ask(kWrites[1])), std::nullopt);  // reset
  b.pass(1s);
  EXPECT_FALSE(b.is_open());
  EXPECT_NE(b.challenge(), nonce);
  EXPECT_EQ(smp::error_of(b.answer_with(b.right(nonce))), kLocked);
  EXPECT_EQ(b.unlock(), std::nullopt);
  b.power_cycle();
  EXPECT_FALSE(b.is_open());
}

TEST_F(ServicePortTest, three_wrong_answers_in_a_row_make_it_deaf_for_ten_seconds) {
  Bench b(*this, unit, {});
  EXPECT_EQ(b.answer_wrong(), kLocked);
  EXPECT_EQ(b.answer_wrong(), kLocked);
  EXPECT_EQ(b.unlock(), std::nullopt);  // in a row
  for (int i = 0; i < 3; ++i) EXPECT_EQ(b.answer_wrong(), kLocked);
  const smp::Error busy{smp::kNoGroup, smp::kRcBusy};
  EXPECT_EQ(b.unlock(), busy);
  b.pass(ServiceLock::kBackOff - 1s);
  EXPECT_EQ(b.unlock(), busy);
  b.pass(1s);
  EXPECT_EQ(b.unlock(), std::nullopt);
}

TEST_F(ServicePortTest, an_answer_that_is_none_is_invalid) {
  Bench b(*this, unit, {});
  b.challenge();
  for (const json& body : {json::object(), json{{"mac", "text"}}, json{{"mac", 1}}}) {
    const auto error =
        smp::error_of(b.ask({"", Op::write, smp::kGroupLock, smp::kLockUnlock, body}));
    EXPECT_EQ(error, (smp::Error{smp::kNoGroup, smp::kRcInvalid}));
  }
  EXPECT_FALSE(b.is_open());
}

TEST_F(ServicePortTest, another_unit_of_the_same_boot_asks_otherwise) {
  Bench b(*this, unit, {});
  Bench same(*this, unit, {});
  EXPECT_EQ(b.challenge(), same.challenge());
  Bench other(*this, {"VL-2", "2580", "70418263", unit.service_key}, {});
  EXPECT_NE(b.challenge(), other.challenge());
}

TEST_F(ServicePortTest, a_unit_without_a_key_demands_none) {
  Bench b(*this, {"VL-1", "2580", "70418263"}, {});
  EXPECT_TRUE(b.is_open());
  const auto error = smp::error_of(
      b.ask({"", Op::read, smp::kGroupLock, smp::kLockChallenge, json::object()}));
  EXPECT_EQ(error, (smp::Error{smp::kNoGroup, smp::kRcNotSupported}));
}

TEST_F(ServicePortTest, an_open_one_takes_writes_from_anybody) {
  Bench b(*this, unit, {std::string(kOpenServicePort)});
  EXPECT_TRUE(b.is_open());
  EXPECT_EQ(b.upload().at("off"), 100);
}

}  // namespace
}  // namespace lockrig::twin
