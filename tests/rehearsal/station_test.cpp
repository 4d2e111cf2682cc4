// A rehearsed station as HardwareBench has it, from this process: its supply over the
// real libserialport, and cuts and dips that its chip times.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "rig/bench/hardware_bench.hpp"
#include "rig/core/error.hpp"
#include "rig/trial/run_trial.hpp"
#include "tests/rehearsal/program.hpp"

namespace lockrig::rehearsal {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;

constexpr Duration kLimit = 1min;

// A small image, and a lock that is quick in all it does.
constexpr const char* kBench = R"(
kind = "rehearsal"
image_kib = 8
[board.console]
baud = 921600
[board.portal]
heartbeat_s = 4
retry_first_s = 1
[board.keypad]
entry_timeout_s = 2
auto_lock_s = 3
lock_out_s = 5
[board.firmware]
trial_window_s = 20
[board.limits]
boot_max_s = 5
relock_max_s = 4.5
check_in_max_s = 8
update_max_s = 15
confirm_max_s = 30
lock_out_max_s = 8
[stations.S1]
board = "6000i-A"
serial = "T-S1"
user_code = "2580"
programming_code = "70418263"
gpio = { usb_serial = "T0001" }
console = { usb_serial = "T0001", interface = 1, baud = 921600 }
supply = { usb_serial = "PS0001", interface = 0, baud = 9600, max_mv = 6500, max_ma = 1500 }
)";

std::string free_address() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const it = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(fd, it, size), 0);
  EXPECT_EQ(::getsockname(fd, it, &size), 0);
  ::close(fd);
  return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

/// A folder for what the host remembers, and the file of the bench.
struct Folder {
  Folder() {
    fs::create_directories(path);
    std::ofstream(bench) << "boards = \"" LOCKRIG_ROOT "/fixtures/boards\"\n"
                         << kBench << "portal = \"" << free_address() << "\"\n";
    setenv("LOCKRIG_STATE", (path / "state").c_str(), 1);
    setenv("LOCKRIG_LOCKS", (path / "locks").c_str(), 1);
  }
  ~Folder() {
    for (const char* name : {"LOCKRIG_STATE", "LOCKRIG_LOCKS"}) unsetenv(name);
    fs::remove_all(path);
  }

  const fs::path path =
      fs::path(testing::TempDir()) / ("lockrig-station-" + std::to_string(::getpid()));
  const std::string bench = path / "bench.toml";
};

class StationTest : public testing::Test {
 protected:
  StationTest() { setenv("LOCKRIG_REHEARSAL", bus.control_path().c_str(), 1); }
  ~StationTest() override { unsetenv("LOCKRIG_REHEARSAL"); }

  Folder folder;
  BusProgram bus{{"--bench", folder.bench}};
  bench::HardwareBench hardware{bench::load_bench(folder.bench)};
};

class RunningStation : public StationTest {
 protected:
  RunningStation() {
    rig->world().trace().keep_events();
    run(rig->station().open());
    EXPECT_TRUE(run(trial::power_up(*rig)));
    EXPECT_TRUE(run(hand.signal(rig->facts().limits.signal_max)));
  }

  template <typename T>
  T run(Task<T> task) {
    return rig->world().run(std::move(task), kLimit, "the test");
  }
  void run(Task<void> task) { rig->world().run(std::move(task), kLimit, "the test"); }

  station::Supply& supply() { return *rig->supply(); }
  std::optional<lock::State> state() {
    auto reply = run(rig->client()->state());
    const auto* const found = std::get_if<lock::State>(&reply);
    return found == nullptr ? std::nullopt : std::optional(*found);
  }
  bool boots() {
    const Instant until = rig->world().now() + rig->facts().limits.boot_max;
    while (const auto line = run(rig->client()->next_text(until))) {
      if (lock::parse_banner(*line)) return true;
    }
    return false;
  }
  std::vector<std::string> notes() {
    const Trace& trace = rig->world().trace();
    std::vector<std::string> all;
    for (const Trace::Event& event : trace.events()) {
      if (trace.channels()[event.channel] == "S1/supply") all.push_back(event.data);
    }
    return all;
  }

  std::unique_ptr<trial::Rig> rig = hardware.set_up("S1", 7, {}, nullptr);
  trial::Hand hand{*rig};
};

TEST_F(RunningStation, gets_the_voltage_that_its_supply_was_told) {
  EXPECT_EQ(run(supply().measure()).mv, 6000) << "a full battery";
  run(supply().set_voltage(5200));
  const auto measured = run(supply().measure());
  EXPECT_EQ(measured.mv, 5200);
  EXPECT_EQ(measured.ma, 20) << "what the lock draws at rest";
  EXPECT_TRUE(state());
  run(supply().set_voltage(3400));
  EXPECT_FALSE(state()) << "it runs on below its brown-out";
}

TEST_F(RunningStation, trips_its_supply_by_a_bolt_that_draws_too_much) {
  run(supply().set_current_limit(200));
  EXPECT_FALSE(run(supply().tripped()));
  EXPECT_NE(run(hand.enter("2580", true)).result, trial::Entry::Result::opened);
  EXPECT_TRUE(run(supply().tripped()));
  EXPECT_THAT(notes(), Contains("tripped: over-current"));
  EXPECT_EQ(run(supply().measure()).mv, 0);
  EXPECT_FALSE(state());

  run(supply().clear_trip());
  run(supply().set_current_limit(1500));
  rig->client()->discard();
  run(supply().output(true));
  EXPECT_TRUE(boots());
  EXPECT_FALSE(run(supply().tripped()));
}

TEST_F(RunningStation, names_its_supply_when_the_cable_is_out_and_goes_on) {
  rig->person()->unplug("supply");
  try {
    run(supply().measure());
    ADD_FAILURE() << "somebody answered";
  } catch (const RigError& error) {
    EXPECT_EQ(error.station(), "S1");
    EXPECT_EQ(error.device(), "supply");
  }
  EXPECT_TRUE(state()) << "the output does not hang on the cable";
  rig->person()->replug("supply");
  EXPECT_EQ(run(supply().measure()).mv, 6000);
}

TEST_F(RunningStation, rides_through_a_short_dip_and_is_reset_by_a_long_one) {
  // The hold-up is 5 ms (fixtures/boards/6000i, rail).
  const auto before = state();
  ASSERT_TRUE(before);
  for (const Duration time : {Duration(2ms), Duration(50ms)}) {
    const auto dip = run(rig->station().power.dip(time));
    EXPECT_EQ(dip.asked, time);
    EXPECT_FALSE(dip.rail_fell) << "2 V are above power-on reset";
    if (time == 50ms) {
      EXPECT_TRUE(boots());
    }
    const auto after = state();
    ASSERT_TRUE(after);
    EXPECT_EQ(after->boots - before->boots, time == 50ms ? 1u : 0u);
  }
}

TEST_F(StationTest, its_chip_cuts_the_power_by_itself_as_the_flash_gets_busy) {
  trial::Cut cut;
  cut.trigger = trial::Cut::Trigger::pin;
  trial::TrialSpec spec;
  spec.station = "S1";
  spec.board = "6000i-A";
  spec.stimulus = trial::Stimulus::push;
  spec.image = "6000i-A/2.4.0";
  spec.cuts = {cut};
  spec.blind = {"refuses_defaults", "updates"};
  trial::Baselines baselines(hardware);
  const trial::TrialRecord record = trial::run_trial(spec, hardware, baselines);
  EXPECT_EQ(record.verdict, trial::Verdict::recovered) << record.note;
  ASSERT_EQ(record.cuts.size(), 1u) << record.note;
  EXPECT_TRUE(record.cuts[0].proven) << record.note;
  EXPECT_TRUE(record.cuts[0].by_chip);
  EXPECT_THAT(record.cuts[0].reset, HasSubstr("power_on"));
}

TEST(RehearsedSupply, is_refused_where_it_is_no_adapter_of_its_own) {
  const Folder folder;
  std::ifstream file(folder.bench);
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const std::string own = "interface = 0";
  text.replace(text.find(own), own.size(), "interface = 1");
  std::ofstream(folder.bench) << text;
  EXPECT_THROW(Program({"--bench", folder.bench}), std::runtime_error);
}

}  // namespace
}  // namespace lockrig::rehearsal
