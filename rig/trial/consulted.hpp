// Which seeded defects' branch points a twin was asked about.
#pragma once

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

namespace lockrig::trial {

/// Names of defects, sorted, none twice; they live as long as the program. What is not
/// among them made no difference: the same run with that defect has the same trace.
using Consulted = std::vector<std::string_view>;

/// Adds what is new.
inline void add(Consulted& to, const Consulted& more) {
  if (std::includes(to.begin(), to.end(), more.begin(), more.end())) return;
  Consulted both;
  std::set_union(to.begin(), to.end(), more.begin(), more.end(),
                 std::back_inserter(both));
  to = std::move(both);
}

}  // namespace lockrig::trial
