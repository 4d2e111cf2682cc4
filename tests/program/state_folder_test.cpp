#include "rig/program/state_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <stdexcept>

namespace lockrig::program {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Key;

class StateFolderTest : public testing::Test {
 protected:
  StateFolderTest() {
    char name[] = "/tmp/lockrig_state.XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~StateFolderTest() override { fs::remove_all(folder_); }

  void put(const fs::path& name, const std::string& text) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }

  fs::path folder_;
};

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

TEST_F(StateFolderTest, is_read_with_all_below_it) {
  put("boots", "12");
  put("empty", "");
  put("slots/0/image", std::string("\0\n\xff", 3));
  const auto files = read_state(folder_);
  EXPECT_EQ(files->content,
            (std::map<std::string, Bytes>{{"boots", bytes_of("12")},
                                          {"empty", {}},
                                          {"slots/0/image", {0, '\n', 0xff}}}));
}

TEST_F(StateFolderTest, comes_back_as_it_was) {
  put("boots", "12");
  put("slots/0/image", "whole");
  put(" a name\twith spaces", "x");
  const auto before = read_state(folder_);
  put("boots", "13");
  put("slots/0/image", "whol");
  put("slots/1/image", "new");
  fs::remove(folder_ / " a name\twith spaces");
  write_state(folder_, *before);
  EXPECT_EQ(read_state(folder_)->content, before->content);
  EXPECT_FALSE(fs::exists(folder_ / "slots/1"));
}

TEST_F(StateFolderTest, empty_folders_come_back_too) {
  fs::create_directories(folder_ / "logs/old");
  const auto before = read_state(folder_);
  EXPECT_THAT(before->content, IsEmpty());
  write_state(folder_, *before);
  EXPECT_TRUE(fs::is_directory(folder_ / "logs/old"));
}

TEST_F(StateFolderTest, a_program_in_it_can_still_be_run) {
  put("firmware", "#!/bin/sh\n");
  put("data", "x");
  fs::permissions(folder_ / "firmware", fs::perms::owner_exec, fs::perm_options::add);
  const auto before = read_state(folder_);
  write_state(folder_, *before);
  const auto runs = [this](const char* name) {
    return (fs::status(folder_ / name).permissions() & fs::perms::owner_exec) !=
           fs::perms::none;
  };
  EXPECT_TRUE(runs("firmware"));
  EXPECT_FALSE(runs("data"));
}

TEST_F(StateFolderTest, is_made_where_there_is_none) {
  Files files;
  files.content["a/b"] = bytes_of("x");
  write_state(folder_ / "new/state", files);
  EXPECT_THAT(read_state(folder_ / "new/state")->content, ElementsAre(Key("a/b")));
}

TEST_F(StateFolderTest, what_is_no_file_is_not_kept) {
  put("boots", "1");
  fs::create_symlink("nowhere", folder_ / "dangling");
  EXPECT_THAT(read_state(folder_)->content, ElementsAre(Key("boots")));
}

TEST_F(StateFolderTest, that_cannot_be_read_is_an_error) {
  EXPECT_THROW(read_state(folder_ / "none"), std::runtime_error);
}

TEST_F(StateFolderTest, that_cannot_be_written_is_an_error) {
  put("file", "x");
  Files files;
  files.content["a"] = bytes_of("x");
  EXPECT_THROW(write_state(folder_ / "file/state", files), std::runtime_error);
  files.content["a/b"] = bytes_of("below a file");
  EXPECT_THROW(write_state(folder_ / "state", files), std::runtime_error);
}

TEST_F(StateFolderTest, too_much_is_refused_before_it_is_read) {
  put("disk", "");
  fs::resize_file(folder_ / "disk", kMostStateBytes + 1);
  EXPECT_THROW(read_state(folder_), std::runtime_error);
  // Sparse halves: together too much.
  fs::resize_file(folder_ / "disk", std::uintmax_t{1} << 40);
  EXPECT_THROW(read_state(folder_), std::runtime_error);
}

}  // namespace
}  // namespace lockrig::program
