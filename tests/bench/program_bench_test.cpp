// A bench of programs whose station has no console: what it can do, and how its start
// is seen.
#include "rig/bench/program_bench.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "rig/trial/baseline.hpp"

namespace lockrig::bench {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::IsSupersetOf;
using testing::Not;

class MuteProgram : public testing::Test {
 protected:
  MuteProgram() {
    const std::string fixtures = LOCKRIG_ROOT "/fixtures";
    char name[] = "/tmp/lockrig_mute.XXXXXX";
    folder_ = ::mkdtemp(name);
    std::ofstream file(folder_ / "bench.toml");
    file << "kind = \"programs\"\nboards = \"" << fixtures << "/boards\"\n"
         << "image_kib = 8\n[stations.P1]\nboard = \"6000i-A\"\nserial = "
            "\"S1\"\nuser_code = \"2580\"\nprogramming_code = "
            "\"70418263\"\nkeeps_slip_codes = true\n[stations.P1.program]\n"
         // The sample ends where its standard input does.
         << "run = [\"sh\", \"-c\", \"sleep 1000 | python3 " << fixtures
         << "/programs/sample_lock.py\"]\nconsole = \"none\"\nlines = true\n";
  }
  ~MuteProgram() override { fs::remove_all(folder_); }

  fs::path folder_;
};

TEST_F(MuteProgram, has_a_baseline_and_shows_that_it_started) {
  const auto bench = open_bench(folder_ / "bench.toml");
  const auto can = bench->capabilities("P1");
  EXPECT_THAT(can, IsSupersetOf({"bolt", "keypad", "power"}));
  for (const char* not_there : {"console", "smp", "text", "update", "radio"}) {
    EXPECT_THAT(can, Not(Contains(not_there)));
  }
  trial::Baselines baselines(*bench);
  const auto baseline = baselines.get("P1", {});
  EXPECT_EQ(baseline->known.user_code, "2580");
  const auto rig = bench->set_up("P1", 7, {}, baseline.get());
  EXPECT_EQ(rig->client(), nullptr);
  const auto start = [&]() -> Task<std::optional<trial::StartUp>> {
    co_await rig->station().open();
    co_return co_await trial::power_up(*rig);
  };
  const auto started = rig->world().run(start(), 40s, "a start");
  ASSERT_TRUE(started);
  EXPECT_FALSE(started->banner);
}

}  // namespace
}  // namespace lockrig::bench
