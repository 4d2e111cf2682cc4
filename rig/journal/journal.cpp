#include "rig/journal/journal.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "rig/journal/read_trial.hpp"
#include "rig/journal/record_json.hpp"
#include "rig/journal/schema.hpp"
#include "rig/protocol/signing.hpp"

namespace lockrig::journal {
namespace {

using trial::Cut;
using trial::TrialRecord;

// Those of schema.sql.
constexpr std::int64_t kApplication = 0x6c6b7267;
constexpr std::int64_t kSchemaVersion = 3;

std::string joined(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, " "));
}

std::string measurements_text(const std::vector<Measurement>& measurements) {
  nlohmann::json list = nlohmann::json::array();
  for (const Measurement& m : measurements) {
    nlohmann::json json = {{"name", m.name}, {"value", m.value}, {"unit", m.unit}};
    if (m.low) json["low"] = *m.low;
    if (m.high) json["high"] = *m.high;
    list.push_back(std::move(json));
  }
  return list.dump();
}

void check_file(const Database& database) {
  const auto pragma = [&](std::string_view sql) {
    Statement statement = database.prepare(sql);
    statement.step();
    return statement.integer(0);
  };
  if (pragma("PRAGMA application_id") != kApplication) {
    database.fail("not the journal of a run");
  }
  const std::int64_t version = pragma("PRAGMA user_version");
  if (version != kSchemaVersion) {
    database.fail(fmt::format("its schema has version {}, this lockrig writes {}",
                              version, kSchemaVersion));
  }
}

void make_durable(Database& database) {
  database.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
}

std::string hex(const image::Digest& digest) {
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

}  // namespace

Journal Journal::create(const std::filesystem::path& file, const RunInfo& run) {
  if (std::filesystem::exists(file)) {
    throw std::invalid_argument(file.string() +
                                ": holds a run already; give another directory");
  }
  Journal journal(Database(file, Database::Mode::create));
  make_durable(journal.database_);
  Transaction transaction(journal.database_);
  journal.database_.run(kSchema);
  journal.set("version", run.version);
  journal.set("seed", std::to_string(run.seed));
  journal.set("command_line", run.command_line);
  journal.set("bench", run.bench);
  journal.set("bench_kind", run.bench_kind);
  journal.set("started", run.started);
  if (!run.request.empty()) journal.set("request", run.request);
  for (const auto& [fact, value] : run.host) journal.set("host." + fact, value);
  transaction.commit();
  return journal;
}

Journal Journal::resume(const std::filesystem::path& file) {
  Journal journal(Database(file, Database::Mode::write));
  check_file(journal.database_);
  make_durable(journal.database_);
  return journal;
}

void Journal::add_trials(std::span<const TrialRecord> trials, std::string_view case_id,
                         Purpose purpose, int attempt,
                         const std::map<std::string, std::string>& traces) {
  if (attempt < 1) throw std::invalid_argument("attempt: counts from 1");
  if (trials.empty()) return;
  Transaction transaction(database_);
  reopen_run();
  Statement insert = database_.prepare(
      "INSERT INTO trials VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  Statement insert_trace = database_.prepare("INSERT INTO traces VALUES (?,?,?,?)");
  for (const TrialRecord& record : trials) {
    const trial::TrialSpec& spec = record.spec;
    std::optional<std::int64_t> operation;
    std::optional<double> fraction;
    if (!spec.cuts.empty() && spec.cuts[0].trigger == Cut::Trigger::flash_op) {
      operation = static_cast<std::int64_t>(spec.cuts[0].at);
      fraction = spec.cuts[0].fraction;
    }
    const std::string defects = joined(spec.defects);
    const std::string lost = joined(trial::lost(record.answers));
    const std::string spec_text = trial::to_json(spec).dump();
    const std::string answers = answers_text(record.answers);
    const std::string cuts = cuts_text(record.cuts);
    insert
        .bind(case_id, record.id, attempt, to_string(purpose), spec.station, spec.board,
              defects, to_string(record.verdict), lost, record.phase, record.operation,
              operation, fraction, record.forked, record.checked, record.trace_hash,
              record.simulated_s, record.note, spec_text, answers, cuts)
        .step();
    if (const auto trace = traces.find(record.id); trace != traces.end()) {
      insert_trace.bind(case_id, record.id, attempt, trace->second).step();
    }
  }
  transaction.commit();
}

void Journal::add_case(const CaseRecord& record) {
  if (record.purpose == Purpose::expected) {
    throw std::invalid_argument("purpose: a case is a claim, a control or a sham");
  }
  Transaction transaction(database_);
  reopen_run();
  const std::string measurements = measurements_text(record.measurements);
  database_.prepare("INSERT OR REPLACE INTO cases VALUES (?,?,?,?,?,?,?,?,?,?,?)")
      .bind(record.case_id, record.station, record.scenario, to_string(record.outcome),
            to_string(record.purpose), record.defect, record.caught, record.reason,
            measurements, record.wall_s, record.simulated_s)
      .step();
  transaction.commit();
}

void Journal::add_sweep(const SweepCount& count) {
  Transaction transaction(database_);
  reopen_run();
  const std::string fractions = nlohmann::json(count.fractions).dump();
  database_.prepare("INSERT OR REPLACE INTO operations VALUES (?,?,?,?,?,?)")
      .bind(count.case_id, count.station, count.sweep, count.operations, fractions,
            count.trials)
      .step();
  transaction.commit();
}

void Journal::add_outcome(const OutcomeRecord& record) {
  Transaction transaction(database_);
  reopen_run();
  database_.prepare("INSERT INTO outcomes VALUES (?,?,?,?,?,?,?,?)")
      .bind(record.case_id, record.station, record.scenario, record.map, record.row,
            record.column, record.value, record.note)
      .step();
  transaction.commit();
}

void Journal::absorb(const std::filesystem::path& share) {
  check_file(Database(share, Database::Mode::read));
  database_.prepare("ATTACH DATABASE ? AS share").bind(share.string()).step();
  try {
    Transaction transaction(database_);
    for (const char* table :
         {"trials", "traces", "cases", "operations", "outcomes", "stations"}) {
      database_.run(fmt::format("INSERT INTO {0} SELECT * FROM share.{0}", table));
    }
    reopen_run();
    transaction.commit();
  } catch (...) {
    database_.run("DETACH DATABASE share");
    throw;
  }
  database_.run("DETACH DATABASE share");
}

void Journal::add_station(const StationRecord& record) {
  Transaction transaction(database_);
  reopen_run();
  database_.prepare("INSERT OR REPLACE INTO stations VALUES (?,?,?,?,?,?)")
      .bind(record.station, record.board, record.quarantined, record.examination,
            record.calibration, record.last_good_shams)
      .step();
  transaction.commit();
}

void Journal::finish(double wall_s) {
  Transaction transaction(database_);
  set("trace_sha256", trace_sha256());
  set("wall_s", fmt::format("{}", wall_s));
  transaction.commit();
  // A run that has ended is one file, readable where nothing may be written.
  database_.run("PRAGMA journal_mode = DELETE");
}

std::set<std::string> Journal::present(std::string_view case_id) const {
  Statement select =
      database_.prepare("SELECT DISTINCT id FROM trials WHERE case_id = ?");
  select.bind(case_id);
  std::set<std::string> identifiers;
  while (select.step()) identifiers.insert(select.text(0));
  return identifiers;
}

std::vector<TrialRecord> Journal::trials(std::string_view case_id) const {
  Statement select =
      database_.prepare(std::string("SELECT ") + kTrialColumns +
                        " FROM trials WHERE case_id = ? ORDER BY id, attempt");
  select.bind(case_id);
  std::vector<TrialRecord> records;
  while (select.step()) records.push_back(read_trial(select));
  return records;
}

PastTrials Journal::past(std::string_view case_id) const {
  return PastTrials(database_, case_id);
}

bool Journal::has(std::string_view case_id, std::string_view id, int attempt) const {
  Statement select = database_.prepare(
      "SELECT 1 FROM trials WHERE case_id = ? AND id = ? AND attempt = ?");
  select.bind(case_id, id, attempt);
  return select.step();
}

std::optional<std::string> Journal::info(std::string_view key) const {
  Statement select = database_.prepare("SELECT value FROM run WHERE key = ?");
  select.bind(key);
  if (!select.step()) return std::nullopt;
  return select.text(0);
}

std::string Journal::trace_sha256() const {
  Statement select = database_.prepare(
      "SELECT id, trace_hash FROM trials WHERE attempt = 1 ORDER BY id, trace_hash");
  std::string lines;
  while (select.step()) lines += select.text(0) + ' ' + select.text(1) + '\n';
  return hex(image::sha256(
      {reinterpret_cast<const std::uint8_t*>(lines.data()), lines.size()}));
}

void Journal::set(std::string_view key, std::string_view value) {
  database_.prepare("INSERT OR REPLACE INTO run VALUES (?,?)").bind(key, value).step();
}

void Journal::reopen_run() {
  database_.run("DELETE FROM run WHERE key IN ('trace_sha256', 'wall_s')");
}

std::optional<trial::TrialSpec> find_spec(const std::filesystem::path& file,
                                          std::string_view identifier) {
  const Database database(file, Database::Mode::read);
  check_file(database);
  Statement select = database.prepare("SELECT spec FROM trials WHERE id = ? LIMIT 1");
  if (!select.bind(identifier).step()) return std::nullopt;
  return trial::spec_from_json(nlohmann::json::parse(select.text(0)));
}

}  // namespace lockrig::journal
