// A client with a service key, against a lock that demands one.
#include "rig/lock/push.hpp"
#include "tests/lock/fake_lock.hpp"

namespace lockrig::lock {
namespace {

using Kind = Failure::Kind;

/// The fake lock behind a door of its own: no write before the right answer.
struct Shut : Pair {
  Shut() {
    lock.before_answer = [this](const smp::Header& header, const json& body) {
      return answer(header, body);
    };
  }

  std::optional<json> answer(const smp::Header& header, const json& body) {
    if (header.group == smp::kGroupLock && header.id == smp::kLockChallenge) {
      ++challenges;
      nonce.fill(static_cast<std::uint8_t>(challenges));
      return json{{"nonce", json::binary(Bytes(nonce.begin(), nonce.end()))}};
    }
    if (header.group == smp::kGroupLock && header.id == smp::kLockUnlock) {
      const auto mac = smp::service_mac(key, "S1", nonce);
      open = body["mac"] == json::binary(Bytes(mac.begin(), mac.end()));
      return open ? json::object() : smp::error_v2(smp::kGroupLock, 8);
    }
    if (header.op == smp::Op::write && !open) return smp::error_v2(smp::kGroupLock, 8);
    return std::nullopt;
  }

  const Bytes key = Bytes(16, 7);
  Client knows{world, console, "A1", Credential{key, "S1"}};
  smp::Nonce nonce{};
  int challenges = 0;
  bool open = false;
};

Push pushed(Shut& p, Client& client) {
  const Bytes image = pattern(3000);
  return p.run(client.push(image, nullptr));
}

TEST(Unlock, a_push_unlocks_once_and_is_taken) {
  Shut p;
  EXPECT_TRUE(pushed(p, p.knows).accepted);
  EXPECT_EQ(p.challenges, 1);
  EXPECT_TRUE(p.lock.was_reset);
}

TEST(Unlock, without_a_credential_the_refusal_is_reported) {
  Shut p;
  const Push push = pushed(p, p.client);
  EXPECT_FALSE(push.accepted);
  EXPECT_EQ(push.refusal, "LOCKED");
  EXPECT_EQ(p.challenges, 0);
}

TEST(Unlock, every_write_is_preceded_by_it_in_each_boot_that_is_seen) {
  Shut p;
  value_of(p.run(p.knows.test({})));
  value_of(p.run(p.knows.test({})));
  EXPECT_EQ(p.challenges, 1);
  value_of(p.run(p.knows.reset()));
  EXPECT_EQ(p.challenges, 1);
  p.open = false;
  value_of(p.run(p.knows.reset()));
  EXPECT_EQ(p.challenges, 2);
  value_of(p.run(p.knows.test({})));
  EXPECT_EQ(p.challenges, 3);
  p.open = false;
  p.run(p.lock.say("6000i-A 2.4.0 boot 6 cause command\r\n"));
  value_of(p.run(p.knows.test({})));
  EXPECT_EQ(p.challenges, 4);
  value_of(p.run(p.knows.state()));
  value_of(p.run(p.knows.images()));
  EXPECT_EQ(p.challenges, 4);
}

TEST(Unlock, a_boot_that_nobody_saw_costs_one_refused_push) {
  Shut p;
  value_of(p.run(p.knows.test({})));
  p.open = false;
  EXPECT_EQ(pushed(p, p.knows).refusal, "LOCKED");
  EXPECT_TRUE(pushed(p, p.knows).accepted);
}

TEST(Unlock, shows_what_it_is_told_to_show) {
  Shut p;
  p.knows.show(Shows::none);
  EXPECT_EQ(pushed(p, p.knows).refusal, "LOCKED");
  EXPECT_EQ(p.challenges, 0);
  p.knows.show(Shows::wrong);
  EXPECT_EQ(pushed(p, p.knows).refusal, "LOCKED");
  EXPECT_EQ(p.challenges, 1);
  EXPECT_EQ(p.lock.uploads, 0);
  p.knows.show(Shows::own);
  EXPECT_TRUE(pushed(p, p.knows).accepted);
}

TEST(Unlock, a_lock_that_does_not_know_the_question_demands_none) {
  Pair p;  // answers "not supported"
  Client client(p.world, p.console, "A1", Credential{Bytes(16, 7), "S1"});
  const Bytes image = pattern(3000);
  EXPECT_TRUE(p.run(client.push(image, nullptr)).accepted);
}

TEST(Unlock, a_boot_loader_is_not_asked) {
  Shut p;
  p.open = true;
  const Bytes image = pattern(3000);
  EXPECT_TRUE(p.run(p.knows.recover(image, nullptr)).accepted);
  EXPECT_EQ(p.challenges, 0);
}

Kind expected_kind(Fault fault) {
  switch (fault) {
    case Fault::bad_cbor:
    case Fault::wrong_types:
    case Fault::wrong_command:
      return Kind::malformed;
    case Fault::error_v1:
    case Fault::error_v2:
      return Kind::refused;
    case Fault::closed:
      return Kind::closed;
    default:
      return Kind::timed_out;
  }
}

TEST(Unlock, an_exchange_that_fails_at_any_step_says_how_and_can_be_made_again) {
  for (const int step : {0, 1}) {
    for (const Fault fault :
         {Fault::silence, Fault::garbage, Fault::wrong_sequence, Fault::truncated,
          Fault::bad_crc, Fault::bad_cbor, Fault::wrong_types, Fault::wrong_command,
          Fault::error_v1, Fault::error_v2, Fault::closed}) {
      // An answer to unlock tells nothing that could be of a wrong type.
      if (step == 1 && fault == Fault::wrong_types) continue;
      SCOPED_TRACE(std::to_string(step) + ", fault " +
                   std::to_string(static_cast<int>(fault)));
      Shut p;
      p.lock.fault = [&](int n, const smp::Header&) {
        return n >= step ? std::optional(fault) : std::nullopt;
      };
      const auto reply = p.run(p.knows.unlock());
      const auto* failure = std::get_if<Failure>(&reply);
      ASSERT_NE(failure, nullptr);
      EXPECT_EQ(failure->kind, expected_kind(fault)) << failure->what;
      EXPECT_EQ(p.lock.uploads, 0);

      p.lock.fault = nullptr;
      p.console.set_live(true);
      p.run(p.lock.say("\r\n"));
      EXPECT_TRUE(pushed(p, p.knows).accepted);
    }
  }
}

TEST(Unlock, a_nonce_of_another_size_is_malformed) {
  Shut p;
  p.lock.before_answer = [](const smp::Header&, const json&) {
    return json{{"nonce", json::binary(Bytes(8, 1))}};
  };
  const auto reply = p.run(p.knows.unlock());
  ASSERT_TRUE(std::holds_alternative<Failure>(reply));
  EXPECT_EQ(std::get<Failure>(reply).kind, Kind::malformed);
}

}  // namespace
}  // namespace lockrig::lock
