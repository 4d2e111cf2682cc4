#include "rig/journal/read_trial.hpp"

#include <nlohmann/json.hpp>

#include "rig/journal/record_json.hpp"

namespace lockrig::journal {

trial::TrialRecord read_trial(const Statement& row) {
  trial::TrialRecord record;
  record.id = row.text(0);
  record.spec = trial::spec_from_json(nlohmann::json::parse(row.text(1)));
  // The schema admits no other name.
  record.verdict = trial::verdict_from(row.text(2)).value();
  record.answers = answers_from(row.text(3));
  record.cuts = cuts_from(row.text(4));
  record.phase = row.text(5);
  record.operation = row.text(6);
  record.note = row.text(7);
  record.trace_hash = row.text(8);
  record.simulated_s = row.real(9);
  record.forked = row.integer(10) != 0;
  record.checked = row.integer(11) != 0;
  return record;
}

}  // namespace lockrig::journal
