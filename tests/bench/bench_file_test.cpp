#include "rig/bench/bench_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "rig/core/error.hpp"

namespace lockrig::bench {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

const fs::path kFixtures = LOCKRIG_ROOT "/fixtures";
const fs::path kVirtual = kFixtures / "benches/virtual.toml";

TEST(VirtualBench, has_three_stations_in_the_order_of_the_file) {
  const BenchFile bench = load_bench(kVirtual);
  EXPECT_EQ(bench.path, kVirtual.string());
  EXPECT_EQ(bench.kind, "virtual");
  EXPECT_EQ(bench.boards_dir, kFixtures / "boards");
  std::vector<std::string> stations;
  for (const StationEntry& s : bench.stations)
    stations.push_back(s.name + " " + s.board);
  EXPECT_THAT(stations, ElementsAre("A1 6000i-A", "A2 6000i-B", "B1 7000i-A"));
}

TEST(VirtualBench, holds_what_is_on_the_slip_of_a_lock) {
  const StationEntry a1 = load_bench(kVirtual).stations.at(0);
  EXPECT_EQ(a1.serial, "VL6A-0001");
  EXPECT_EQ(a1.user_code, "2580");
  EXPECT_EQ(a1.programming_code, "70418263");
  EXPECT_THAT(a1.defects, IsEmpty());
  EXPECT_EQ(a1.on_exit, "off");
}

class BenchText : public testing::Test {
 protected:
  // The process number keeps tests that run side by side apart.
  const fs::path path_ = fs::path(testing::TempDir()) /
                         ("lockrig_bench_" + std::to_string(getpid()) + ".toml");

  void TearDown() override { fs::remove(path_); }

  // Line 1 is the kind, 2 the folder of the boards.
  void write(const std::string& rest, const std::string& kind = "virtual") const {
    std::ofstream(path_) << "kind = \"" << kind << "\"\nboards = \""
                         << (kFixtures / "boards").string() << "\"\n"
                         << rest;
  }
  BenchFile load(const std::string& rest) const {
    write(rest);
    return load_bench(path_);
  }
  std::string message() const {
    try {
      load_bench(path_);
    } catch (const BadInput& error) {
      const std::string what = error.what();
      EXPECT_THAT(what, StartsWith(path_.string()));
      return what.substr(std::min(what.size(), path_.string().size()));
    }
    return "accepted";
  }
  std::string mistake(const std::string& rest) const {
    write(rest);
    return message();
  }

  // Six lines.
  static std::string station(const std::string& name, const std::string& serial,
                             const std::string& user, const std::string& programming,
                             const std::string& more = "") {
    return "[stations." + name + "]\nboard = \"6000i-A\"\nserial = \"" + serial +
           "\"\nuser_code = \"" + user + "\"\nprogramming_code = \"" + programming +
           "\"\n" + more + "\n";
  }
  // At lines 3 to 8.
  static std::string first(const std::string& more = "") {
    return station("A1", "S1", "2580", "70418263", more);
  }
};

TEST_F(BenchText, may_leave_out_defects_and_what_becomes_of_power) {
  const BenchFile bench = load(first());
  ASSERT_EQ(bench.stations.size(), 1u);
  EXPECT_THAT(bench.stations[0].defects, IsEmpty());
  EXPECT_EQ(bench.stations[0].on_exit, "off");
}

TEST_F(BenchText, keeps_the_order_of_the_file) {
  const BenchFile bench = load(station("B", "S1", "2580", "70418263") +
                               station("A", "S2", "2581", "70418264"));
  ASSERT_EQ(bench.stations.size(), 2u);
  EXPECT_EQ(bench.stations[0].name, "B");
  EXPECT_EQ(bench.stations[1].name, "A");
}

TEST_F(BenchText, seeds_defects) {
  const BenchFile bench = load(
      first("defects = [\"no-rollback\", \"lockstate-2017\"]\non_exit = \"keep\""));
  EXPECT_THAT(bench.stations.at(0).defects,
              ElementsAre("no-rollback", "lockstate-2017"));
  EXPECT_EQ(bench.stations[0].on_exit, "keep");
}

TEST_F(BenchText, takes_codes_of_4_to_10_digits) {
  EXPECT_EQ(load(station("A1", "S1", "0000", "0123456789")).stations.at(0).user_code,
            "0000");
}

TEST_F(BenchText, may_lie_beside_the_boards_and_not_name_them) {
  const fs::path root =
      fs::path(testing::TempDir()) / ("lockrig_fixtures_" + std::to_string(getpid()));
  fs::create_directories(root / "benches");
  fs::copy(kFixtures / "boards", root / "boards", fs::copy_options::recursive);
  fs::copy(kFixtures / "keys", root / "keys");
  std::ofstream(root / "benches/mine.toml") << "kind = \"virtual\"\n" << first();
  EXPECT_EQ(load_bench(root / "benches/mine.toml").boards_dir, root / "boards");
  fs::remove_all(root);
}

TEST_F(BenchText, file_that_is_not_there) {
  EXPECT_EQ(message(), ": there is no such file");
}

TEST_F(BenchText, folder_in_place_of_a_file) {
  fs::create_directory(path_);
  EXPECT_EQ(message(), ": is not a file");
}

TEST_F(BenchText, text_that_is_not_toml) {
  EXPECT_THAT(mistake("[stations.A1]\nboard = 6000i-A\n"), StartsWith(":4: "));
}

TEST_F(BenchText, bytes_that_are_not_utf_8) {
  EXPECT_THAT(mistake("[stations.A1]\nboard = \"\xff\xfe\"\n"), StartsWith(":4: "));
}

TEST_F(BenchText, kinds_that_this_version_does_not_serve) {
  for (const std::string kind : {"rehearsal", "hardware"}) {
    write("usb = true\n", kind);  // refused for its kind, whatever else it says
    EXPECT_EQ(message(), ":1: kind: '" + kind +
                             "' is not served by this version; this version serves: "
                             "virtual");
  }
}

TEST_F(BenchText, kind_that_does_not_exist) {
  write(first(), "Virtual");
  EXPECT_EQ(message(),
            ":1: kind: 'Virtual' is no kind of bench; this version serves: virtual");
}

TEST_F(BenchText, missing_kind) {
  std::ofstream(path_) << first();
  EXPECT_EQ(message(), ": kind: is missing");
}

TEST_F(BenchText, unknown_key_of_the_bench) {
  EXPECT_EQ(mistake("name = \"lab\"\n" + first()),
            ":3: name: unknown key; there are: kind, boards, stations");
}

TEST_F(BenchText, unknown_key_of_a_station) {
  EXPECT_EQ(mistake(first("onexit = \"off\"")),
            ":8: stations.A1.onexit: unknown key; there are: board, serial, user_code, "
            "programming_code, defects, on_exit");
}

TEST_F(BenchText, missing_key_takes_the_line_of_its_station) {
  EXPECT_EQ(mistake("[stations.A1]\nboard = \"6000i-A\"\n"),
            ":3: stations.A1.serial: is missing");
}

TEST_F(BenchText, no_stations) {
  EXPECT_EQ(mistake(""), ": stations: is missing");
  EXPECT_EQ(mistake("[stations]\n"), ":3: stations: a bench has one station at least");
}

TEST_F(BenchText, list_of_stations_in_place_of_a_table) {
  EXPECT_EQ(mistake("[[stations]]\nname = \"A1\"\n"), ":3: stations: must be a table");
}

TEST_F(BenchText, station_that_is_no_table) {
  EXPECT_EQ(mistake("[stations]\nA1 = \"6000i-A\"\n"),
            ":4: stations.A1: must be a table");
}

TEST_F(BenchText, station_twice) {
  const std::string what = mistake(first() + station("A1", "S2", "2581", "70418264"));
  EXPECT_THAT(what, StartsWith(":9: "));
  EXPECT_THAT(what, testing::HasSubstr("stations.A1"));
}

TEST_F(BenchText, station_name_that_no_file_could_carry) {
  EXPECT_EQ(mistake(station("\"A 1\"", "S1", "2580", "70418263")),
            ":3: stations.A 1: a name has letters, digits, - and _ only");
  EXPECT_EQ(mistake(station("\"\"", "S1", "2580", "70418263")),
            ":3: stations.: a name has letters, digits, - and _ only");
}

TEST_F(BenchText, unknown_board_lists_the_boards) {
  EXPECT_EQ(mistake("[stations.A1]\nboard = \"6000i-C\"\nserial = \"S1\"\n"
                    "user_code = \"2580\"\nprogramming_code = \"70418263\"\n"),
            ":4: stations.A1.board: there is no board '6000i-C'; there are: 6000i-A, "
            "6000i-B, 7000i-A");
}

TEST_F(BenchText, folder_of_boards_that_is_not_there) {
  std::ofstream(path_) << "kind = \"virtual\"\nboards = \"nowhere\"\n" << first();
  EXPECT_EQ(message(), ":2: boards: " + (path_.parent_path() / "nowhere").string() +
                           " is not a folder");
}

TEST_F(BenchText, serial_with_odd_characters) {
  EXPECT_EQ(mistake(station("A1", "S/1", "2580", "70418263")),
            ":5: stations.A1.serial: 'S/1' has other characters than letters, digits, "
            "- _");
}

TEST_F(BenchText, codes_that_nobody_can_type) {
  for (const std::string code : {"123", "12345678901", "12a4"}) {
    EXPECT_EQ(mistake(station("A1", "S1", code, "70418263")),
              ":6: stations.A1.user_code: '" + code + "' is not 4 to 10 digits");
    EXPECT_EQ(mistake(station("A1", "S1", "2580", code)),
              ":7: stations.A1.programming_code: '" + code + "' is not 4 to 10 digits");
  }
  EXPECT_EQ(mistake(station("A1", "S1", "", "70418263")),
            ":6: stations.A1.user_code: must not be empty");
}

TEST_F(BenchText, one_code_for_both_uses) {
  EXPECT_EQ(mistake(station("A1", "S1", "2580", "2580")),
            ":7: stations.A1.programming_code: is the user code too");
}

TEST_F(BenchText, preset_that_the_world_knows) {
  const std::string why =
      " is a preset that the world knows, which needs the defect shared-codes";
  EXPECT_EQ(mistake(station("A1", "S1", "1234", "70418263")),
            ":6: stations.A1.user_code: 1234" + why);
  EXPECT_EQ(mistake(station("A1", "S1", "2580", "00000000")),
            ":7: stations.A1.programming_code: 00000000" + why);
  EXPECT_EQ(
      mistake(station("A1", "S1", "1234", "00000000", "defects = [\"shared-codes\"]")),
      "accepted");
}

TEST_F(BenchText, unknown_defect_lists_the_defects) {
  EXPECT_EQ(mistake(first("defects = [\n  \"no-rollback\",\n  \"no-roll-back\",\n]")),
            ":10: stations.A1.defects[1]: no defect no-roll-back; there are: "
            "lockstate-2017 no-rollback shared-codes no-reconnect torn-settings");
}

TEST_F(BenchText, defects_that_are_no_list_of_texts) {
  EXPECT_EQ(mistake(first("defects = \"no-rollback\"")),
            ":8: stations.A1.defects: must be a list of texts");
  EXPECT_EQ(mistake(first("defects = [1]")),
            ":8: stations.A1.defects[0]: must be a text in quotes");
}

TEST_F(BenchText, unknown_end_of_power) {
  EXPECT_EQ(mistake(first("on_exit = \"on\"")),
            ":8: stations.A1.on_exit: 'on' is neither off nor keep");
}

TEST_F(BenchText, serial_twice) {
  EXPECT_EQ(mistake(first() + station("A2", "S1", "2581", "70418264")),
            ":11: stations.A2.serial: is that of A1 too");
}

TEST_F(BenchText, codes_twice) {
  const std::string why =
      "is that of A1 too, and not both have the defect shared-codes";
  EXPECT_EQ(mistake(first() + station("A2", "S2", "2580", "70418264")),
            ":12: stations.A2.user_code: " + why);
  EXPECT_EQ(mistake(first() + station("A2", "S2", "2581", "70418263")),
            ":13: stations.A2.programming_code: " + why);
}

TEST_F(BenchText, codes_twice_are_what_shared_codes_are) {
  const std::string shared = "defects = [\"shared-codes\"]";
  const std::string golden = station("A1", "S1", "2580", "70418263");
  const std::string known_bad = station("A1", "S1", "2580", "70418263", shared);
  const std::string other = station("A2", "S2", "2580", "70418263", shared);
  EXPECT_EQ(mistake(known_bad + other), "accepted");
  EXPECT_EQ(mistake(golden + other),
            ":12: stations.A2.user_code: is that of A1 too, and not both have the "
            "defect shared-codes");
}

}  // namespace
}  // namespace lockrig::bench
