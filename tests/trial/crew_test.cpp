// The workers of a sweep.
#include "rig/trial/crew.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <set>
#include <stdexcept>

namespace lockrig::trial {
namespace {

TrialRecord numbered(std::uint64_t number) {
  TrialRecord record;
  record.id = std::to_string(number);
  return record;
}

TEST(Crew, every_job_is_handed_in_once_whatever_the_number_of_workers) {
  for (const unsigned workers : {1u, 2u, 7u}) {
    std::set<std::uint64_t> seen;
    std::uint64_t count = 0;
    const bool whole = work(20'000, workers, numbered, [&](std::vector<Finished>&& f) {
      count += f.size();
      for (const Finished& each : f) {
        EXPECT_EQ(each.record.id, std::to_string(each.number));
        seen.insert(each.number);
      }
      return true;
    });
    EXPECT_TRUE(whole);
    EXPECT_EQ(count, 20'000u);
    EXPECT_EQ(seen.size(), 20'000u);
  }
}

TEST(Crew, no_jobs_are_no_round) {
  EXPECT_TRUE(work(0, 2, numbered, [](std::vector<Finished>&&) { return true; }));
}

TEST(Crew, what_is_finished_and_not_handed_in_is_bounded) {
  std::size_t largest = 0;
  work(50'000, 2, numbered, [&](std::vector<Finished>&& finished) {
    largest = std::max(largest, finished.size());
    return true;
  });
  EXPECT_LE(largest, 4096u + 2);
}

TEST(Crew, a_round_that_is_ended_early_hands_in_what_was_under_way) {
  std::uint64_t judged = 0;
  std::uint64_t handed_in = 0;
  std::mutex mutex;
  const auto judge = [&](std::uint64_t number) {
    const std::lock_guard guard(mutex);
    ++judged;
    return numbered(number);
  };
  const bool whole = work(1'000'000, 2, judge, [&](std::vector<Finished>&& finished) {
    handed_in += finished.size();
    return handed_in == 0;
  });
  EXPECT_FALSE(whole);
  EXPECT_LT(judged, 1'000'000u);
  EXPECT_EQ(handed_in, judged);
}

TEST(Crew, what_a_judge_throws_ends_the_round) {
  const auto judge = [](std::uint64_t number) {
    if (number == 100) throw std::invalid_argument("no such station");
    return numbered(number);
  };
  EXPECT_THROW(work(1'000'000, 2, judge, [](std::vector<Finished>&&) { return true; }),
               std::invalid_argument);
}

TEST(Crew, what_the_caller_throws_ends_the_round) {
  EXPECT_THROW(work(1'000'000, 2, numbered,
                    [](std::vector<Finished>&&) -> bool {
                      throw std::runtime_error("interrupted");
                    }),
               std::runtime_error);
}

}  // namespace
}  // namespace lockrig::trial
