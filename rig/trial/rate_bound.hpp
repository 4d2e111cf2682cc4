// How sure a number of trials makes: the upper bound of a rate, after Clopper and
// Pearson (Biometrika 26, 1934). It holds for independent trials alone: never for a
// sweep that chose its cuts by what it had seen.
#pragma once

#include <cstdint>

namespace lockrig::trial {

/// The rate that is not exceeded, with `confidence`, if `failures` of `trials` failed;
/// one-sided. 1 where nothing was tried. std::invalid_argument unless failures <=
/// trials and 0 < confidence < 1.
double rate_bound(std::uint64_t failures, std::uint64_t trials, double confidence);

/// The least number of trials which, if none fails, shows that the rate is at most
/// `max_rate`. std::invalid_argument unless both are between 0 and 1.
std::uint64_t trials_for(double max_rate, double confidence);

}  // namespace lockrig::trial
