// The durable record of a run: one SQLite file, described in rig/journal/schema.sql.
//
// One writer: a Journal belongs to one thread at a time, and one process writes a file.
// Others may read it meanwhile. A call that returns has committed: what it was given
// survives the process and the power (write-ahead log, synchronous=FULL). A call that
// throws has changed nothing. Commits cost a disk's flush, so callers hand in batches.
//
// Errors of the file are std::runtime_error with its name and SQLite's message; what a
// caller gets wrong is std::invalid_argument.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rig/journal/case_record.hpp"
#include "rig/journal/past_trials.hpp"
#include "rig/journal/sqlite.hpp"
#include "rig/trial/spec.hpp"

namespace lockrig::journal {

class Journal {
 public:
  /// Begins a run. A file that exists is refused: a run is not written over another.
  static Journal create(const std::filesystem::path& file, const RunInfo& run);
  /// Goes on with a run that did not end.
  static Journal resume(const std::filesystem::path& file);

  /// One transaction. `traces` holds the trace_lines of those trials (by identifier)
  /// whose whole trace is kept. A trial that is there with this case and attempt is
  /// refused: no result is ever written over. REQUIRES: attempt >= 1.
  void add_trials(std::span<const trial::TrialRecord> trials, std::string_view case_id,
                  Purpose purpose, int attempt,
                  const std::map<std::string, std::string>& traces = {});
  /// A resumed run that judges a case again from its trials replaces the row.
  void add_case(const CaseRecord& record);
  void add_sweep(const SweepCount& count);
  /// A cell that is there is refused: no result is ever written over.
  void add_outcome(const OutcomeRecord& record);
  /// What is known later replaces the row.
  void add_station(const StationRecord& record);
  /// Takes over what another journal holds: one station's share of the same run. All
  /// or nothing.
  void absorb(const std::filesystem::path& share);
  /// The run has ended. Anything added later makes it unfinished again.
  void finish(double wall_s);

  /// Identifiers of the trials a case has: a resumed run leaves these out.
  std::set<std::string> present(std::string_view case_id) const;
  /// A case's trials, sorted by identifier and attempt: a resumed run judges by them.
  /// All that was added comes back but `observed`, which only the note retells.
  std::vector<trial::TrialRecord> trials(std::string_view case_id) const;
  /// A case's first attempts, for a sweep that is resumed.
  PastTrials past(std::string_view case_id) const;
  bool has(std::string_view case_id, std::string_view id, int attempt) const;
  /// A value of the table `run`.
  std::optional<std::string> info(std::string_view key) const;
  /// SHA-256 in hexadecimal over a line "<identifier> <trace hash>\n" for each distinct
  /// (case, identifier), sorted; of several attempts the first counts. It does not
  /// depend on the order in which trials were added.
  std::string trace_sha256() const;

 private:
  explicit Journal(Database database) : database_(std::move(database)) {}
  void set(std::string_view key, std::string_view value);
  void reopen_run();

  Database database_;
};

/// The spec behind an identifier, for replay; reads only. nullopt if no trial has it.
std::optional<trial::TrialSpec> find_spec(const std::filesystem::path& file,
                                          std::string_view identifier);

}  // namespace lockrig::journal
