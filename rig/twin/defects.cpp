#include "rig/twin/defects.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>

namespace lockrig::twin {

Defects::Defects(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto* found = std::find(std::begin(kAll), std::end(kAll), name);
    if (found == std::end(kAll)) {
      std::string known;
      for (const std::string_view each : kAll) known += " " + std::string(each);
      throw std::invalid_argument("no defect " + name + "; there are:" + known);
    }
    seeded_[static_cast<std::size_t>(found - std::begin(kAll))] = true;
  }
}

std::vector<std::string_view> Defects::consulted() const {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < std::size(kAll); ++i) {
    if (consulted_[i]) names.push_back(kAll[i]);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace lockrig::twin
