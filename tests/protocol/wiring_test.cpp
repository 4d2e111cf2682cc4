#include "rig/protocol/wiring.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "rig/core/error.hpp"
#include "rig/protocol/keypad_map.hpp"

namespace lockrig::mpsse {
namespace {

const std::string kBoards = LOCKRIG_ROOT "/fixtures/boards/";

std::string read_file(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

class TableTest : public testing::Test {
 protected:
  // The process number keeps tests that run side by side apart.
  const std::string path_ =
      testing::TempDir() + "lockrig_table_" + std::to_string(getpid()) + ".csv";

  void write(const std::string& text) const { std::ofstream(path_) << text; }
  void TearDown() override { std::filesystem::remove(path_); }

  // The good file with one piece replaced; "" for `from` appends.
  static std::string with(std::string text, const std::string& from,
                          const std::string& to) {
    const std::size_t at = from.empty() ? text.size() : text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  }

  template <class Load>
  std::string mistake(Load load, const std::string& text) const {
    write(text);
    try {
      load(path_);
    } catch (const BadInput& error) {
      const std::string what = error.what();
      EXPECT_EQ(what.rfind(path_, 0), 0u) << what;
      return what.substr(std::min(what.size(), path_.size()));
    }
    return "accepted";
  }
};

class WiringFile : public TableTest {
 protected:
  const std::string good_ = read_file(kBoards + "6000i/wiring.csv");
  std::string mistake_with(const std::string& from, const std::string& to,
                           const Chip& chip = kFt2232h) const {
    return mistake([&](const std::string& path) { load_wiring(path, chip); },
                   with(good_, from, to));
  }
};

TEST_F(WiringFile, knows_the_6000i) {
  const Wiring wiring = load_wiring(kBoards + "6000i/wiring.csv");
  EXPECT_EQ(wiring.lines().size(), 15u);
  EXPECT_EQ(wiring.at("power").bit, 14);
  EXPECT_TRUE(wiring.at("power").output);
  EXPECT_FALSE(wiring.at("bolt_extended").active_high);
  EXPECT_EQ(wiring.at("busy").bit, kGpiol1Bit);
  EXPECT_FALSE(wiring.has("key_a0"));
  EXPECT_EQ(wiring.direction(), 0b0110'0110'1100'1010);
  EXPECT_EQ(wiring.idle(), 0x0080);  // keypad_enable alone is active low
}

TEST_F(WiringFile, knows_the_7000i) {
  const Wiring wiring = load_wiring(kBoards + "7000i/wiring.csv");
  EXPECT_EQ(wiring.lines().size(), 15u);
  EXPECT_FALSE(wiring.has("dip"));
  EXPECT_FALSE(wiring.has("keypad_data"));
  EXPECT_EQ(wiring.direction(), 0b1110'0110'1100'1000);
  EXPECT_EQ(wiring.idle(), 0x4000);  // key_strobe alone is active low
}

TEST_F(WiringFile, is_really_wrong_for_the_other_model) {
  const Wiring one = load_wiring(kBoards + "6000i/wiring.csv");
  const Wiring other = load_wiring(kBoards + "7000i/wiring.csv");
  for (const char* name : {"power", "discharge", "isolate", "rail", "bolt_extended",
                           "bolt_retracted", "led_red", "led_green"}) {
    EXPECT_NE(one.at(name).bit, other.at(name).bit) << name;
  }
}

TEST_F(WiringFile, translates_between_active_and_electrical) {
  const Wiring wiring = load_wiring(kBoards + "6000i/wiring.csv");
  const Line& power = wiring.at("power");
  const Line& enable = wiring.at("keypad_enable");
  EXPECT_FALSE(Wiring::active(wiring.idle(), power));
  EXPECT_FALSE(Wiring::active(wiring.idle(), enable));
  for (const Line& line : wiring.lines()) {
    for (const bool active : {false, true}) {
      for (const std::uint16_t before : {0x0000, 0xffff, 0x5555}) {
        const std::uint16_t after = Wiring::with(before, line, active);
        EXPECT_EQ(Wiring::active(after, line), active);
        EXPECT_EQ((after ^ before) & ~line.mask(), 0);
      }
    }
  }
  EXPECT_EQ(Wiring::with(0, enable, true), 0);
  EXPECT_EQ(Wiring::with(0, power, true), 0x4000);
}

TEST_F(WiringFile, refuses_to_name_a_line_that_is_not_there) {
  const Wiring wiring = load_wiring(kBoards + "7000i/wiring.csv");
  EXPECT_THROW(wiring.at("dip"), std::invalid_argument);
}

TEST_F(WiringFile, may_leave_out_the_optional_lines) {
  std::string text;
  std::istringstream in(good_);
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("busy,", 0) && line.rfind("dip,", 0) && line.rfind("beeper,", 0)) {
      text += line + "\n";
    }
  }
  write(text);
  const Wiring wiring = load_wiring(path_);
  EXPECT_EQ(wiring.lines().size(), 12u);
  EXPECT_FALSE(wiring.has("busy"));
}

TEST_F(WiringFile, names_file_line_and_column_of_each_mistake) {
  EXPECT_EQ(mistake_with("power,ACBUS", "power,BCBUS"),
            ":18: bus: 'BCBUS' is neither ADBUS nor ACBUS");
  EXPECT_EQ(mistake_with("power,ACBUS,6", "power,ACBUS,x"),
            ":18: bit: 'x' is not a number");
  EXPECT_EQ(mistake_with("power,ACBUS,6", "power,ACBUS,"),
            ":18: bit: '' is not a number");
  EXPECT_EQ(mistake_with("power,ACBUS,6", "power,ACBUS,8"),
            ":18: bit: 8 is not within 0-7");
  EXPECT_EQ(mistake_with("power,ACBUS,6", "power,ACBUS,-1"),
            ":18: bit: -1 is not within 0-7");
  EXPECT_EQ(mistake_with("power,ACBUS,6", "power,ADBUS,7"),
            ":18: bit: ADBUS7 already carries keypad_enable");
  EXPECT_EQ(mistake_with("power,ACBUS,6,out", "power,ACBUS,6,both"),
            ":18: direction: 'both' is neither out nor in");
  EXPECT_EQ(mistake_with("power,ACBUS,6,out", "power,ACBUS,6,in"),
            ":18: direction: power must be out");
  EXPECT_EQ(mistake_with("rail,ADBUS,2,in", "rail,ADBUS,2,out"),
            ":6: direction: rail must be in");
  EXPECT_EQ(mistake_with("power,ACBUS,6,out,high", "power,ACBUS,6,out,1"),
            ":18: active: '1' is neither high nor low");
  EXPECT_EQ(mistake_with("busy,ADBUS,5", "busy,ADBUS,0"),
            ":9: bit: busy on ADBUS0, which is the MPSSE clock");
  EXPECT_EQ(mistake_with("power,ACBUS,6", "power,ADBUS,0"),
            ":18: bit: power on ADBUS0, which is the MPSSE clock");
  EXPECT_EQ(mistake_with("power,", "pwoer,"), ":18: line: unknown line 'pwoer'");
  EXPECT_EQ(mistake_with("power,ACBUS,6,out,high", "dip,ACBUS,6,out,high"),
            ":18: line: 'dip' is there twice");
}

TEST_F(WiringFile, keeps_outputs_off_the_pins_of_the_uart) {
  for (const std::string pin :
       {"ADBUS,2", "ADBUS,4", "ACBUS,0", "ACBUS,3", "ACBUS,4"}) {
    std::string name = pin;
    name.erase(5, 1);
    EXPECT_EQ(mistake_with("power,ACBUS,6", "power," + pin),
              ":18: bit: output power on " + name +
                  ", which the UART drives outside MPSSE mode");
  }
}

TEST_F(WiringFile, keeps_busy_on_the_pin_the_chip_can_wait_for) {
  EXPECT_EQ(mistake_with("busy,ADBUS,5", "busy,ADBUS,2"),
            ":9: bit: busy must be on ADBUS5, the pin the chip can wait for");
}

TEST_F(WiringFile, asks_for_the_lines_no_station_can_do_without) {
  for (const std::string name :
       {"power", "discharge", "isolate", "rail", "bolt_extended", "bolt_retracted",
        "keypad_data", "keypad_clock", "keypad_latch", "keypad_enable"}) {
    EXPECT_EQ(mistake_with("\n" + name + ",", "\n#" + name + ","),
              ": " + name + ": line is missing");
  }
}

TEST_F(WiringFile, refuses_lines_of_two_keypads) {
  EXPECT_EQ(mistake_with("dip,", "key_a0,"),
            ": lines of two kinds of keypad (keypad_*, key_*)");
}

TEST_F(WiringFile, names_what_is_wrong_with_the_table_itself) {
  EXPECT_EQ(mistake_with("line,bus,bit,direction", "line,bus,bit,dir"),
            ":4: dir: unknown column");
  EXPECT_EQ(mistake_with("active,purpose", "active"), ":4: purpose: column is missing");
  EXPECT_EQ(mistake_with("active,purpose", "active,active"),
            ":4: active: column is there twice");
  EXPECT_EQ(mistake_with("", "dip,ACBUS\n"), ":20: too few columns");
  EXPECT_EQ(mistake_with("", "dip,ACBUS,2,out,high,a,b\n"), ":20: too many columns");
  EXPECT_EQ(mistake([](const std::string& path) { load_wiring(path); }, ""),
            ": is empty");
  EXPECT_THROW(load_wiring(kBoards + "5000i/wiring.csv"), BadInput);
}

TEST_F(WiringFile, of_an_ft2232h_serves_an_ft232h) {
  for (const std::string model : {"6000i", "7000i"}) {
    const std::string path = kBoards + model + "/wiring.csv";
    EXPECT_EQ(load_wiring(path, kFt232h).idle_pins(), load_wiring(path).idle_pins());
  }
  EXPECT_EQ(mistake_with("power,ACBUS,6", "power,BDBUS,6", kFt232h),
            ":18: bus: 'BDBUS' is neither ADBUS nor ACBUS");
}

/// The 6000i on the 14 pins that an FT4232H leaves: outputs on 1, 3, 5, 6, 7.
class PairWiringFile : public TableTest {
 protected:
  const std::string good_ =
      "line,bus,bit,direction,active,purpose\n"
      "power,ADBUS,1,out,high,\n"
      "discharge,ADBUS,3,out,high,\n"
      "isolate,ADBUS,5,out,high,\n"
      "dip,ADBUS,6,out,high,\n"
      "led_red,ADBUS,7,in,high,\n"
      "rail,ADBUS,2,in,high,\n"
      "beeper,ADBUS,4,in,high,\n"
      "keypad_data,BDBUS,1,out,high,\n"
      "keypad_clock,BDBUS,3,out,high,\n"
      "keypad_latch,BDBUS,5,out,high,\n"
      "keypad_enable,BDBUS,6,out,low,\n"
      "led_green,BDBUS,7,in,high,\n"
      "bolt_extended,BDBUS,2,in,low,\n"
      "bolt_retracted,BDBUS,4,in,low,\n";
  std::string mistake_with(const std::string& from, const std::string& to) const {
    return mistake([](const std::string& path) { load_wiring(path, kFt4232h); },
                   with(good_, from, to));
  }
};

TEST_F(PairWiringFile, counts_the_second_channel_from_bit_8) {
  write(good_);
  const Wiring wiring = load_wiring(path_, kFt4232h);
  EXPECT_EQ(wiring.at("keypad_data").bit, 9);
  EXPECT_EQ(wiring.direction(), 0b0110'1010'0110'1010);
  EXPECT_EQ(wiring.idle(), 0x4000);
  EXPECT_EQ(mistake([](const std::string& path) { load_wiring(path); }, good_),
            ":9: bus: 'BDBUS' is neither ADBUS nor ACBUS");
}

TEST_F(PairWiringFile, bars_clock_and_uart_of_both_channels) {
  EXPECT_EQ(mistake_with("BDBUS,1", "BDBUS,0"),
            ":9: bit: keypad_data on BDBUS0, which is the MPSSE clock");
  EXPECT_EQ(mistake_with("rail,ADBUS,2", "rail,ADBUS,0"),
            ":7: bit: rail on ADBUS0, which is the MPSSE clock");
  for (const std::string pin : {"2", "4"}) {
    EXPECT_EQ(mistake_with("BDBUS,1", "BDBUS," + pin),
              ":9: bit: output keypad_data on BDBUS" + pin +
                  ", which the UART drives outside MPSSE mode");
  }
  EXPECT_EQ(mistake_with("BDBUS,1", "ACBUS,1"),
            ":9: bus: 'ACBUS' is neither ADBUS nor BDBUS");
}

TEST_F(PairWiringFile, has_no_busy_as_its_channels_cannot_wait_together) {
  EXPECT_EQ(mistake_with("isolate,ADBUS,5,out", "busy,ADBUS,5,in"),
            ":4: line: the two channels of an FT4232H cannot wait for busy together: "
            "leave it out");
}

class KeypadFile : public TableTest {
 protected:
  const std::string good_ = read_file(kBoards + "6000i/keypad.csv");
  std::string mistake_with(const std::string& from, const std::string& to) const {
    return mistake(load_keypad_map, with(good_, from, to));
  }
};

TEST_F(KeypadFile, maps_keys_to_switches_and_back) {
  for (const std::string model : {"6000i", "7000i"}) {
    const KeypadMap map = load_keypad_map(kBoards + model + "/keypad.csv");
    EXPECT_EQ(map.keys().size(), 13u);
    for (const auto& [key, code] : map.keys()) {
      EXPECT_EQ(map.code(key), code);
      EXPECT_EQ(map.key_at(code), key);
    }
    EXPECT_EQ(map.code(KeypadMap::kReset), 15);
    EXPECT_EQ(map.key_at(12), "");
    EXPECT_FALSE(map.has("*"));
    EXPECT_THROW(map.code("*"), std::invalid_argument);
  }
}

TEST_F(KeypadFile, is_really_wrong_for_the_other_model) {
  const KeypadMap one = load_keypad_map(kBoards + "6000i/keypad.csv");
  const KeypadMap other = load_keypad_map(kBoards + "7000i/keypad.csv");
  for (const auto& [key, code] : one.keys()) {
    if (key == KeypadMap::kReset) continue;
    EXPECT_NE(other.code(key), code) << key;
  }
}

TEST_F(KeypadFile, names_file_line_and_column_of_each_mistake) {
  EXPECT_EQ(mistake_with("\n5,4", "\n*,4"), ":8: key: unknown key '*'");
  EXPECT_EQ(mistake_with("\n5,4", "\n4,4"), ":8: key: '4' is there twice");
  EXPECT_EQ(mistake_with("\n5,4", "\n5,3"), ":8: code: 3 already presses 4");
  EXPECT_EQ(mistake_with("\n5,4", "\n5,16"), ":8: code: 16 is not within 0-15");
  EXPECT_EQ(mistake_with("\n5,4", "\n5,four"), ":8: code: 'four' is not a number");
  EXPECT_EQ(mistake_with("\n5,4", "\n#5,4"), ": 5: key is missing");
  EXPECT_EQ(mistake_with("\n5,4", "\n5"), ":8: too few columns");
  EXPECT_EQ(mistake_with("key,code", "key,switch"), ":3: switch: unknown column");
  EXPECT_EQ(mistake_with("\n5,4", "\n5,15"),
            ":8: code: switch 15 is behind the interlock: R and no other key");
  EXPECT_EQ(mistake_with("R,15", "R,14"),
            ":16: code: switch 15 is behind the interlock: R and no other key");
}

}  // namespace
}  // namespace lockrig::mpsse
