#include "rig/trial/rate_bound.hpp"

#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <stdexcept>
#include <string>

namespace lockrig::trial {
namespace {

void require_share(double value, const char* what) {
  if (!(value > 0 && value < 1)) {
    throw std::invalid_argument(std::string(what) + " is not between 0 and 1");
  }
}

}  // namespace

double rate_bound(std::uint64_t failures, std::uint64_t trials, double confidence) {
  require_share(confidence, "confidence");
  if (failures > trials) throw std::invalid_argument("more failures than trials");
  if (failures == trials) return 1;
  return boost::math::ibeta_inv(static_cast<double>(failures + 1),
                                static_cast<double>(trials - failures), confidence);
}

std::uint64_t trials_for(double max_rate, double confidence) {
  require_share(max_rate, "rate");
  require_share(confidence, "confidence");
  auto trials = static_cast<std::uint64_t>(
      std::ceil(std::log1p(-confidence) / std::log1p(-max_rate)));
  // Rounding must not promise more than the bound keeps.
  while (rate_bound(0, trials, confidence) > max_rate) ++trials;
  return trials;
}

}  // namespace lockrig::trial
