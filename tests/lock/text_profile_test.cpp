#include "rig/lock/text_profile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace lockrig::lock {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

TEST(Pattern, gives_its_groups_by_name) {
  const Pattern pattern(R"(boot (?<boots>\d+)(?: cause (?<cause>\w+))?)");
  const auto match = pattern.search("lock boot 12 cause brown_out\n");
  ASSERT_TRUE(match);
  EXPECT_EQ(match->begin, 5u);
  EXPECT_EQ(match->end, 28u);
  EXPECT_THAT(match->groups,
              UnorderedElementsAre(Pair("boots", "12"), Pair("cause", "brown_out")));
}

TEST(Pattern, a_group_that_took_no_part_is_not_there) {
  const Pattern pattern(R"(boot (?<boots>\d+)(?: cause (?<cause>\w+))?)");
  EXPECT_THAT(pattern.search("boot 1\n")->groups, ElementsAre(Pair("boots", "1")));
  EXPECT_TRUE(pattern.has_group("cause"));
  EXPECT_FALSE(pattern.has_group("version"));
}

TEST(Pattern, a_group_within_another_has_its_name_too) {
  const Pattern pattern(R"((?<all>(?<major>\d+)\.(?<minor>\d+)))");
  EXPECT_THAT(pattern.search("v2.13")->groups,
              UnorderedElementsAre(Pair("all", "2.13"), Pair("major", "2"),
                                   Pair("minor", "13")));
}

TEST(Pattern, knows_what_is_a_name_and_what_is_not) {
  EXPECT_FALSE(Pattern(R"(\(\?<no>)").has_group("no"));
  EXPECT_FALSE(Pattern(R"([(?<no>])").has_group("no"));
  EXPECT_FALSE(Pattern(R"([](?<no>])").has_group("no"));
  EXPECT_FALSE(Pattern(R"([^](?<no>])").has_group("no"));
  EXPECT_FALSE(Pattern(R"((?<=a)b)").has_group("=a"));
  EXPECT_THAT(Pattern(R"((?<=a)b(?<!ab)c|b)").search("ab")->groups, IsEmpty());
  EXPECT_THAT(Pattern(R"(\\(?<yes>x))").search("\\x")->groups,
              ElementsAre(Pair("yes", "x")));
  EXPECT_THAT(Pattern(R"([\]](?<yes>x))").search("]x")->groups,
              ElementsAre(Pair("yes", "x")));
}

TEST(Pattern, one_name_may_stand_in_two_branches) {
  const Pattern pattern("refused (?<reason>[A-Z]+)|error (?<reason>[0-9]+)");
  EXPECT_EQ(pattern.search("refused MODEL")->groups.at("reason"), "MODEL");
  EXPECT_EQ(pattern.search("error 12")->groups.at("reason"), "12");
}

TEST(Pattern, begins_and_ends_mean_the_whole_text) {
  EXPECT_TRUE(Pattern("> $").search("hello\n> "));
  EXPECT_FALSE(Pattern("> $").search("hello\n> \nmore"));
  EXPECT_TRUE(Pattern("^hello").search("hello\n> "));
  EXPECT_FALSE(Pattern("^> ").search("hello\n> "));
}

TEST(Pattern, an_expression_that_is_none_is_told_with_what_is_wrong) {
  for (const char* text : {"(", "[a", "a{2,1}", "*", "(?<v>x", "(?<v", "\\"}) {
    try {
      const Pattern pattern{std::string(text)};
      ADD_FAILURE() << text << " was taken";
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), HasSubstr(std::string("/") + text + "/"));
    }
  }
}

// Each would take longer than the world lasts: the time of this test is the proof.
TEST(Pattern, text_that_would_take_too_long_counts_as_no_match) {
  for (const char* text : {"(a+)+$", "(a|aa)+$", "(?:a*)*b"}) {
    const Pattern pattern{std::string(text)};
    for (const std::size_t size : {60u, 3000u}) {
      EXPECT_FALSE(pattern.search(std::string(size, 'a') + "!")) << text;
    }
  }
}

TEST(Pattern, long_text_is_searched_to_its_end) {
  std::string text;
  for (int i = 0; text.size() < 256 * 1024; ++i) {
    text += "event " + std::to_string(i) + " a line of some log, 12:34:56\n";
  }
  text += "version 2.4.0\n> ";
  for (const char* expression :
       {R"(version (?<version>\d+\.\d+\.\d+))", R"((?<word>\w+) \d+\.\d+\.\d+)",
        "\n> $", R"(\bversion\b)"}) {
    EXPECT_TRUE(Pattern{std::string(expression)}.search(text)) << expression;
  }
  EXPECT_EQ(Pattern(R"((?<word>\w+) \d+\.\d+\.\d+)").search(text)->groups.at("word"),
            "version");
}

TEST(Pattern, text_may_hold_anything) {
  const std::string text("\0\xff\n> ", 5);
  EXPECT_EQ(Pattern("> $").search(text)->begin, 3u);
  EXPECT_FALSE(Pattern("x").search(""));
}

}  // namespace
}  // namespace lockrig::lock
