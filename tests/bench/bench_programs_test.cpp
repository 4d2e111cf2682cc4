#include "rig/bench/bench_programs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "rig/core/error.hpp"

namespace lockrig::bench {
namespace {

namespace fs = std::filesystem;
using program::ConsoleKind;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

const fs::path kFixtures = LOCKRIG_ROOT "/fixtures";

TEST(ShippedPrograms, are_one_sample_lock) {
  const BenchFile bench = load_bench(kFixtures / "benches/programs.toml");
  EXPECT_EQ(bench.kind, Kind::programs);
  ASSERT_EQ(bench.stations.size(), 1u);
  const StationEntry& p1 = bench.stations[0];
  EXPECT_EQ(p1.board, "6000i-A");
  EXPECT_TRUE(p1.keeps_slip_codes);
  EXPECT_EQ(p1.keys.hold, 100ms);
  EXPECT_EQ(p1.keys.gap, 40ms);
  ASSERT_NE(p1.profile, nullptr);
  EXPECT_TRUE(p1.profile->commands.contains("version"));
  EXPECT_EQ(p1.portal, "");
  EXPECT_EQ(p1.returns, trial::Return::snapshot);
  EXPECT_THAT(p1.program.run, ElementsAre("python3", "../programs/sample_lock.py"));
  EXPECT_EQ(p1.program.folder, kFixtures / "benches");
  EXPECT_TRUE(fs::exists(p1.program.folder / p1.program.run[1]));
  EXPECT_EQ(p1.program.console, ConsoleKind::stdio);
  EXPECT_TRUE(p1.program.lines && p1.program.flash_ops && p1.program.tears);
  EXPECT_TRUE(p1.program.state.empty());
  EXPECT_FALSE(p1.program.disk);
  // What the bench says of its boards.
  EXPECT_EQ(bench.boards.at("6000i-A").limits.boot_max, 5s);
  EXPECT_EQ(bench.boards.at("6000i-A").model.bolt_travel, 200ms);
}

class ProgramsText : public testing::Test {
 protected:
  ProgramsText() {
    char name[] = "/tmp/lockrig_programs.XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~ProgramsText() override { fs::remove_all(folder_); }

  static std::string boards() { return (kFixtures / "boards").string(); }
  /// Lines 1 and 2.
  BenchFile load_text(const std::string& text, const std::string& boards_at) const {
    std::ofstream(folder_ / "bench.toml")
        << "kind = \"programs\"\nboards = \"" << boards_at << "\"\n"
        << text;
    return load_bench(folder_ / "bench.toml");
  }
  std::string message(const std::string& text,
                      const std::string& boards_at = boards()) const {
    try {
      load_text(text, boards_at);
    } catch (const BadInput& error) {
      const std::string what = error.what();
      const std::string path = (folder_ / "bench.toml").string();
      EXPECT_THAT(what, StartsWith(path));
      return what.substr(std::min(what.size(), path.size()));
    }
    return "accepted";
  }

  /// Lines 3 to 7, and `more` from 8 on.
  static std::string station(const std::string& more = "") {
    return "[stations.P1]\nboard = \"6000i-A\"\nserial = \"S1\"\nuser_code = "
           "\"2580\"\nprogramming_code = \"70418263\"\n" +
           more;
  }
  /// What stands in line 9 and below is of the program.
  static std::string with(const std::string& program) {
    return station("[stations.P1.program]\n" + program);
  }
  ProgramEntry load(const std::string& program) const {
    return load_text(with(program), boards()).stations.at(0).program;
  }
  std::string mistake(const std::string& program) const {
    return message(with(program));
  }

  fs::path folder_;
};

TEST_F(ProgramsText, a_program_needs_a_command_and_a_console) {
  const ProgramEntry entry = load("run = [\"lock\", \"-v\"]\nconsole = \"pty\"\n");
  EXPECT_THAT(entry.run, ElementsAre("lock", "-v"));
  EXPECT_EQ(entry.folder, folder_);
  EXPECT_EQ(entry.console, ConsoleKind::pty);
  EXPECT_FALSE(entry.lines || entry.flash_ops || entry.tears || entry.disk);
}

TEST_F(ProgramsText, consoles_are_of_four_kinds) {
  const std::string run = "run = [\"lock\"]\nconsole = ";
  EXPECT_EQ(load(run + "\"stdio\"\n").console, ConsoleKind::stdio);
  EXPECT_EQ(load(run + "\"socket\"\n").console, ConsoleKind::socket);
  EXPECT_EQ(load(run + "\"none\"\n").console, ConsoleKind::none);
}

TEST_F(ProgramsText, a_disk_is_empty_or_a_file) {
  const std::string lock = "run = [\"lock\"]\nconsole = \"none\"\ndisk = ";
  const ProgramEntry empty = load(lock + "{ kib = 64, unit = 512 }\n");
  ASSERT_TRUE(empty.disk);
  EXPECT_EQ(empty.disk->kib, 64);
  EXPECT_EQ(empty.disk->unit, 512u);
  std::ofstream(folder_ / "image") << "x";
  const ProgramEntry file = load(lock + "{ image = \"image\" }\n");
  ASSERT_TRUE(file.disk);
  EXPECT_EQ(file.disk->image, folder_ / "image");
  EXPECT_EQ(file.disk->unit, 1u);
}

TEST_F(ProgramsText, state_counts_from_the_bench_file) {
  fs::create_directory(folder_ / "files");
  EXPECT_EQ(load("run = [\"lock\"]\nconsole = \"none\"\nstate = \"files\"\n").state,
            folder_ / "files");
}

TEST_F(ProgramsText, each_mistake_is_told_by_line_and_key) {
  std::ofstream(folder_ / "empty") << "";
  std::ofstream(folder_ / "big") << "";
  fs::resize_file(folder_ / "big", (48 << 20) + 1);
  const std::string lock = "run = [\"lock\"]\nconsole = \"stdio\"\n";
  const std::string key = "stations.P1.program.";
  const std::string at = folder_.string() + "/";
  const std::vector<std::pair<std::string, std::string>> mistakes = {
      {"console = \"stdio\"\n", ":8: " + key + "run: is missing"},
      {"run = []\nconsole = \"stdio\"\n", ":9: " + key + "run: must name a program"},
      {"run = \"lock\"\nconsole = \"stdio\"\n",
       ":9: " + key + "run: must be a list of texts"},
      {"run = [\"\"]\nconsole = \"stdio\"\n",
       ":9: " + key + "run[0]: must not be empty"},
      {"run = [\"lock\"]\n", ":8: " + key + "console: is missing"},
      {"run = [\"lock\"]\nconsole = \"tty\"\n",
       ":10: " + key + "console: 'tty' is none of: stdio, pty, socket, none"},
      {lock + "line = true\n", ":11: " + key + "line: unknown key; there are: run, "},
      {lock + "lines = 1\n", ":11: " + key + "lines: must be true or false"},
      {lock + "flash_ops = true\n",
       ":11: " + key + "flash_ops: needs lines = true: operations are announced there"},
      {lock + "lines = true\ntears = true\n",
       ":12: " + key +
           "tears: needs flash_ops = true: only an announced operation is torn"},
      {lock + "lines = true\nflash_ops = true\ndisk = { kib = 64 }\n",
       ":13: " + key + "disk: its writes are what is counted, not flash_ops"},
      {lock + "disk = 64\n", ":11: " + key + "disk: must be a table"},
      {lock + "disk = { }\n",
       ":11: " + key + "disk: must have either kib (an empty disk) or image (a file)"},
      {lock + "disk = { kib = 64, image = \"big\" }\n",
       ":11: " + key + "disk: must have either kib (an empty disk) or image (a file)"},
      {lock + "disk = { kib = 0 }\n",
       ":11: " + key + "disk.kib: 0 is not within 1-49152"},
      {lock + "disk = { kib = 64, unit = 0 }\n",
       ":11: " + key + "disk.unit: 0 is not within 1-4096"},
      {lock + "disk = { kib = 64, size = 1 }\n",
       ":11: " + key + "disk.size: unknown key; there are: kib, image, unit"},
      {lock + "disk = { image = \"none\" }\n",
       ":11: " + key + "disk.image: " + at + "none is not a file"},
      {lock + "disk = { image = \"big\" }\n",
       ":11: " + key + "disk.image: " + at + "big has not 1 byte to 49152 KiB"},
      {lock + "disk = { image = \"empty\" }\n",
       ":11: " + key + "disk.image: " + at + "empty has not 1 byte to 49152 KiB"},
      {lock + "state = \"big\"\n",
       ":11: " + key + "state: " + at + "big is not a folder"},
  };
  for (const auto& [text, what] : mistakes) {
    EXPECT_THAT(mistake(text), StartsWith(what)) << text;
  }
}

TEST_F(ProgramsText, what_a_program_has_not_is_no_key) {
  const std::string lock =
      "[stations.P1.program]\nrun = [\"lock\"]\nconsole = \"none\"\n";
  EXPECT_EQ(message(station()), ":3: stations.P1.program: is missing");
  for (const char* key : {"defects = [\"no-rollback\"]", "gpio = 1", "supply = 1",
                          "console = 1", "probe = [\"x\"]"}) {
    const std::string text(key);
    EXPECT_THAT(message(station(text + "\n" + lock)),
                StartsWith(":8: stations.P1." + text.substr(0, text.find(' ')) +
                           ": unknown key; there are: "));
  }
}

TEST_F(ProgramsText, a_mistake_in_a_profile_names_that_file) {
  std::ofstream(folder_ / "text.toml") << "prompt = '('\nbooted = 'x'\n";
  const std::string lock =
      "profile = \"text.toml\"\n[stations.P1.program]\nrun = "
      "[\"lock\"]\nconsole = ";
  try {
    load_text(station(lock + "\"stdio\"\n"), boards());
    ADD_FAILURE() << "accepted";
  } catch (const BadInput& error) {
    EXPECT_THAT(error.what(), StartsWith((folder_ / "text.toml").string() +
                                         ":1: prompt: /(/ is no regular expression"));
  }
  EXPECT_EQ(message(station(lock + "\"none\"\n")),
            ":8: stations.P1.profile: its program has no console");
}

/// A board that is only powered and spoken to.
class NoLock : public ProgramsText {
 protected:
  NoLock() {
    fs::create_directories(folder_ / "boards/box");
    fs::copy(kFixtures / "boards/6000i/wiring.csv", folder_ / "boards/box/wiring.csv");
    std::ofstream(folder_ / "boards/box/board.toml")
        << "[identity]\nlock = false\nrevisions = [\"A\"]\n[rail]\nrise_us = "
           "1000\nhold_up_open_ms = 5\nfall_open_ms = 50\nhold_up_discharged_us = "
           "220\nfall_discharged_us = 2150\n[limits]\nboot_max_s = 5\noff_min_ms = "
           "100\n";
  }
  std::string boards_here() const { return (folder_ / "boards").string(); }
  static std::string box(const std::string& more) {
    return "[stations.P1]\nboard = \"box-A\"\n" + more +
           "[stations.P1.program]\nrun = [\"box\"]\nconsole = \"stdio\"\n";
  }
};

TEST_F(NoLock, needs_no_codes_and_no_serial) {
  const BenchFile bench = load_text(box(""), boards_here());
  EXPECT_EQ(bench.stations.at(0).serial, "");
  EXPECT_FALSE(bench.boards.at("box-A").is_lock);
  EXPECT_EQ(bench.boards.at("box-A").limits.boot_max, 5s);
}

TEST_F(NoLock, cannot_be_told_any) {
  for (const char* key :
       {"serial = \"S1\"", "user_code = \"2580\"", "programming_code = \"70418263\"",
        "keeps_slip_codes = true"}) {
    const std::string text(key);
    EXPECT_THAT(message(box(text + "\n"), boards_here()),
                StartsWith(":5: stations.P1." + text.substr(0, text.find(' ')) +
                           ": unknown key; there are: "));
  }
}

TEST_F(NoLock, stands_twice_on_one_bench) {
  std::string both = box("");
  std::string second = both;
  for (std::size_t at = 0; (at = second.find("P1", at)) != std::string::npos;) {
    second.replace(at, 2, "P2");
  }
  EXPECT_EQ(load_text(both + second, boards_here()).stations.size(), 2u);
}

}  // namespace
}  // namespace lockrig::bench
