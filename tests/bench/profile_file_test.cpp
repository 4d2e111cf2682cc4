#include "rig/bench/profile_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "rig/core/error.hpp"

namespace lockrig::bench {
namespace {

namespace fs = std::filesystem;
using lock::TextProfile;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(ShippedProfile, is_that_of_the_sample_lock) {
  const fs::path path = LOCKRIG_ROOT "/fixtures/profiles/sample.toml";
  const TextProfile profile = load_profile(path);
  EXPECT_EQ(profile.file, path.string());
  EXPECT_EQ(profile.line_end, "\n");
  EXPECT_TRUE(profile.prompt.search("> "));
  const auto booted = profile.booted.search("sample lock 2.3.0\n");
  ASSERT_TRUE(booted);
  EXPECT_EQ(booted->groups.at("version"), "2.3.0");
  EXPECT_EQ(profile.commands.at("version").send, "version");
  EXPECT_EQ(profile.commands.at("version").limit, 5s);
  ASSERT_TRUE(profile.update);
  EXPECT_EQ(profile.update->protocol, ymodem::Protocol::xmodem_1k);
  EXPECT_EQ(profile.update->then, "restart");
  EXPECT_EQ(profile.update->limit, 10s);
  EXPECT_FALSE(profile.recovery);
}

class ProfileText : public testing::Test {
 protected:
  // The process number keeps tests that run side by side apart.
  const fs::path path_ = fs::path(testing::TempDir()) /
                         ("lockrig_profile_" + std::to_string(getpid()) + ".toml");

  void TearDown() override { fs::remove(path_); }

  // Lines 1 and 2 are there always.
  TextProfile load(const std::string& rest) const {
    std::ofstream(path_) << "prompt = '> $'\nbooted = 'ready'\n" << rest;
    return load_profile(path_);
  }
  std::string message() const {
    try {
      load_profile(path_);
    } catch (const BadInput& error) {
      const std::string what = error.what();
      EXPECT_THAT(what, StartsWith(path_.string()));
      return what.substr(std::min(what.size(), path_.string().size()));
    }
    return "accepted";
  }
  std::string mistake(const std::string& rest) const {
    std::ofstream(path_) << "prompt = '> $'\nbooted = 'ready'\n" << rest;
    return message();
  }
};

TEST_F(ProfileText, needs_no_more_than_prompt_and_banner) {
  const TextProfile profile = load("");
  EXPECT_EQ(profile.line_end, "\r");
  EXPECT_THAT(profile.login, IsEmpty());
  EXPECT_THAT(profile.commands, IsEmpty());
  EXPECT_FALSE(profile.opened);
  EXPECT_FALSE(profile.update);
  EXPECT_FALSE(profile.recovery);
}

TEST_F(ProfileText, may_have_everything) {
  const TextProfile profile = load(R"(line_end = "\r\n"
opened = 'opened by (?<who>\w+)'
answer_limit_s = 2
login = [
  { expect = 'login: $', send = "root\r" },
  { expect = 'word: $', send = "secret\r" },
]
[commands.version]
send = "version"
answer = '(?<version>\S+)'
[commands.uptime]
send = "up"
answer = '(?<seconds>\d+)'
limit_s = 0.5
[update]
protocol = "ymodem"
[recovery]
send = "load"
protocol = "xmodem_1k"
name = "fw.bin"
accepted = 'ok'
refused = 'no (?<reason>\w+)'
then = "go"
limit_s = 3
)");
  EXPECT_EQ(profile.line_end, "\r\n");
  EXPECT_TRUE(profile.opened->has_group("who"));
  ASSERT_EQ(profile.login.size(), 2u);
  EXPECT_EQ(profile.login[1].expect.text(), "word: $");
  EXPECT_EQ(profile.login[1].send, "secret\r");
  EXPECT_EQ(profile.commands.at("version").limit, 2s);
  EXPECT_EQ(profile.commands.at("uptime").limit, 500ms);
  EXPECT_EQ(profile.update->protocol, ymodem::Protocol::ymodem);
  EXPECT_EQ(profile.update->send, "");
  EXPECT_EQ(profile.update->name, "image.bin");
  EXPECT_EQ(profile.update->limit, 10s);
  EXPECT_FALSE(profile.update->accepted);
  EXPECT_EQ(profile.recovery->send, "load");
  EXPECT_EQ(profile.recovery->name, "fw.bin");
  EXPECT_EQ(profile.recovery->then, "go");
  EXPECT_EQ(profile.recovery->limit, 3s);
}

TEST_F(ProfileText, file_that_is_not_there) {
  EXPECT_EQ(message(), ": there is no such file");
}

TEST_F(ProfileText, prompt_and_banner_are_missed) {
  std::ofstream(path_) << "booted = 'x'\n";
  EXPECT_EQ(message(), ": prompt: is missing");
  std::ofstream(path_) << "prompt = 'x'\n";
  EXPECT_EQ(message(), ": booted: is missing");
}

TEST_F(ProfileText, each_mistake_is_told_by_line_and_key) {
  const std::vector<std::pair<const char*, const char*>> mistakes = {
      {"promt = 'x'\n", ":3: promt: unknown key; there are: prompt, "},
      {"opened = '('\n", ":3: opened: /(/ is no regular expression: "},
      {"opened = ''\n", ":3: opened: must not be empty"},
      {"opened = 3\n", ":3: opened: must be a text in quotes"},
      {"line_end = \"\"\n", ":3: line_end: must not be empty"},
      {"answer_limit_s = 0\n", ":3: answer_limit_s: 0 is not more than 0"},
      {"login = []\n",
       ":3: login: expected tables with expect, and send where something is typed"},
      {"login = { expect = 'x', send = 'y' }\n",
       ":3: login: expected tables with expect, and send where something is typed"},
      {"login = ['x']\n", ":3: login[0]: must be a table"},
      {"login = [{ send = 'x' }]\n", ":3: login[0].expect: is missing"},
      {"login = [{ expect = '[', send = 'y' }]\n",
       ":3: login[0].expect: /[/ is no regular expression: "},
      {"login = [{ expect = 'x', send = 'y', wait = 1 }]\n",
       ":3: login[0].wait: unknown key; there are: expect, send"},
      {"commands = 1\n", ":3: commands: must be a table"},
      {"[commands.up]\nanswer = 'x'\n", ":3: commands.up.send: is missing"},
      {"[commands.up]\nsend = 'x'\n", ":3: commands.up.answer: is missing"},
      {"[commands.up]\nsend = 'x'\nanswer = '*'\n",
       ":5: commands.up.answer: /*/ is no regular expression: "},
      {"[commands.up]\nsend = 'x'\nanswer = 'x'\nlimit = 1\n",
       ":6: commands.up.limit: unknown key; there are: send, answer, limit_s"},
      {"[commands.version]\nsend = 'x'\nanswer = '(\\S+)'\n",
       ":5: commands.version.answer: has no group (?<version>...)"},
      {"[update]\nsend = 'x'\n", ":3: update.protocol: is missing"},
      {"[update]\nprotocol = 'zmodem'\n",
       ":4: update.protocol: 'zmodem' is neither ymodem nor xmodem_1k"},
      {"[update]\nprotocol = 'ymodem'\naccepted = '('\n",
       ":5: update.accepted: /(/ is no regular expression: "},
      {"[update]\nprotocol = 'ymodem'\nrefuse = 'x'\n",
       ":5: update.refuse: unknown key; there are: send, protocol, "},
      {"[recovery]\nprotocol = 'xmodem'\n",
       ":4: recovery.protocol: 'xmodem' is neither ymodem nor xmodem_1k"},
      {"[recovery]\nprotocol = 'ymodem'\nlimit_s = 'x'\n",
       ":5: recovery.limit_s: must be a number"},
      {"[other]\n", ":3: other: unknown key; there are: "},
  };
  for (const auto& [text, what] : mistakes) {
    EXPECT_THAT(mistake(text), StartsWith(what)) << text;
  }
}

}  // namespace
}  // namespace lockrig::bench
