#include "rig/io/station_lock.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace lockrig::io {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

constexpr const char* kSince = "2026-11-22 21:04:05 UTC";

class StationLockTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "lockrig_locks_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string refusal(const std::string& station = "A1",
                      const std::string& device = "LR0001") {
    try {
      const StationLock lock(folder_, station, device, kSince);
      return "";
    } catch (const StationHeld& held) {
      return held.what();
    }
  }

  /// The lock as somebody has it who has not written the note that stands there.
  int hold_without_a_note(const std::string& note) {
    const fs::path file = folder_ / "LR0001.lock";
    std::ofstream(file) << note;
    const int descriptor = open(file.c_str(), O_RDWR | O_CLOEXEC);
    EXPECT_EQ(flock(descriptor, LOCK_EX | LOCK_NB), 0);
    return descriptor;
  }

  fs::path folder_;
};

TEST_F(StationLockTest, names_user_process_command_and_time_of_the_holder) {
  const StationLock lock(folder_, "A1", "LR0001", kSince);
  const std::string said = refusal();
  EXPECT_THAT(
      said, AllOf(StartsWith("station A1 is held by "),
                  HasSubstr(", process " + std::to_string(getpid()) + " ("),
                  HasSubstr("test_io"), EndsWith("), since 2026-11-22 21:04:05 UTC")));
  EXPECT_THAT(said, Not(HasSubstr("\n")));
}

TEST_F(StationLockTest, two_devices_are_held_apart) {
  const StationLock lock(folder_, "A1", "LR0001", kSince);
  EXPECT_EQ(refusal("A2", "LR0002"), "");
}

TEST_F(StationLockTest, one_device_cannot_be_held_under_two_names) {
  const StationLock lock(folder_, "A1", "LR0001", kSince);
  EXPECT_THAT(refusal("B7"), StartsWith("station B7 is held by "));
}

TEST_F(StationLockTest, is_free_again_after_its_holder_let_go) {
  { const StationLock lock(folder_, "A1", "LR0001", kSince); }
  EXPECT_EQ(refusal(), "");
}

TEST_F(StationLockTest, dies_with_a_holder_that_was_killed) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t holder = fork();
  if (holder == 0) {
    const StationLock lock(folder_, "A1", "LR0001", kSince);
    if (write(ready[1], "r", 1) != 1) _exit(1);
    for (;;) pause();
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_THAT(refusal(), HasSubstr("process " + std::to_string(holder) + " ("));
  kill(holder, SIGKILL);
  waitpid(holder, nullptr, 0);
  EXPECT_EQ(refusal(), "");
  close(ready[0]);
  close(ready[1]);
}

TEST_F(StationLockTest, outlives_its_holder_in_a_process_that_inherited_it) {
  int line[2];
  ASSERT_EQ(pipe(line), 0);
  pid_t heir = 0;
  {
    const StationLock lock(folder_, "A1", "LR0001", kSince);
    heir = fork();
    if (heir == 0) {
      close(line[1]);
      char byte = 0;
      _exit(read(line[0], &byte, 1) == 0 ? 0 : 1);
    }
  }
  EXPECT_THAT(refusal(), StartsWith("station A1 is held by "));
  close(line[0]);
  close(line[1]);
  waitpid(heir, nullptr, 0);
  EXPECT_EQ(refusal(), "");
}

TEST_F(StationLockTest, can_be_released_for_all_who_inherited_it) {
  const StationLock lock(folder_, "A1", "LR0001", kSince);
  const int heirs = dup(lock.descriptor());
  release_lock(heirs);
  EXPECT_EQ(refusal(), "");
  close(heirs);
}

TEST_F(StationLockTest, never_shows_a_dead_process_as_the_holder) {
  const pid_t dead = fork();
  if (dead == 0) _exit(0);
  waitpid(dead, nullptr, 0);
  const int held = hold_without_a_note(
      R"({"user":"ana","process":)" + std::to_string(dead) +
      R"(,"started":1,"command":"./lockrig nightly","since":"long ago"})");
  EXPECT_EQ(refusal(),
            "station A1 is held by a process that has just begun or just died: try "
            "again in a second");
  close(held);
}

TEST_F(StationLockTest, never_shows_a_process_that_has_the_number_of_a_dead_one) {
  const int held = hold_without_a_note(
      R"({"user":"ana","process":)" + std::to_string(getpid()) +
      R"(,"started":1,"command":"./lockrig nightly","since":"long ago"})");
  EXPECT_THAT(refusal(), Not(HasSubstr("ana")));
  close(held);
}

TEST_F(StationLockTest, leaves_no_note_behind) {
  { const StationLock lock(folder_, "A1", "LR0001", kSince); }
  EXPECT_EQ(fs::file_size(folder_ / "LR0001.lock"), 0u);
}

TEST_F(StationLockTest, survives_a_note_that_is_no_note) {
  for (const char* note : {"", "4711", "{}", "{\"process\":\"x\"}", "\x01\xff"}) {
    const int held = hold_without_a_note(note);
    EXPECT_THAT(refusal(), HasSubstr("just begun")) << note;
    close(held);
  }
}

TEST_F(StationLockTest, can_be_taken_by_every_user) {
  const mode_t mask = umask(077);
  const StationLock lock(folder_, "A1", "LR0001", kSince);
  umask(mask);
  struct stat about {};
  ASSERT_EQ(stat((folder_ / "LR0001.lock").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0666u);
}

TEST_F(StationLockTest, does_not_follow_a_link) {
  fs::create_symlink(folder_ / "victim", folder_ / "LR0001.lock");
  EXPECT_THROW(StationLock(folder_, "A1", "LR0001", kSince), std::invalid_argument);
  EXPECT_FALSE(fs::exists(folder_ / "victim"));
}

TEST_F(StationLockTest, names_a_folder_that_is_not_there) {
  try {
    const StationLock lock(folder_ / "gone", "A1", "LR0001", kSince);
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("gone/LR0001.lock"));
  }
}

TEST(LockFolder, is_the_one_that_was_chosen_and_is_made) {
  const fs::path chosen = fs::path(testing::TempDir()) /
                          ("lockrig_chosen_" + std::to_string(getpid())) / "locks";
  setenv("LOCKRIG_LOCKS", chosen.c_str(), 1);
  EXPECT_EQ(lock_folder(), chosen);
  EXPECT_TRUE(fs::is_directory(chosen));
  setenv("LOCKRIG_LOCKS", "/proc/nowhere", 1);
  EXPECT_THROW(lock_folder(), std::invalid_argument);
  unsetenv("LOCKRIG_LOCKS");
  fs::remove_all(chosen.parent_path());
}

TEST(FileName, keeps_what_is_safe_and_tells_all_keys_apart) {
  EXPECT_EQ(file_name("LR0001"), "LR0001");
  EXPECT_EQ(file_name("FT-1_a.b"), "FT-1_a.b");
  EXPECT_EQ(file_name("../x"), "%2e.%2fx");
  EXPECT_EQ(file_name("a b\xff"), "a%20b%ff");
  EXPECT_NE(file_name("a/b"), file_name("a%2fb"));
  EXPECT_THROW(file_name(""), std::invalid_argument);
  EXPECT_THROW(file_name(std::string(81, 'x')), std::invalid_argument);
}

}  // namespace
}  // namespace lockrig::io
