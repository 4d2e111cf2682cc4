#include "rig/protocol/scpi.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace lockrig::scpi {
namespace {

using testing::ElementsAre;
using testing::Eq;
using testing::Optional;

std::vector<LineAssembler::Line> lines_of(std::string_view text, std::size_t step) {
  LineAssembler lines;
  const auto bytes =
      ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    lines.feed(bytes.subspan(at, std::min(step, bytes.size() - at)));
  }
  std::vector<LineAssembler::Line> all;
  while (auto line = lines.next()) all.push_back(*line);
  return all;
}

TEST(ScpiCommand, settings_are_in_whole_units_with_three_places) {
  EXPECT_EQ(voltage(6000), "VOLT 6.000");
  EXPECT_EQ(voltage(4250), "VOLT 4.250");
  EXPECT_EQ(voltage(5), "VOLT 0.005");
  EXPECT_EQ(current(800), "CURR 0.800");
  EXPECT_EQ(output(true), "OUTP ON");
  EXPECT_EQ(output(false), "OUTP OFF");
  EXPECT_THROW(voltage(-1), std::invalid_argument);
  EXPECT_THROW(current(-1), std::invalid_argument);
}

TEST(ScpiCommand, a_line_ends_in_a_line_feed_and_holds_nothing_else) {
  EXPECT_EQ(to_line("*CLS"), (Bytes{'*', 'C', 'L', 'S', '\n'}));
  for (const char* bad : {"", "VOLT 1\nOUTP ON", "VOLT\t1", "VOLT \xb5"}) {
    EXPECT_THROW(to_line(bad), std::invalid_argument) << bad;
  }
}

TEST(ScpiAnswer, numbers_of_all_three_kinds) {
  EXPECT_THAT(parse_number("6"), Optional(6.0));
  EXPECT_THAT(parse_number("-12"), Optional(-12.0));
  EXPECT_THAT(parse_number("+6.050"), Optional(6.05));
  EXPECT_THAT(parse_number(".5"), Optional(0.5));
  EXPECT_THAT(parse_number("5."), Optional(5.0));
  EXPECT_THAT(parse_number("+5.99900000E+00"), Optional(5.999));
  EXPECT_THAT(parse_number("-1.5e-3"), Optional(-0.0015));
  EXPECT_THAT(parse_number(" 1.0 "), Optional(1.0));
}

TEST(ScpiAnswer, the_numbers_that_stand_for_none) {
  ASSERT_TRUE(parse_number("9.91E37").has_value());
  EXPECT_TRUE(std::isnan(*parse_number("+9.91000000E+37")));
  EXPECT_THAT(parse_number("9.9E37"), Optional(HUGE_VAL));
  EXPECT_THAT(parse_number("-9.9E+37"), Optional(-HUGE_VAL));
  for (const char* none : {"9.91E37", "9.9E37", "-9.9E37"}) {
    EXPECT_EQ(parse_milli(none), std::nullopt) << none;
    EXPECT_EQ(parse_bool(none), std::nullopt) << none;
  }
}

TEST(ScpiAnswer, what_is_no_number_is_nothing) {
  for (const char* bad :
       {"", " ", "+", "-", ".", "E5", "1E", "1E+", "1.2.3", "1,2", "6V", "0x10", "inf",
        "nan", "+-1", "1 2", "ON", "1e999", "-113,\"Undefined header\""}) {
    EXPECT_EQ(parse_number(bad), std::nullopt) << bad;
  }
}

TEST(ScpiAnswer, thousandths_are_rounded_and_fit_an_int) {
  EXPECT_THAT(parse_milli("5.9996"), Optional(6000));
  EXPECT_THAT(parse_milli("5.9994"), Optional(5999));
  EXPECT_THAT(parse_milli("-2E-4"), Optional(0));
  EXPECT_THAT(parse_milli("2147483.647"), Optional(2147483647));
  EXPECT_EQ(parse_milli("2147483.648"), std::nullopt);
  EXPECT_EQ(parse_milli("-1E30"), std::nullopt);
}

TEST(ScpiAnswer, a_flag_is_0_or_1) {
  EXPECT_THAT(parse_bool("1"), Optional(true));
  EXPECT_THAT(parse_bool("+0"), Optional(false));
  EXPECT_THAT(parse_bool("1.0E0"), Optional(true));
  for (const char* bad : {"", "2", "-1", "0.5", "ON", "OCP"}) {
    EXPECT_EQ(parse_bool(bad), std::nullopt) << bad;
  }
}

TEST(ScpiAnswer, entries_of_the_error_queue) {
  EXPECT_THAT(parse_error("+0,\"No error\""), Optional(Eq(Error{0, "No error"})));
  EXPECT_THAT(parse_error("0, \"No error\""), Optional(Eq(Error{0, "No error"})));
  EXPECT_THAT(parse_error("-113,\"Undefined header\""),
              Optional(Eq(Error{-113, "Undefined header"})));
  EXPECT_THAT(parse_error("521,\"a \"\"b\"\", c\""),
              Optional(Eq(Error{521, "a \"b\", c"})));
  EXPECT_THAT(parse_error("1,\"\""), Optional(Eq(Error{1, ""})));
  for (const char* bad : {"", ",", "0", "No error", "0,No error", "0,\"No error",
                          "0,\"", "x,\"y\"", "+-1,\"y\"", "--1,\"y\"", "1.5,\"y\"",
                          "99999,\"y\"", "0,\"a\"b\"", "0,\"a\" b"}) {
    EXPECT_EQ(parse_error(bad), std::nullopt) << bad;
  }
}

TEST(ScpiAnswer, who_the_instrument_is) {
  EXPECT_THAT(parse_identity("GW-INSTEK,PSW30-36,GEO0001, T1.40"),
              Optional(Eq(Identity{"GW-INSTEK", "PSW30-36", "GEO0001", "T1.40"})));
  EXPECT_THAT(parse_identity("A,B,0,1.0,2.0"),
              Optional(Eq(Identity{"A", "B", "0", "1.0,2.0"})));
  for (const char* bad : {"", "PSW30-36", "A,B,C", ",B,C,D", "A, ,C,D"}) {
    EXPECT_EQ(parse_identity(bad), std::nullopt) << bad;
  }
}

TEST(ScpiLine, how_the_bytes_were_cut_makes_no_difference) {
  for (const std::size_t step : {1u, 2u, 3u, 100u}) {
    EXPECT_THAT(
        lines_of("+0,\"No error\"\r\n6.000\n\nleft", step),
        ElementsAre(LineAssembler::Line{"+0,\"No error\"", true},
                    LineAssembler::Line{"6.000", true}, LineAssembler::Line{"", true}))
        << step;
  }
}

TEST(ScpiLine, garbage_is_told_from_text) {
  using std::string_view_literals::operator""sv;
  EXPECT_THAT(
      lines_of("6.\0"
               "00\n\xff\n1\r2\n3\r\r\n4\n"sv,
               1),
      ElementsAre(LineAssembler::Line{"6.?00", false}, LineAssembler::Line{"?", false},
                  LineAssembler::Line{"1?2", false}, LineAssembler::Line{"3?", false},
                  LineAssembler::Line{"4", true}));
}

TEST(ScpiLine, a_line_may_be_as_long_as_the_limit_but_no_longer) {
  const std::string full(LineAssembler::kMaxLine, 'x');
  EXPECT_THAT(
      lines_of(full + "\n" + full + "y\nz\n", 7),
      ElementsAre(LineAssembler::Line{full, true}, LineAssembler::Line{full, false},
                  LineAssembler::Line{"z", true}));
}

TEST(ScpiLine, of_too_many_lines_the_oldest_are_dropped) {
  std::string text = "first\n";
  for (std::size_t i = 0; i < LineAssembler::kMaxQueued; ++i) text += "next\n";
  const auto lines = lines_of(text, text.size());
  EXPECT_EQ(lines.size(), LineAssembler::kMaxQueued);
  EXPECT_EQ(lines.front().text, "next");
}

TEST(ScpiLine, cleared_it_starts_with_a_new_line) {
  LineAssembler lines;
  const Bytes stale = {'o', 'l', 'd', '\n', 'h', 'a', 'l', 'f', '\r'};
  const Bytes fresh = {'n', 'e', 'w', '\n'};
  lines.feed(stale);
  lines.clear();
  lines.feed(fresh);
  EXPECT_THAT(lines.next(), Optional(Eq(LineAssembler::Line{"new", true})));
  EXPECT_EQ(lines.next(), std::nullopt);
}

}  // namespace
}  // namespace lockrig::scpi
