// A station's USB cable comes out at every single exchange of a whole trial: it always
// ends in an inconclusive record that names station and device, and never in a verdict
// about the lock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "rig/bench/virtual_bench.hpp"
#include "rig/core/error.hpp"
#include "rig/trial/run_trial.hpp"

namespace lockrig::bench {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;
using trial::TrialRecord;
using trial::TrialSpec;
using trial::Verdict;

// The shortest trial there is: a small image, and a lock that is quick in all it does.
constexpr const char* kBench = R"(
kind = "virtual"
boards = "%"
image_kib = 8
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
check_in_max_s = 60
update_max_s = 15
confirm_max_s = 30
lock_out_max_s = 8
[stations.A1]
board = "6000i-A"
serial = "VL6A-0001"
user_code = "2580"
programming_code = "70418263"
[stations.B1]
board = "7000i-A"
serial = "VL7A-0001"
user_code = "60372"
programming_code = "81650297"
)";

class UnplugTest : public testing::Test {
 protected:
  UnplugTest() {
    std::string text = kBench;
    text.replace(text.find('%'), 1, LOCKRIG_ROOT "/fixtures/boards");
    std::ofstream(path) << text;
  }
  ~UnplugTest() override { std::filesystem::remove(path); }

  static TrialSpec update(const std::string& station = "A1",
                          const std::string& board = "6000i-A") {
    TrialSpec spec;
    spec.station = station;
    spec.board = board;
    spec.stimulus = trial::Stimulus::push;
    spec.image = board + "/2.4.0";
    trial::Cut cut;
    cut.trigger = trial::Cut::Trigger::bytes;
    cut.at = 4096;
    spec.cuts = {cut};
    spec.seed = 7;
    return spec;
  }

  static void expect_it_names_the_device(const TrialRecord& record,
                                         std::uint64_t exchange) {
    ASSERT_EQ(record.verdict, Verdict::inconclusive)
        << "exchange " << exchange << ": " << to_string(record.verdict) << " ("
        << record.note << ")";
    const std::string station = "station " + record.spec.station;
    EXPECT_THAT(record.note, AnyOf(StartsWith(station + ", gpio: "),
                                   StartsWith(station + ", console: ")))
        << "exchange " << exchange;
  }

  void pull_at_every_exchange_of(const TrialSpec& spec,
                                 Verdict else_it_is = Verdict::recovered) const {
    VirtualBench whole(path);
    trial::Baselines of_whole(whole);
    const TrialRecord undisturbed = trial::run_trial(spec, whole, of_whole);
    ASSERT_EQ(undisturbed.verdict, else_it_is) << undisturbed.note;
    ASSERT_EQ(undisturbed.cuts.size(), 1u);
    EXPECT_TRUE(undisturbed.cuts[0].proven);
    const std::uint64_t exchanges = whole.exchanges();
    ASSERT_GT(exchanges, 1000u);

    std::atomic<std::uint64_t> next = 1;
    std::mutex one_at_a_time;
    const auto work = [&] {
      VirtualBench bench(path);
      trial::Baselines baselines(bench);
      baselines.get(spec.station, spec.defects);
      for (std::uint64_t n; (n = next++) <= exchanges;) {
        bench.pull_usb_at(n);
        const TrialRecord record = trial::run_trial(spec, bench, baselines);
        const std::lock_guard guard(one_at_a_time);
        expect_it_names_the_device(record, n);
      }
      // Plugged in again, nothing is left of all that.
      bench.pull_usb_at(0);
      EXPECT_EQ(trial::run_trial(spec, bench, baselines).trace_hash,
                undisturbed.trace_hash);
    };
    std::vector<std::thread> workers(std::max(2u, std::thread::hardware_concurrency()));
    for (std::thread& each : workers) each = std::thread(work);
    for (std::thread& each : workers) each.join();
  }

  const std::filesystem::path path =
      std::filesystem::path(testing::TempDir()) /
      ("lockrig-unplug-" + std::to_string(::getpid()) + ".toml");
};

TEST_F(UnplugTest, at_any_exchange_of_a_trial_it_is_inconclusive_and_named) {
  pull_at_every_exchange_of(update());
}

TEST_F(UnplugTest, at_any_exchange_of_an_update_over_the_air_too) {
  TrialSpec spec = update("B1", "7000i-A");
  spec.path = trial::Path::portal;
  pull_at_every_exchange_of(spec);
}

// The last thing that is waited for is then the portal: nobody asks a wire any more.
TEST_F(UnplugTest, a_wire_that_failed_when_nobody_asked_it_is_not_overlooked) {
  TrialSpec spec = update();
  spec.blind = {"updates"};
  spec.sham = trial::Sham::portal;
  pull_at_every_exchange_of(spec, Verdict::degraded);
}

TEST_F(UnplugTest, at_any_exchange_of_a_set_up_the_next_trial_has_its_baseline) {
  const TrialSpec spec = update();
  VirtualBench bench(path);
  {
    trial::Baselines baselines(bench);
    baselines.get("A1", {});
  }
  const std::uint64_t exchanges = bench.exchanges();
  ASSERT_GT(exchanges, 100u);
  for (std::uint64_t n = 1; n <= exchanges; ++n) {
    trial::Baselines baselines(bench);
    bench.pull_usb_at(n);
    expect_it_names_the_device(trial::run_trial(spec, bench, baselines), n);
    bench.pull_usb_at(0);
    const TrialRecord next = trial::run_trial(spec, bench, baselines);
    ASSERT_EQ(next.verdict, Verdict::recovered) << "exchange " << n << next.note;
  }
}

TEST_F(UnplugTest, a_device_that_cannot_be_opened_ends_a_trial_and_the_next_one_runs) {
  class Loose final : public trial::Bench {
   public:
    explicit Loose(trial::Bench& bench) : bench_(bench) {}
    std::unique_ptr<trial::Rig> set_up(const std::string& station, std::uint64_t seed,
                                       const std::vector<std::string>& defects,
                                       const trial::Snapshot* start) override {
      if (++set_ups == out_at) {
        throw RigError(station, "gpio", "no FT2232H with serial LR0001", "its cable");
      }
      return bench_.set_up(station, seed, defects, start);
    }
    trial::Images& images() override { return bench_.images(); }

    int set_ups = 0;
    int out_at = 0;

   private:
    trial::Bench& bench_;
  };
  const TrialSpec spec = update();
  VirtualBench bench(path);
  for (const int out_at : {1, 2}) {  // for the baseline, for the trial
    Loose loose(bench);
    loose.out_at = out_at;
    trial::Baselines baselines(loose);
    const TrialRecord record = trial::run_trial(spec, loose, baselines);
    expect_it_names_the_device(record, 0);
    EXPECT_THAT(record.note, HasSubstr("LR0001"));
    EXPECT_EQ(record.id, trial::identifier(spec));
    EXPECT_EQ(trial::run_trial(spec, loose, baselines).verdict, Verdict::recovered);
  }
}

}  // namespace
}  // namespace lockrig::bench
