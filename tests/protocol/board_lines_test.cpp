#include "rig/protocol/board_lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace lockrig::board_lines {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

/// As the document writes it; "?" for what is no message.
std::string written(const std::optional<FromProgram>& message) {
  struct Writer {
    std::string operator()(const Hello& hello) const {
      return "hello " + std::to_string(hello.version);
    }
    std::string operator()(const Show& show) const {
      const char* const names[] = {"led_red", "led_green", "beeper", "busy"};
      const int first = static_cast<int>(Output::led_red);
      return std::string(names[static_cast<int>(show.output) - first]) +
             (show.active ? " on" : " off");
    }
    std::string operator()(const MotorTo& motor) const {
      const char* const names[] = {"off", "retract", "extend"};
      return std::string("motor ") + names[static_cast<int>(motor.drive)];
    }
    std::string operator()(const FlashBegins& flash) const {
      return std::string("flash ") + to_string(flash.kind) + " " + flash.region + " " +
             flash.phase;
    }
    std::string operator()(const Torn&) const { return "torn"; }
  };
  return message ? std::visit(Writer{}, *message) : "?";
}

const std::vector<std::string> kAll = {
    "hello 1",
    "led_red on",
    "led_red off",
    "led_green on",
    "led_green off",
    "beeper on",
    "beeper off",
    "busy on",
    "busy off",
    "motor off",
    "motor retract",
    "motor extend",
    "flash erase slot1 staging",
    "flash program settings_2 run",
    "torn",
};

TEST(BoardLines, every_message_of_a_program_is_read) {
  for (const std::string& line : kAll) {
    EXPECT_EQ(written(parse(line)), line);
    EXPECT_EQ(written(parse(line + "\r")), line) << "a program that ends lines by CRLF";
  }
}

TEST(BoardLines, whatever_else_is_said_is_no_message) {
  const std::vector<std::string> others = {
      "",
      "\r",
      " ",
      "hello",
      "hello 2",
      "hello 1 ",
      " hello 1",
      "hello  1",
      "hello 1 1",
      "hello\t1",
      "HELLO 1",
      "hello 1\r\r",
      "led_red",
      "led_red 1",
      "led_red ON",
      "led_blue on",
      "rail on",
      "bolt_extended on",
      "bolt extended",
      "key 1 close",
      "go",
      "welcome 1",
      "tear 0.5",
      "motor",
      "motor stop",
      "flash",
      "flash erase slot0",
      "flash erase slot0 ",
      "flash erase  staging",
      "flash write slot0 staging",
      "flash erase Slot0 staging",
      "flash erase slot-0 staging",
      "flash erase slot0 staging now",
      "torn ",
      "torn 1",
      std::string("torn\0", 5),
      "led_red on\xc3\xa4",
  };
  for (const std::string& line : others) EXPECT_EQ(written(parse(line)), "?") << line;
}

TEST(BoardLines, the_rig_says_what_the_document_has) {
  EXPECT_EQ(welcome(), "welcome 1\n");
  EXPECT_EQ(key(0, true), "key 0 close\n");
  EXPECT_EQ(key(31, false), "key 31 open\n");
  EXPECT_EQ(bolt(true, false), "bolt extended\n");
  EXPECT_EQ(bolt(false, true), "bolt retracted\n");
  EXPECT_EQ(bolt(false, false), "bolt between\n");
  EXPECT_EQ(go(), "go\n");
  EXPECT_EQ(tear(0.25), "tear 0.25\n");
  EXPECT_EQ(tear(1), "tear 1\n");
}

TEST(BoardLines, a_fraction_is_written_so_that_it_reads_the_same) {
  for (const double fraction : {1.0 / 3, 0.1, 1e-9, 0.999999999}) {
    const std::string line = tear(fraction);
    EXPECT_EQ(std::stod(line.substr(5)), fraction) << line;
  }
}

std::vector<std::string> lines_in(Splitter& splitter) {
  std::vector<std::string> lines;
  while (auto line = splitter.next()) lines.push_back(*line);
  return lines;
}

TEST(BoardLines, lines_come_as_they_were_split_at_every_byte) {
  std::string all;
  for (const std::string& line : kAll) all += line + "\n";
  const Bytes bytes = bytes_of(all);
  for (std::size_t at = 0; at <= bytes.size(); ++at) {
    Splitter splitter;
    std::vector<std::string> lines;
    for (const ByteView piece :
         {ByteView(bytes).first(at), ByteView(bytes).subspan(at)}) {
      splitter.push(piece);
      for (std::string& line : lines_in(splitter)) lines.push_back(std::move(line));
    }
    EXPECT_EQ(lines, kAll) << "split at " << at;
  }
}

TEST(BoardLines, an_unended_line_is_none_yet) {
  Splitter splitter;
  splitter.push(bytes_of("torn\nled_red o"));
  EXPECT_THAT(lines_in(splitter), ElementsAre("torn"));
  splitter.push({});
  EXPECT_THAT(lines_in(splitter), IsEmpty());
  splitter.push(bytes_of("n\n\n"));
  EXPECT_THAT(lines_in(splitter), ElementsAre("led_red on", ""));
}

TEST(BoardLines, a_line_may_be_as_long_as_the_longest_and_no_longer) {
  const std::string longest(Splitter::kLongest, 'x');
  for (const std::string& begun : {std::string(), std::string("torn\n")}) {
    Splitter whole;
    whole.push(bytes_of(begun + longest));
    lines_in(whole);
    EXPECT_FALSE(whole.overrun());
    whole.push(bytes_of("\ntorn\n"));
    EXPECT_THAT(lines_in(whole), ElementsAre(longest, "torn"));
    EXPECT_FALSE(whole.overrun());

    Splitter ended;
    ended.push(bytes_of(begun + longest + "x\ntorn\n"));
    lines_in(ended);
    EXPECT_TRUE(ended.overrun());

    Splitter endless;
    endless.push(bytes_of(begun + longest + "x"));
    lines_in(endless);
    EXPECT_TRUE(endless.overrun());
  }
}

TEST(BoardLines, lines_before_one_that_is_too_long_are_heard_and_none_after) {
  Splitter splitter;
  splitter.push(bytes_of("hello 1\n" + std::string(300, 'x') + "\ntorn\n"));
  EXPECT_THAT(lines_in(splitter), ElementsAre("hello 1"));
  splitter.push(bytes_of("\ntorn\n"));
  EXPECT_THAT(lines_in(splitter), IsEmpty());
  EXPECT_TRUE(splitter.overrun());
}

}  // namespace
}  // namespace lockrig::board_lines
