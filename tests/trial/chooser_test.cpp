// Which points a sweep judges, and what it finds where outcomes change.
#include "rig/trial/chooser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace lockrig::trial {
namespace {

using testing::ElementsAre;

/// Judges all that is chosen by `outcome`, and gives the points in their order.
std::vector<std::uint64_t> run(Chooser& chooser,
                               const std::function<Verdict(std::uint64_t)>& outcome) {
  std::vector<std::uint64_t> asked;
  for (Round round = chooser.next(); round.size > 0; round = chooser.next()) {
    std::vector<std::uint64_t> points;
    for (std::uint64_t i = 0; i < round.size; ++i) points.push_back(round.point(i));
    for (const std::uint64_t point : points) {
      asked.push_back(point);
      if (chooser.learns()) chooser.tell(point, outcome(point));
    }
  }
  return asked;
}

SweepPlan plan(Choose choose, std::uint64_t count) {
  SweepPlan plan;
  plan.choose = choose;
  plan.count = count;
  return plan;
}

Verdict bricked_between(std::uint64_t point, std::uint64_t from, std::uint64_t to) {
  return point >= from && point < to ? Verdict::bricked : Verdict::recovered;
}

TEST(Chooser, exhaustive_asks_every_point_once) {
  const auto chooser = make_chooser(plan(Choose::all, 0), 5);
  EXPECT_THAT(run(*chooser, {}), ElementsAre(0, 1, 2, 3, 4));
}

TEST(Chooser, linear_goes_evenly_from_the_first_to_the_last) {
  const auto chooser = make_chooser(plan(Choose::linear, 5), 101);
  EXPECT_THAT(run(*chooser, {}), ElementsAre(0, 25, 50, 75, 100));
}

TEST(Chooser, linear_never_asks_more_than_there_is) {
  const auto chooser = make_chooser(plan(Choose::linear, 500), 3);
  EXPECT_THAT(run(*chooser, {}), ElementsAre(0, 1, 2));
}

TEST(Chooser, bisecting_finds_a_boundary_to_the_operation) {
  for (const std::uint64_t boundary : {1u, 2u, 499u, 500u, 777u, 999u}) {
    const auto chooser = make_chooser(plan(Choose::bisect, 2), 1000);
    const auto asked = run(
        *chooser, [&](std::uint64_t p) { return bricked_between(p, boundary, 1000); });
    const std::vector<Gap> gaps = chooser->gaps();
    ASSERT_EQ(gaps.size(), 1u) << boundary;
    EXPECT_EQ(gaps[0].before, boundary - 1);
    EXPECT_EQ(gaps[0].after, boundary);
    EXPECT_EQ(gaps[0].verdict_after, Verdict::bricked);
    EXPECT_LE(asked.size(), 13u) << "2 + log2(1000)";
  }
}

TEST(Chooser, bisecting_finds_both_ends_of_what_its_grid_touches) {
  const auto chooser = make_chooser(plan(Choose::bisect, 11), 1000);
  run(*chooser, [](std::uint64_t p) { return bricked_between(p, 250, 320); });
  const auto gaps = chooser->gaps();
  ASSERT_EQ(gaps.size(), 2u);
  EXPECT_EQ(gaps[0].after, 250u);
  EXPECT_EQ(gaps[1].after, 320u);
}

TEST(Chooser, bisecting_what_never_changes_stops_after_the_grid) {
  const auto chooser = make_chooser(plan(Choose::bisect, 7), 1000);
  const auto asked = run(*chooser, [](std::uint64_t) { return Verdict::recovered; });
  EXPECT_EQ(asked.size(), 7u);
  EXPECT_TRUE(chooser->gaps().empty());
}

TEST(Chooser, adaptive_spends_its_budget_and_no_more_and_asks_nothing_twice) {
  for (const std::uint64_t budget : {10u, 64u, 200u}) {
    const auto chooser = make_chooser(plan(Choose::adaptive, budget), 4000);
    const auto asked =
        run(*chooser, [](std::uint64_t p) { return bricked_between(p, 1000, 1100); });
    EXPECT_EQ(asked.size(), budget);
    EXPECT_EQ(std::set(asked.begin(), asked.end()).size(), asked.size());
    EXPECT_EQ(chooser->planned(), budget);
  }
}

TEST(Chooser, adaptive_looks_closest_where_outcomes_change) {
  const auto chooser = make_chooser(plan(Choose::adaptive, 120), 4000);
  const auto asked =
      run(*chooser, [](std::uint64_t p) { return bricked_between(p, 1000, 1100); });
  const auto near = std::count_if(asked.begin(), asked.end(),
                                  [](std::uint64_t p) { return p >= 900 && p < 1200; });
  // Evenly it would be 120 x 300 / 4000 = 9.
  EXPECT_GT(near, 15);
  const auto gaps = chooser->gaps();
  ASSERT_EQ(gaps.size(), 2u);
  EXPECT_EQ(gaps[0].after, 1000u);
  EXPECT_EQ(gaps[1].after, 1100u);
}

TEST(Chooser, a_sweep_of_nothing_asks_nothing) {
  for (const Choose choose :
       {Choose::all, Choose::linear, Choose::bisect, Choose::adaptive}) {
    const auto chooser = make_chooser(plan(choose, 4), 0);
    EXPECT_TRUE(run(*chooser, {}).empty());
  }
}

}  // namespace
}  // namespace lockrig::trial
