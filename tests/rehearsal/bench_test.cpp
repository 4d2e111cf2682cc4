// The whole bench program: stations by a bench file, and the hand on them.
#include <ftdi.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/rehearsal/program.hpp"

namespace lockrig::rehearsal {
namespace {

using testing::HasSubstr;

constexpr const char* kBench = R"(
kind = "rehearsal"
boards = "%"
[stations.A1]
board = "6000i-A"
serial = "RH6A-0001"
user_code = "2580"
programming_code = "70418263"
gpio = { chip = "FT2232H", usb_serial = "LR0001" }
console = { usb_serial = "LR0001", interface = 1, baud = 921600 }
portal = "127.0.0.1:18081"
[stations.B1]
board = "7000i-A"
serial = "RH7A-0001"
user_code = "60372"
programming_code = "81650297"
gpio = { chip = "FT2232H", usb_serial = "LR0002" }
console = { usb_serial = "LR0002", interface = 1, baud = 921600 }
portal = "127.0.0.1:18082"
)";

std::string write_bench() {
  std::string text = kBench;
  text.replace(text.find('%'), 1, LOCKRIG_ROOT "/fixtures/boards");
  const std::string path =
      testing::TempDir() + "lockrig-bench-" + std::to_string(::getpid()) + ".toml";
  std::ofstream(path) << text;
  return path;
}

class BenchTest : public testing::Test {
 protected:
  ~BenchTest() override { std::filesystem::remove(path); }

  void expect_error(const std::vector<std::string>& command, const char* what) {
    try {
      bus.control(command);
      ADD_FAILURE() << command[0] << " was obeyed";
    } catch (const std::runtime_error& error) {
      EXPECT_THAT(error.what(), HasSubstr(what));
    }
  }
  static int chips() {
    ftdi_context* const context = ftdi_new();
    ftdi_device_list* list = nullptr;
    const int found = ftdi_usb_find_all(context, &list, 0x0403, 0x6010);
    ftdi_list_free(&list);
    ftdi_free(context);
    return found;
  }

  const std::string path = write_bench();
  BusProgram bus{{"--bench", path}};
};

TEST_F(BenchTest, every_station_is_a_chip_on_the_bus) { EXPECT_EQ(chips(), 2); }

TEST_F(BenchTest, the_usb_cable_is_a_wire_of_the_station) {
  bus.control({"unplug", "A1", "usb"});
  EXPECT_EQ(chips(), 1);
  bus.control({"replug", "A1", "usb"});
  EXPECT_EQ(chips(), 2);
}

TEST_F(BenchTest, other_wires_are_those_of_the_harness) {
  bus.control({"unplug", "A1", "bolt_extended"});
  bus.control({"replug", "A1", "bolt_extended"});
  expect_error({"unplug", "A1", "bolt"}, "no wire \"bolt\"");
}

TEST_F(BenchTest, a_probe_saves_and_restores_by_name) {
  bus.control({"save", "A1", "baseline"});
  bus.control({"factory", "A1"});
  bus.control({"restore", "A1", "baseline"});
  expect_error({"restore", "B1", "baseline"}, "has saved no baseline");
}

TEST_F(BenchTest, pins_and_flash_are_seen_from_the_outside) {
  // Out of its box the chip is a UART: its outputs idle (twin/ft2232h.hpp).
  EXPECT_EQ(bus.control({"pins", "A1"}), "levels=0x1815 driven=0x1915");
  EXPECT_EQ(bus.control({"slot_writes", "B1"}), "0");
  expect_error({"pins", "A1", "0"}, "no command pins");
}

TEST_F(BenchTest, defects_are_seeded_and_unknown_ones_refused) {
  bus.control({"defects", "A1", "no-rollback", "shared-codes"});
  bus.control({"defects", "A1"});
  expect_error({"defects", "A1", "no-such"}, "no-such");
}

TEST_F(BenchTest, what_is_no_command_is_an_error) {
  expect_error({"dance", "A1", "now"}, "no command dance");
  expect_error({"unplug", "C1", "usb"}, "no station C1");
  expect_error({"unplug"}, "COMMAND");
}

}  // namespace
}  // namespace lockrig::rehearsal
