#include "rig/io/station_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "rig/core/error.hpp"

namespace lockrig::io {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kNow = "2026-11-22 21:04:05 UTC";

class StationStateTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "lockrig_state_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    file_ = StationState::file_of(folder_, "A1");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& text) { std::ofstream(file_) << text; }
  std::string content() const {
    std::ifstream in(file_);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string refusal() const {
    try {
      const StationState state(file_);
      return "";
    } catch (const BadInput& error) {
      return error.what();
    }
  }

  fs::path folder_;
  fs::path file_;
};

TEST_F(StationStateTest, a_station_never_seen_has_an_unknown_board) {
  const StationState state(file_);
  EXPECT_FALSE(state.board().known);
  EXPECT_THAT(state.board().why, HasSubstr("not seen"));
  EXPECT_EQ(state.get(StationState::kCalibration), std::nullopt);
  EXPECT_FALSE(fs::exists(file_));
}

TEST_F(StationStateTest, remembers_a_mark) {
  StationState(file_).mark_unknown("the rig died", kNow);
  EXPECT_EQ(StationState(file_).board(), (BoardMark{false, "the rig died", kNow}));
  StationState(file_).clear_mark("later");
  EXPECT_EQ(StationState(file_).board(), (BoardMark{true, "", "later"}));
}

TEST_F(StationStateTest, remembers_sections_as_they_were_given) {
  {
    StationState state(file_);
    state.set(StationState::kCalibration, R"({"rail_fall_ms": 2.15, "keys": [1, 2]})");
    state.set(StationState::kLastGoodSham, R"({"at": "2026-11-22", "run": "r7"})");
    state.set("gone", "1");
    state.remove("gone");
  }
  StationState state(file_);
  EXPECT_EQ(state.get("calibration"), R"({"keys":[1,2],"rail_fall_ms":2.15})");
  EXPECT_EQ(state.get("last_good_sham"), R"({"at":"2026-11-22","run":"r7"})");
  EXPECT_EQ(state.get("gone"), std::nullopt);
}

TEST_F(StationStateTest, a_mark_keeps_the_sections) {
  StationState(file_).set("calibration", "{}");
  StationState(file_).mark_unknown("the rig died", kNow);
  EXPECT_EQ(StationState(file_).get("calibration"), "{}");
}

TEST_F(StationStateTest, keeps_what_others_wrote_meanwhile) {
  StationState held(file_);
  held.mark_unknown("in use", kNow);
  StationState(file_).set("calibration", "{}");
  held.clear_mark(kNow);
  EXPECT_EQ(StationState(file_).get("calibration"), "{}");
  StationState(file_).set("calibration", "[1]");
  held.mark_unknown("the rig died", kNow);
  EXPECT_EQ(StationState(file_).get("calibration"), "[1]");
  StationState(file_).set("calibration", "[2]");
  held.set("last_good_sham", "{}");
  EXPECT_EQ(StationState(file_).get("calibration"), "[2]");
  StationState(file_).clear_mark("later");
  held.remove("last_good_sham");
  EXPECT_EQ(StationState(file_).get("calibration"), "[2]");
  EXPECT_EQ(StationState(file_).board(), (BoardMark{true, "", "later"}));
}

TEST_F(StationStateTest, does_not_bring_back_what_others_removed) {
  StationState held(file_);
  held.set("calibration", "{}");
  StationState(file_).remove("calibration");
  held.clear_mark(kNow);
  EXPECT_EQ(StationState(file_).get("calibration"), std::nullopt);
}

TEST_F(StationStateTest, does_not_write_over_what_was_damaged_meanwhile) {
  StationState held(file_);
  held.clear_mark(kNow);
  write("{");
  EXPECT_THROW(held.mark_unknown("the rig died", kNow), BadInput);
  EXPECT_EQ(content(), "{");
}

TEST_F(StationStateTest, refuses_a_section_that_is_not_json) {
  StationState state(file_);
  EXPECT_THROW(state.set("calibration", "{"), std::invalid_argument);
  EXPECT_EQ(state.get("calibration"), std::nullopt);
}

TEST_F(StationStateTest, takes_any_text_for_a_reason) {
  StationState(file_).mark_unknown("\"quoted\"\n\xff", kNow);
  EXPECT_THAT(StationState(file_).board().why, StartsWith("\"quoted\"\n"));
}

TEST_F(StationStateTest, refuses_a_damaged_file_by_name_and_says_what_to_do) {
  StationState(file_).clear_mark(kNow);
  const std::string whole = content();
  // Every file that a write in place could have left half done.
  for (std::size_t size = 0; size + 2 < whole.size(); ++size) {
    write(whole.substr(0, size));
    EXPECT_THAT(refusal(),
                AllOf(StartsWith(file_.string()), HasSubstr("remove the file")))
        << size;
  }
}

TEST_F(StationStateTest, refuses_what_another_version_wrote) {
  write(R"({"format": 2, "board": {}, "sections": {}})");
  EXPECT_THAT(refusal(), HasSubstr("format: is not 1"));
}

TEST_F(StationStateTest, refuses_a_mark_that_is_neither_known_nor_unknown) {
  write(R"({"format": 1, "board": {"state": "maybe", "why": "", "since": ""},
            "sections": {}})");
  EXPECT_THAT(refusal(), HasSubstr("board.state: 'maybe'"));
}

TEST_F(StationStateTest, a_full_disk_leaves_the_old_file_and_nothing_else) {
  StationState state(file_);
  state.clear_mark(kNow);
  const std::string before = content();

  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  const rlimit tiny{20, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &tiny);
  std::string error;
  try {
    state.mark_unknown("the rig died", kNow);
  } catch (const std::runtime_error& failed) {
    error = failed.what();
  }
  setrlimit(RLIMIT_FSIZE, &old);
  signal(SIGXFSZ, handler);

  EXPECT_THAT(error, AllOf(StartsWith(file_.string()), HasSubstr("cannot be written")));
  EXPECT_EQ(content(), before);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
}

TEST(StateFolder, follows_the_environment) {
  const fs::path base =
      fs::path(testing::TempDir()) / ("lockrig_home_" + std::to_string(getpid()));
  const std::string home = getenv("HOME") != nullptr ? getenv("HOME") : "";
  const std::string states =
      getenv("XDG_STATE_HOME") != nullptr ? getenv("XDG_STATE_HOME") : "";
  setenv("HOME", (base / "home").c_str(), 1);
  unsetenv("XDG_STATE_HOME");
  unsetenv("LOCKRIG_STATE");
  EXPECT_EQ(state_folder(), base / "home/.local/state/lockrig");
  setenv("XDG_STATE_HOME", (base / "xdg").c_str(), 1);
  EXPECT_EQ(state_folder(), base / "xdg/lockrig");
  setenv("LOCKRIG_STATE", (base / "chosen").c_str(), 1);
  EXPECT_EQ(state_folder(), base / "chosen");
  EXPECT_TRUE(fs::is_directory(base / "chosen"));
  setenv("LOCKRIG_STATE", "/proc/nowhere", 1);
  EXPECT_THROW(state_folder(), std::invalid_argument);
  unsetenv("LOCKRIG_STATE");
  states.empty() ? unsetenv("XDG_STATE_HOME")
                 : setenv("XDG_STATE_HOME", states.c_str(), 1);
  setenv("HOME", home.c_str(), 1);
  fs::remove_all(base);
}

}  // namespace
}  // namespace lockrig::io
