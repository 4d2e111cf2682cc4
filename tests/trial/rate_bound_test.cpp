// Bounds of a rate, against published values and against their own definition.
#include "rig/trial/rate_bound.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace lockrig::trial {
namespace {

/// P(at most `failures` of `trials`) at that rate.
double tail(std::uint64_t failures, std::uint64_t trials, double rate) {
  double sum = 0;
  for (std::uint64_t k = 0; k <= failures; ++k) {
    const auto n = static_cast<double>(trials);
    const auto x = static_cast<double>(k);
    sum += std::exp(std::lgamma(n + 1) - std::lgamma(x + 1) - std::lgamma(n - x + 1) +
                    x * std::log(rate) + (n - x) * std::log1p(-rate));
  }
  return sum;
}

TEST(RateBound, without_failures_is_the_rule_of_three) {
  // 1 - 0.05^(1/n)
  EXPECT_NEAR(rate_bound(0, 1000, 0.95), 1 - std::pow(0.05, 1e-3), 1e-9);
  EXPECT_NEAR(rate_bound(0, 10, 0.95), 0.2588656, 1e-6);
}

TEST(RateBound, is_the_rate_at_which_so_few_failures_are_just_unlikely) {
  for (const std::uint64_t failures : {0u, 1u, 5u, 37u}) {
    for (const double confidence : {0.9, 0.95, 0.99}) {
      const double bound = rate_bound(failures, 200, confidence);
      EXPECT_NEAR(tail(failures, 200, bound), 1 - confidence, 1e-7);
    }
  }
}

TEST(RateBound, grows_with_failures_and_falls_with_trials) {
  EXPECT_LT(rate_bound(0, 100, 0.95), rate_bound(1, 100, 0.95));
  EXPECT_GT(rate_bound(1, 100, 0.95), rate_bound(1, 1000, 0.95));
}

TEST(RateBound, of_nothing_or_of_failures_alone_is_one) {
  EXPECT_EQ(rate_bound(0, 0, 0.95), 1);
  EXPECT_EQ(rate_bound(3, 3, 0.95), 1);
}

TEST(RateBound, mistakes_are_refused) {
  EXPECT_THROW(rate_bound(4, 3, 0.95), std::invalid_argument);
  EXPECT_THROW(rate_bound(0, 3, 1), std::invalid_argument);
  EXPECT_THROW(trials_for(0, 0.95), std::invalid_argument);
  EXPECT_THROW(trials_for(std::nan(""), 0.95), std::invalid_argument);
}

TEST(TrialsFor, is_the_least_number_that_shows_it) {
  EXPECT_EQ(trials_for(1e-3, 0.95), 2995u);
  for (const double rate : {0.3, 0.01, 1e-4}) {
    const std::uint64_t trials = trials_for(rate, 0.95);
    EXPECT_LE(rate_bound(0, trials, 0.95), rate);
    EXPECT_GT(rate_bound(0, trials - 1, 0.95), rate);
  }
}

}  // namespace
}  // namespace lockrig::trial
