// What the journal holds besides trials: the run itself, its cases, its sweeps.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockrig::journal {

/// Why a trial or a case was run.
enum class Purpose {
  claim,     // "case": a claim about the lock, judged by its verdict
  control,   // a known-bad lock: it must fail
  sham,      // something is withheld from a good lock: its verdict is known in advance
  expected,  // trials only: the case wants this very verdict (RIG-04: inconclusive)
};

/// "case", "control", "sham", "expected".
const char* to_string(Purpose purpose);
std::optional<Purpose> purpose_from(std::string_view name);

enum class CaseOutcome {
  passed,
  failed,        // the lock's fault
  skipped,       // a capability is missing
  inconclusive,  // the rig's fault
  error,         // the scenario's or the caller's mistake
};

const char* to_string(CaseOutcome outcome);
std::optional<CaseOutcome> case_outcome_from(std::string_view name);

struct RunInfo {
  std::string version;
  std::uint64_t seed = 0;
  std::string command_line;
  std::string bench;       // its file or its name
  std::string bench_kind;  // "virtual", "rehearsal", "hardware"
  std::string started;     // UTC, "2026-01-31 22:00:00"
  /// What a run that can be resumed was asked for (JSON); empty for others.
  std::string request{};
  std::map<std::string, std::string> host;  // facts by name: "cpu", "system", ...
};

struct Measurement {
  std::string name;
  double value = 0;
  std::string unit;
  std::optional<double> low;  // limits, inclusive
  std::optional<double> high;
};

/// One scenario of a case on one station.
struct CaseRecord {
  std::string case_id;
  std::string station;
  std::string scenario;  // pytest's node id
  CaseOutcome outcome = CaseOutcome::error;
  Purpose purpose = Purpose::claim;  // not expected
  std::string defect;                // of a control or sham: its name; else ""
  std::optional<bool> caught;        // of a control or sham that ran
  std::string reason;                // why it did not pass, or was skipped
  std::vector<Measurement> measurements;
  double wall_s = 0;
  double simulated_s = 0;  // without that of its trials
};

/// What was known of a station when the run began, or ended.
struct StationRecord {
  std::string station;
  std::string board;
  std::string quarantined;      // what the doctor found; "" if the station was used
  std::string examination;      // JSON: the doctor's findings; "" if it was not asked
  std::string calibration;      // JSON, as the station's state has it; "" for none
  std::string last_good_shams;  // UTC date before this run; "" if there was none
};

/// How many trials an exhaustive sweep owes: operations counted times fractions.
struct SweepCount {
  std::string case_id;
  std::string station;
  std::string sweep;  // "update", "roll-back": a case may sweep more than once
  std::int64_t operations = 0;
  std::vector<double> fractions;
  std::int64_t trials = 0;
};

/// One cell of a map of outcomes that a scenario judged itself.
struct OutcomeRecord {
  std::string case_id;
  std::string station;
  std::string scenario;  // pytest's node id
  std::string map;       // a scenario may make several
  std::string row;
  std::string column;
  std::string value;  // the scenario's own word: "old", "new", "lost"
  std::string note;   // what it was judged by
};

}  // namespace lockrig::journal
