#include "rig/journal/past_trials.hpp"

#include <charconv>

#include "rig/journal/read_trial.hpp"

namespace lockrig::journal {
namespace {

/// Twelve hexadecimal digits.
std::uint64_t number_of(const std::string& id) {
  std::uint64_t number = 0;
  std::from_chars(id.data(), id.data() + id.size(), number, 16);
  return number;
}

}  // namespace

PastTrials::PastTrials(const Database& database, std::string_view case_id) {
  Statement good = database.prepare(
      "SELECT id, checked FROM trials WHERE case_id = ? AND attempt = 1 AND verdict = "
      "'recovered'");
  good.bind(case_id);
  while (good.step()) recovered_[number_of(good.text(0))] = good.integer(1) != 0;

  Statement others = database.prepare(
      std::string("SELECT ") + kTrialColumns +
      " FROM trials WHERE case_id = ? AND attempt = 1 AND verdict <> 'recovered'");
  others.bind(case_id);
  while (others.step()) {
    auto record = read_trial(others);
    others_.emplace(record.id, std::move(record));
  }
}

std::optional<trial::TrialRecord> PastTrials::find(const std::string& id) const {
  if (const auto found = others_.find(id); found != others_.end()) {
    return found->second;
  }
  const auto found = recovered_.find(number_of(id));
  if (found == recovered_.end()) return std::nullopt;
  trial::TrialRecord record;
  record.id = id;
  record.verdict = trial::Verdict::recovered;
  record.checked = found->second;
  return record;
}

}  // namespace lockrig::journal
