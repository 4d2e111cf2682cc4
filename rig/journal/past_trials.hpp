// The first attempts of a case's trials, as a run that was stopped left them: what a
// resumed sweep need not judge again.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "rig/journal/sqlite.hpp"
#include "rig/trial/spec.hpp"

namespace lockrig::journal {

/// Of a trial that recovered only that is kept: a million take some tens of megabytes.
class PastTrials {
 public:
  PastTrials(const Database& database, std::string_view case_id);

  /// Any thread. Of a recovered one: id, verdict and `checked` alone.
  std::optional<trial::TrialRecord> find(const std::string& id) const;
  std::size_t size() const { return recovered_.size() + others_.size(); }

 private:
  std::unordered_map<std::uint64_t, bool> recovered_;  // by identifier; checked
  std::map<std::string, trial::TrialRecord> others_;
};

}  // namespace lockrig::journal
