#include "rig/journal/case_record.hpp"

#include <stdexcept>

namespace lockrig::journal {

const char* to_string(Purpose purpose) {
  switch (purpose) {
    case Purpose::claim:
      return "case";
    case Purpose::control:
      return "control";
    case Purpose::sham:
      return "sham";
    case Purpose::expected:
      return "expected";
  }
  throw std::invalid_argument("not a purpose");
}

std::optional<Purpose> purpose_from(std::string_view name) {
  for (const Purpose each :
       {Purpose::claim, Purpose::control, Purpose::sham, Purpose::expected}) {
    if (name == to_string(each)) return each;
  }
  return std::nullopt;
}

const char* to_string(CaseOutcome outcome) {
  switch (outcome) {
    case CaseOutcome::passed:
      return "passed";
    case CaseOutcome::failed:
      return "failed";
    case CaseOutcome::skipped:
      return "skipped";
    case CaseOutcome::inconclusive:
      return "inconclusive";
    case CaseOutcome::error:
      return "error";
  }
  throw std::invalid_argument("not a case's outcome");
}

std::optional<CaseOutcome> case_outcome_from(std::string_view name) {
  for (const CaseOutcome each :
       {CaseOutcome::passed, CaseOutcome::failed, CaseOutcome::skipped,
        CaseOutcome::inconclusive, CaseOutcome::error}) {
    if (name == to_string(each)) return each;
  }
  return std::nullopt;
}

}  // namespace lockrig::journal
