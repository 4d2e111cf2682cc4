#include "rig/bench/bench_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "rig/core/error.hpp"
#include "rig/twin/defects.hpp"

namespace lockrig::bench {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

const fs::path kFixtures = LOCKRIG_ROOT "/fixtures";
const fs::path kVirtual = kFixtures / "benches/virtual.toml";

TEST(VirtualBench, has_three_stations_in_the_order_of_the_file) {
  const BenchFile bench = load_bench(kVirtual);
  EXPECT_EQ(bench.path, kVirtual.string());
  EXPECT_EQ(bench.kind, Kind::virtual_twins);
  EXPECT_EQ(bench.boards_dir, kFixtures / "boards");
  std::vector<std::string> stations;
  for (const StationEntry& s : bench.stations)
    stations.push_back(s.name + " " + s.board);
  EXPECT_THAT(stations, ElementsAre("A1 6000i-A", "A2 6000i-B", "B1 7000i-A"));
}

TEST(ProgramBench, may_have_a_board_that_is_no_lock_and_a_login_step_that_only_waits) {
  const BenchFile bench = load_bench(kFixtures / "benches/uboot.toml");
  ASSERT_EQ(bench.stations.size(), 1u);
  const StationEntry& station = bench.stations[0];
  EXPECT_FALSE(bench.boards.at(station.board).is_lock);
  ASSERT_TRUE(station.program.disk);
  EXPECT_EQ(station.program.disk->kib, 1024);
  ASSERT_EQ(station.profile->login.size(), 2u);
  EXPECT_EQ(station.profile->login[0].send, " ");
  EXPECT_EQ(station.profile->login[1].send, "");
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

TEST_F(BenchText, kind_that_does_not_exist) {
  write(first(), "Virtual");
  EXPECT_EQ(message(),
            ":1: kind: 'Virtual' is no kind of bench; there are: virtual, rehearsal, "
            "hardware, programs");
}

TEST_F(BenchText, missing_kind) {
  std::ofstream(path_) << first();
  EXPECT_EQ(message(), ": kind: is missing");
}

TEST_F(BenchText, image_that_no_slot_holds) {
  EXPECT_EQ(mistake("image_kib = 128\n" + first()),
            ":3: image_kib: 128 KiB do not fit into the 64 KiB of a 6000i-A");
}

TEST_F(BenchText, unknown_key_of_the_bench) {
  EXPECT_EQ(mistake("name = \"lab\"\n" + first()),
            ":3: name: unknown key; there are: kind, boards, image_kib, nightly, "
            "share_equal_boards, board, stations");
}

TEST_F(BenchText, unknown_key_of_a_station) {
  EXPECT_EQ(
      mistake(first("onexit = \"off\"")),
      ":8: stations.A1.onexit: unknown key; there are: board, on_exit, supply, "
      "min_off_ms, key_drive_max_s, key_hold_ms, key_gap_ms, baseline, reset_key, "
      "serial, user_code, programming_code, keeps_slip_codes, station_faults, defects");
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

TEST_F(BenchText, a_fault_of_a_station_is_of_an_output_that_it_has) {
  const std::string fault = "station_faults = [\"shorted_low:dip\"]";
  const BenchFile bench = load(first(fault));
  EXPECT_THAT(bench.stations.at(0).station_faults, ElementsAre("shorted_low:dip"));
  EXPECT_THAT(mistake(first("station_faults = [\"shorted_low:rail\"]")),
              HasSubstr("station_faults[0]: a station has no fault "
                        "\"shorted_low:rail\"; there are: back_powered"));
}

TEST_F(BenchText, unknown_defect_lists_the_defects) {
  std::string all;
  for (const std::string_view each : twin::kAll) all += " " + std::string(each);
  EXPECT_EQ(mistake(first("defects = [\n  \"no-rollback\",\n  \"no-roll-back\",\n]")),
            ":10: stations.A1.defects[1]: no defect no-roll-back; there are:" + all);
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

// --- stations of real devices ------------------------------------------------------

TEST(SampleOfHardware, loads_with_every_key_that_there_is) {
  const BenchFile bench = load_bench(kFixtures / "benches/hardware.toml");
  EXPECT_EQ(bench.kind, Kind::hardware);
  ASSERT_EQ(bench.stations.size(), 3u);
  const StationEntry& a1 = bench.stations[0];
  EXPECT_EQ(a1.gpio.chip, "FT2232H");
  EXPECT_EQ(a1.gpio.usb_serial, "LR1001");
  EXPECT_EQ(a1.console->usb_serial, "LR1001");
  EXPECT_EQ(a1.console->interface, 1);
  EXPECT_EQ(a1.console->baud, 115200);
  EXPECT_EQ(a1.portal, "192.0.2.10:8081");
  EXPECT_FALSE(a1.reset_key);
  EXPECT_EQ(a1.min_off, 250ms);
  EXPECT_EQ(a1.key_drive_max, 30s);
  EXPECT_EQ(a1.supply->line->usb_serial, "PS0001");
  EXPECT_EQ(a1.supply->config.max_mv, 6600);
  EXPECT_EQ(a1.supply->config.max_ma, 3000);
  EXPECT_THAT(a1.probe, ElementsAre("probe-6000i", "--target", "A1"));
}

TEST(SampleOfHardware, has_a_station_on_each_chip) {
  const BenchFile bench = load_bench(kFixtures / "benches/hardware.toml");
  const StationEntry& b1 = bench.stations.at(1);
  EXPECT_EQ(b1.gpio.chip, "FT232H");
  EXPECT_THAT(b1.console->path, StartsWith("/dev/serial/by-path/"));
  EXPECT_EQ(b1.wiring.at("power").bit, 7);  // the 7000i's own
  const StationEntry& a2 = bench.stations.at(2);
  EXPECT_EQ(a2.gpio.chip, "FT4232H");
  EXPECT_EQ(a2.console->interface, 2);
  EXPECT_EQ(a2.wiring.at("power").bit, 1);  // a wiring of its own
  EXPECT_FALSE(a2.wiring.has("busy"));
}

TEST(RehearsalBench, loads_and_lays_its_own_values_over_the_boards) {
  const BenchFile bench = load_bench(kFixtures / "benches/rehearsal.toml");
  EXPECT_EQ(bench.kind, Kind::rehearsal);
  EXPECT_EQ(bench.image_bytes, 8u * 1024);
  EXPECT_FALSE(bench.nightly.empty());
  EXPECT_EQ(bench.boards.at("6000i-A").model.baud, 921600);
}

class DevicesText : public BenchText {
 protected:
  const fs::path csv_ = fs::path(testing::TempDir()) /
                        ("lockrig_wiring_" + std::to_string(getpid()) + ".csv");

  void TearDown() override {
    fs::remove(csv_);
    BenchText::TearDown();
  }

  static constexpr const char* kGpio = "gpio = { usb_serial = \"LR1\" }\n";
  static constexpr const char* kPortal = "portal = \"192.0.2.1:8081\"\n";

  std::string refusal(const std::string& rest,
                      const std::string& kind = "hardware") const {
    write(rest, kind);
    return message();
  }
  // Line 8 is the gpio, line 9 the portal, `more` begins at line 10.
  static std::string real(const std::string& more = "",
                          const std::string& gpio = kGpio) {
    return station("A1", "S1", "2580", "70418263", gpio + kPortal + more);
  }
  // Begins at line 10, its gpio is at line 15, its portal at line 16.
  static std::string second(const std::string& gpio, const std::string& portal,
                            const std::string& more = "") {
    return station("A2", "S2", "2581", "70418264",
                   "gpio = { " + gpio + " }\nportal = \"" + portal + "\"\n" + more);
  }
  // The 6000i's wiring with one line more, or another one in the place of `line`.
  std::string refusal_of_wiring(const std::string& line, const std::string& row) const {
    std::ifstream own(kFixtures / "boards/6000i/wiring.csv");
    std::ofstream changed(csv_);
    for (std::string text; std::getline(own, text);) {
      changed << (text.starts_with(line + ",") ? row : text) << "\n";
    }
    changed.close();
    write(real("wiring = \"" + csv_.string() + "\""), "hardware");
    try {
      load_bench(path_);
    } catch (const BadInput& error) {
      const std::string what = error.what();
      EXPECT_THAT(what, StartsWith(csv_.string()));
      return what.substr(std::min(what.size(), csv_.string().size()));
    }
    return "accepted";
  }
};

TEST_F(DevicesText, may_leave_out_all_but_gpio_and_portal) {
  write(real(), "hardware");
  const StationEntry a1 = load_bench(path_).stations.at(0);
  EXPECT_EQ(a1.gpio.chip, "FT2232H");
  EXPECT_FALSE(a1.console || a1.supply);
  EXPECT_THAT(a1.probe, IsEmpty());
  EXPECT_EQ(a1.wiring.at("power").bit, 14);  // the board's own
  EXPECT_EQ(a1.key_drive_max, 1min);
}

TEST_F(DevicesText, missing_gpio_and_portal) {
  EXPECT_EQ(refusal(first(kPortal)), ":3: stations.A1.gpio: is missing");
  EXPECT_EQ(refusal(first(kGpio)), ":3: stations.A1.portal: is missing");
}

TEST_F(DevicesText, unknown_board) {
  std::string text = real();
  text.replace(text.find("6000i-A"), 7, "8000i-A");
  EXPECT_EQ(refusal(text),
            ":4: stations.A1.board: there is no board '8000i-A'; there are: 6000i-A, "
            "6000i-B, 7000i-A");
}

TEST_F(DevicesText, unknown_chip) {
  EXPECT_EQ(refusal(real("", "gpio = { chip = \"FT2232C\", usb_serial = \"LR1\" }\n")),
            ":8: stations.A1.gpio.chip: 'FT2232C' is no chip of ours; there are: "
            "FT2232H, FT232H, FT4232H");
}

TEST_F(DevicesText, unknown_key_of_a_device) {
  EXPECT_EQ(refusal(real("", "gpio = { serial = \"LR1\" }\n")),
            ":8: stations.A1.gpio.serial: unknown key; there are: chip, usb_serial");
}

TEST_F(DevicesText, two_lines_on_one_pin) {
  EXPECT_EQ(refusal_of_wiring("led_red", "led_red,ACBUS,0,in,high,"),
            ":16: bit: ACBUS0 already carries led_green");
}

TEST_F(DevicesText, one_line_on_two_pins_or_as_an_input) {
  EXPECT_EQ(refusal_of_wiring("led_red", "isolate,ACBUS,4,in,high,"),
            ":16: direction: isolate must be out");
  EXPECT_EQ(refusal_of_wiring("power", "isolate,ACBUS,6,out,high,"),
            ":18: line: 'isolate' is there twice");
}

TEST_F(DevicesText, output_on_the_clock_of_the_mpsse) {
  EXPECT_EQ(refusal_of_wiring("power", "power,ADBUS,0,out,high,"),
            ":18: bit: power on ADBUS0, which is the MPSSE clock");
}

TEST_F(DevicesText, output_on_a_pin_that_carries_a_uart_signal) {
  for (const std::string pin : {"ADBUS,2", "ADBUS,4", "ACBUS,3", "ACBUS,4"}) {
    std::string name = pin;
    name.erase(name.find(','), 1);
    EXPECT_EQ(refusal_of_wiring("power", "power," + pin + ",out,high,"),
              ":18: bit: output power on " + name +
                  ", which the UART drives outside MPSSE mode");
  }
}

TEST_F(DevicesText, wiring_of_another_chip) {
  write(real("", "gpio = { chip = \"FT4232H\", usb_serial = \"LR1\" }\n"), "hardware");
  try {
    load_bench(path_);
    FAIL() << "accepted";
  } catch (const BadInput& error) {
    EXPECT_EQ(std::string(error.what()),
              (kFixtures / "boards/6000i/wiring.csv").string() +
                  ":9: line: the two channels of an FT4232H cannot wait for busy "
                  "together: leave it out");
  }
}

TEST_F(DevicesText, two_stations_on_one_device) {
  EXPECT_EQ(refusal(real() + second("usb_serial = \"LR1\"", "192.0.2.1:8082")),
            ":16: stations.A2.gpio.usb_serial: LR1 is that of A1 too");
}

TEST_F(DevicesText, two_stations_on_one_console) {
  const std::string console = "console = { path = \"/dev/tty\", baud = 9600 }\n";
  EXPECT_EQ(refusal(real(console) +
                    second("usb_serial = \"LR2\"", "192.0.2.1:8082", console)),
            ":19: stations.A2.console: /dev/tty (console) is that of A1 too");
}

TEST_F(DevicesText, console_on_a_channel_that_drives_lines) {
  EXPECT_EQ(refusal(real("console = { usb_serial = \"LR1\", interface = 0, "
                         "baud = 9600 }")),
            ":10: stations.A1.console.interface: interface 0 of LR1 drives the "
            "station's lines by MPSSE");
  EXPECT_EQ(
      refusal(real() + second("usb_serial = \"LR2\"", "192.0.2.1:8082",
                              "console = { usb_serial = \"LR1\", interface = 0, "
                              "baud = 9600 }")),
      ":18: stations.A2.console: LR1 interface 0 drives the lines of A1 by MPSSE");
}

TEST_F(DevicesText, console_of_one_on_a_channel_that_drives_the_lines_of_another) {
  EXPECT_EQ(refusal(real("console = { usb_serial = \"LR2\", interface = 0, "
                         "baud = 9600 }\n") +
                    second("usb_serial = \"LR2\"", "192.0.2.1:8082")),
            ":17: stations.A2.gpio.usb_serial: LR2 interface 0 (console) is that of A1 "
            "too");
}

TEST_F(DevicesText, console_on_a_channel_that_the_chip_has_not) {
  EXPECT_EQ(refusal(real("console = { usb_serial = \"LR1\", interface = 1, baud = 9600 "
                         "}",
                         "gpio = { chip = \"FT232H\", usb_serial = \"LR1\" }\n")),
            ":10: stations.A1.console.interface: an FT232H has no interface 1");
}

TEST_F(DevicesText, supply_on_the_console) {
  EXPECT_EQ(refusal(real("console = { path = \"/dev/tty\", baud = 9600 }\n"
                         "supply = { path = \"/dev/tty\", baud = 9600, "
                         "max_mv = 6000, max_ma = 1000 }")),
            ":11: stations.A1.supply: /dev/tty is the station's console");
}

TEST_F(DevicesText, two_stations_on_one_portal) {
  EXPECT_EQ(refusal(real() + second("usb_serial = \"LR2\"", "192.0.2.1:8081")),
            ":17: stations.A2.portal: 192.0.2.1:8081 is that of A1 too");
}

TEST_F(DevicesText, portal_that_is_no_address) {
  for (const std::string portal : {"192.0.2.1", ":80", "192.0.2.1:0", "192.0.2.1:8o"}) {
    EXPECT_EQ(refusal(first(kGpio + ("portal = \"" + portal + "\"\n"))),
              ":9: stations.A1.portal: '" + portal +
                  "' is not ADDRESS:PORT, as 192.0.2.1:8080");
  }
}

TEST_F(DevicesText, serial_line_by_path_and_by_usb_serial_number) {
  for (const std::string where :
       {"baud = 9600", "path = \"/dev/tty\", usb_serial = \"LR1\", baud = 9600"}) {
    EXPECT_EQ(
        refusal(real("console = { " + where + " }")),
        ":10: stations.A1.console: must have either usb_serial (and interface) or "
        "path");
  }
  EXPECT_EQ(
      refusal(real("console = { path = \"/dev/tty\", interface = 1, baud = 9600 }")),
      ":10: stations.A1.console.interface: goes with usb_serial, not with path");
}

TEST_F(DevicesText, speed_that_no_chip_makes) {
  EXPECT_EQ(refusal(real("console = { path = \"/dev/tty\", baud = 4000000 }")),
            ":10: stations.A1.console.baud: 4000000 is not within 300-3000000");
}

TEST_F(DevicesText, supply_without_a_limit) {
  EXPECT_EQ(refusal(real("supply = { path = \"/dev/tty\", baud = 9600, "
                         "max_ma = 1000 }")),
            ":10: stations.A1.supply.max_mv: is missing");
}

TEST_F(DevicesText, probe_without_a_command) {
  EXPECT_EQ(refusal(real("probe = []")), ":10: stations.A1.probe: must name a command");
}

TEST_F(DevicesText, what_only_twins_have) {
  EXPECT_THAT(refusal(real("defects = [\"no-rollback\"]")),
              StartsWith(":10: stations.A1.defects: unknown key; there are: "));
  EXPECT_EQ(refusal("[board.keypad]\nlock_out_s = 5\n" + real()),
            ":3: board: unknown key; there are: kind, boards, image_kib, nightly, "
            "share_equal_boards, stations");
}

TEST_F(DevicesText, mistake_in_what_a_rehearsal_says_of_its_boards) {
  EXPECT_EQ(refusal("[board.keypad]\nlockout_s = 5\n" + real(), "rehearsal"),
            ":4: board.keypad.lockout_s: unknown key; there are: debounce_ms, "
            "entry_timeout_s, auto_lock_s, wrong_code_limit, lock_out_s");
  EXPECT_EQ(refusal("[board.keypad]\nlock_out_s = -1\n" + real(), "rehearsal"),
            ":4: board.keypad.lock_out_s: -1 is not within 1-86400");
  EXPECT_THAT(refusal("[board.identity]\nvendor = \"x\"\n" + real(), "rehearsal"),
              StartsWith(":3: board.identity: unknown key; there are: "));
}

}  // namespace
}  // namespace lockrig::bench
