#include "rig/bench/service_key.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "rig/bench/file_bench.hpp"
#include "rig/bench/profile_file.hpp"
#include "rig/bench/virtual_bench.hpp"
#include "rig/protocol/service_key.hpp"

namespace lockrig::bench {
namespace {

using testing::Contains;
using testing::HasSubstr;

const std::filesystem::path kBenches = LOCKRIG_ROOT "/fixtures/benches";

/// The environment as it was without any key, during a test.
class ServiceKey : public testing::Test {
 protected:
  ServiceKey() { forget(); }
  ~ServiceKey() override { forget(); }

  static void forget() {
    for (const char* name :
         {"LOCKRIG_SERVICE_KEY", "LOCKRIG_SERVICE_KEY_A1", "LOCKRIG_SERVICE_KEY_A_1"}) {
      unsetenv(name);
    }
  }
  static void set(const char* name, const std::string& value) {
    setenv(name, value.c_str(), 1);
  }
  static std::string text(int digit) { return std::string(32, char('0' + digit)); }
  static Bytes bytes(int digit) {
    return Bytes(16, static_cast<std::uint8_t>(digit * 17));
  }

  std::optional<lock::Credential> asked(Kind kind = Kind::hardware) const {
    return service_credential(entry, board, kind);
  }
  std::string refusal(Kind kind = Kind::hardware) const {
    try {
      service_credential(entry, board, kind);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "accepted";
  }

  StationEntry entry = load_bench(kBenches / "virtual.toml").stations.at(0);
  BoardFile board = load_bench(kBenches / "virtual.toml").boards.at("6000i-A");
};

TEST_F(ServiceKey, of_a_station_comes_before_that_of_all) {
  set("LOCKRIG_SERVICE_KEY", text(1));
  EXPECT_EQ(asked()->key, bytes(1));
  EXPECT_EQ(asked()->serial, entry.serial);
  set("LOCKRIG_SERVICE_KEY_A1", text(2));
  EXPECT_EQ(asked()->key, bytes(2));
  entry.name = "A-1";
  EXPECT_EQ(asked()->key, bytes(1));
  set("LOCKRIG_SERVICE_KEY_A_1", std::string(30, 'f') + "Fa");
  EXPECT_EQ(asked()->key.back(), 0xfa);
}

TEST_F(ServiceKey, is_demanded_of_whoever_has_a_real_lock) {
  for (const Kind kind : {Kind::hardware, Kind::programs}) {
    EXPECT_EQ(
        refusal(kind),
        "station A1: a 6000i-A demands a service key: set $LOCKRIG_SERVICE_KEY_A1 "
        "or $LOCKRIG_SERVICE_KEY");
  }
  board.demands_service_key = false;
  EXPECT_FALSE(asked());
}

TEST_F(ServiceKey, of_a_text_console_is_none) {
  entry.profile = std::make_shared<const lock::TextProfile>(
      load_profile(LOCKRIG_ROOT "/fixtures/profiles/sample.toml"));
  EXPECT_FALSE(asked());
}

TEST_F(ServiceKey, of_a_twin_is_the_environments_or_comes_from_its_serial) {
  for (const Kind kind : {Kind::virtual_twins, Kind::rehearsal}) {
    EXPECT_EQ(asked(kind)->key, smp::twin_service_key(entry.serial));
    EXPECT_EQ(twin_service_key(entry, board, kind), asked(kind)->key);
  }
  set("LOCKRIG_SERVICE_KEY", text(3));
  EXPECT_EQ(twin_service_key(entry, board, Kind::rehearsal), bytes(3));
  board.demands_service_key = false;
  EXPECT_EQ(twin_service_key(entry, board, Kind::rehearsal), Bytes());
}

TEST_F(ServiceKey, that_is_none_is_refused_by_the_name_of_its_variable) {
  for (const std::string& value :
       {std::string(), std::string("secret"), std::string(30, 'a'),
        std::string(33, 'a'), std::string(130, 'a'), std::string(31, 'a') + "g"}) {
    set("LOCKRIG_SERVICE_KEY_A1", value);
    for (const Kind kind : {Kind::hardware, Kind::virtual_twins}) {
      EXPECT_EQ(refusal(kind),
                "$LOCKRIG_SERVICE_KEY_A1 is no service key: 16 to 64 bytes in hex");
    }
  }
}

TEST_F(ServiceKey, opens_the_virtual_locks_port) {
  VirtualBench bench(kBenches / "virtual.toml");
  EXPECT_THAT(bench.capabilities("A1"), Contains("service_key"));
  for (const bool own : {false, true}) {
    if (own) set("LOCKRIG_SERVICE_KEY", text(4));
    const auto rig = bench.set_up("A1", 1, {}, nullptr);
    const auto image = bench.images().get("6000i-A/2.4.0");
    const auto task = [&]() -> Task<lock::Push> {
      co_await rig->station().open();
      co_await rig->station().power.on();
      co_await rig->world().sleep_for(2s, "the start");
      rig->client()->show(lock::Shows::wrong);
      const lock::Push refused = co_await rig->client()->push(*image, {});
      EXPECT_EQ(refused.refusal, "LOCKED");
      rig->client()->show(lock::Shows::own);
      co_return co_await rig->client()->push(*image, {});
    };
    EXPECT_TRUE(rig->world().run(task(), 1h, "push").accepted);
  }
}

// The station is not touched: none of its devices is there.
TEST_F(ServiceKey, is_asked_for_when_a_real_station_is_set_up) {
  const auto bench = open_bench(kBenches / "hardware.toml");
  const std::string name = bench->file().stations.front().name;
  try {
    bench->set_up(name, 1, {}, nullptr);
    FAIL() << "set up without its key";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("demands a service key"));
  }
}

}  // namespace
}  // namespace lockrig::bench
