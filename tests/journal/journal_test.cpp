#include "rig/journal/journal.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "rig/journal/record_json.hpp"

namespace lockrig::journal {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using trial::Outcome;
using trial::TrialRecord;
using trial::Verdict;

trial::Answer answer(std::string question, Outcome outcome) {
  trial::Answer a;
  a.question = std::move(question);
  a.outcome = outcome;
  return a;
}

TrialRecord record(std::uint64_t operation, double fraction = 0.3) {
  TrialRecord r;
  r.spec.station = "A1";
  r.spec.board = "6000i-A";
  r.spec.stimulus = trial::Stimulus::push;
  r.spec.image = "6000i-2.4.0.img";
  trial::Cut& cut = r.spec.cuts.emplace_back();
  cut.at = operation;
  cut.fraction = fraction;
  r.id = trial::identifier(r.spec);
  r.verdict = Verdict::recovered;
  r.answers = {answer("boots", Outcome::ok)};
  r.phase = "swap";
  r.trace_hash = "hash of " + std::to_string(operation);
  r.simulated_s = 12.5;
  return r;
}

std::vector<TrialRecord> records(std::uint64_t from, std::uint64_t to) {
  std::vector<TrialRecord> all;
  for (std::uint64_t i = from; i < to; ++i) all.push_back(record(i));
  return all;
}

template <typename Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

class JournalTest : public testing::Test {
 protected:
  JournalTest() {
    std::string pattern = (fs::temp_directory_path() / "journal-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    file_ = directory_ / "run.db";
    info_.version = "0.1.0";
    info_.seed = 18446744073709551615u;
    info_.bench_kind = "virtual";
    info_.host = {{"cpu", "two of them"}};
  }
  ~JournalTest() override { fs::remove_all(directory_); }

  std::string ask(const std::string& sql) const {
    const Database database(file_, Database::Mode::read);
    Statement statement = database.prepare(sql);
    return statement.step() ? statement.text(0) : "no row";
  }

  fs::path directory_;
  fs::path file_;
  RunInfo info_;
};

TEST_F(JournalTest, keeps_every_fact_of_a_trial) {
  TrialRecord full = record(312);
  full.verdict = Verdict::degraded;
  full.answers = {answer("boots", Outcome::ok), answer("checks_in", Outcome::failed),
                  answer("locks", Outcome::not_asked),
                  answer("bolt_still", Outcome::could_not_look)};
  full.answers[0].measured = 1.25;
  full.answers[0].limit = 5;
  full.answers[0].unit = "s";
  full.answers[1].harm = Verdict::unsafe;
  full.answers[1].detail = "never came";
  full.cuts.push_back({.requested = "flash op 312 at 0.3",
                       .achieved_s = 3.5,
                       .off_s = std::nullopt,
                       .reset = "boot counter 4 -> 5",
                       .proven = true,
                       .by_chip = true});
  full.operation = "erase slot0";
  full.note = "a note";
  full.forked = true;
  full.checked = true;

  Journal journal = Journal::create(file_, info_);
  journal.add_trials({&full, 1}, "PWR-04", Purpose::claim, 1, {{full.id, "{}\n"}});
  const std::vector<TrialRecord> read = journal.trials("PWR-04");
  ASSERT_EQ(read.size(), 1u);
  const TrialRecord& back = read[0];
  EXPECT_EQ(back.id, full.id);
  EXPECT_EQ(back.spec, full.spec);
  EXPECT_EQ(back.verdict, full.verdict);
  EXPECT_EQ(back.phase, full.phase);
  EXPECT_EQ(back.operation, full.operation);
  EXPECT_EQ(back.note, full.note);
  EXPECT_EQ(back.trace_hash, full.trace_hash);
  EXPECT_EQ(back.simulated_s, full.simulated_s);
  EXPECT_TRUE(back.forked);
  EXPECT_TRUE(back.checked);
  ASSERT_EQ(back.answers.size(), 4u);
  EXPECT_EQ(back.answers[0].measured, 1.25);
  EXPECT_EQ(back.answers[0].limit, 5);
  EXPECT_EQ(back.answers[0].unit, "s");
  EXPECT_EQ(back.answers[1].outcome, Outcome::failed);
  EXPECT_EQ(back.answers[1].harm, Verdict::unsafe);
  EXPECT_EQ(back.answers[1].detail, "never came");
  EXPECT_EQ(back.answers[1].measured, std::nullopt);
  EXPECT_EQ(back.answers[2].outcome, Outcome::not_asked);
  EXPECT_EQ(back.answers[3].outcome, Outcome::could_not_look);
  ASSERT_EQ(back.cuts.size(), 1u);
  EXPECT_EQ(back.cuts[0].requested, "flash op 312 at 0.3");
  EXPECT_EQ(back.cuts[0].achieved_s, 3.5);
  EXPECT_EQ(back.cuts[0].off_s, std::nullopt);
  EXPECT_EQ(back.cuts[0].reset, "boot counter 4 -> 5");
  EXPECT_TRUE(back.cuts[0].proven);
  EXPECT_TRUE(back.cuts[0].by_chip);
  EXPECT_EQ(ask("SELECT op_index || ' ' || fraction || ' ' || lost FROM trials"),
            "312 0.3 checks_in");
  EXPECT_EQ(ask("SELECT events FROM traces"), "{}\n");
  EXPECT_EQ(find_spec(file_, full.id), full.spec);
  EXPECT_EQ(find_spec(file_, "000000000000"), std::nullopt);
}

TEST_F(JournalTest, keeps_the_run_its_cases_and_its_sweeps) {
  Journal journal = Journal::create(file_, info_);
  CaseRecord control;
  control.case_id = "ID-01";
  control.station = "A1";
  control.scenario = "test_model.py::test_by_air[A1]";
  control.outcome = CaseOutcome::failed;
  control.purpose = Purpose::control;
  control.defect = "lockstate-2017";
  control.caught = true;
  control.measurements = {{"refusal", 1.5, "s", std::nullopt, 2.0}};
  journal.add_case(control);
  journal.add_sweep({"PWR-04", "A1", "update", 500, {0, 0.3, 0.7}, 1500});
  EXPECT_EQ(ask("SELECT value FROM run WHERE key = 'seed'"), "18446744073709551615");
  EXPECT_EQ(ask("SELECT value FROM run WHERE key = 'host.cpu'"), "two of them");
  EXPECT_EQ(ask("SELECT purpose || outcome || defect || caught FROM cases"),
            "controlfailedlockstate-20171");
  EXPECT_EQ(ask("SELECT measurements FROM cases"),
            R"([{"high":2.0,"name":"refusal","unit":"s","value":1.5}])");
  EXPECT_EQ(ask("SELECT operations || fractions || trials FROM operations"),
            "500[0.0,0.3,0.7]1500");
  control.caught.reset();
  journal.add_case(control);
  EXPECT_EQ(ask("SELECT count(*) || ' ' || (caught IS NULL) FROM cases"), "1 1");
}

TEST_F(JournalTest, a_map_s_cells_keep_their_order_and_are_never_written_over) {
  Journal share = Journal::create(directory_ / "share.db", info_);
  share.add_outcome({"ENV", "U1", "test_env", "in place", "2", "0.5", "new", "seq=2"});
  share.add_outcome({"ENV", "U1", "test_env", "in place", "1", "0.5", "lost", "CRC"});
  EXPECT_THROW(
      share.add_outcome({"ENV", "U1", "test_env", "in place", "1", "0.5", "new", ""}),
      std::runtime_error);
  share.finish(1);
  Journal journal = Journal::create(file_, info_);
  journal.absorb(directory_ / "share.db");
  EXPECT_EQ(
      ask("SELECT group_concat(value, ' ') FROM (SELECT value FROM outcomes ORDER "
          "BY rowid)"),
      "new lost");
}

TEST_F(JournalTest, a_run_is_unfinished_until_it_says_so) {
  const std::string count =
      "SELECT count(*) FROM run WHERE key IN "
      "('wall_s', 'trace_sha256')";
  Journal journal = Journal::create(file_, info_);
  EXPECT_EQ(ask(count), "0");
  journal.finish(41.5);
  EXPECT_EQ(ask("SELECT value FROM run WHERE key = 'wall_s'"), "41.5");
  EXPECT_EQ(ask("SELECT value FROM run WHERE key = 'trace_sha256'"),
            journal.trace_sha256());
  journal.add_trials(records(0, 1), "PWR-04", Purpose::claim, 1);
  EXPECT_EQ(ask(count), "0");
}

TEST_F(JournalTest, the_hash_of_a_run_is_that_of_its_sorted_pairs) {
  Journal journal = Journal::create(file_, info_);
  EXPECT_EQ(journal.trace_sha256(),  // of nothing
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  TrialRecord a = record(1);
  TrialRecord b = record(2);
  a.id = "aa";
  a.trace_hash = "11";
  b.id = "bb";
  b.trace_hash = "22";
  journal.add_trials(std::vector{b, a}, "X-1", Purpose::claim, 1);
  EXPECT_EQ(journal.trace_sha256(),  // of "aa 11\nbb 22\n"
            "5d7389ea9644d2fbd2adec4044398d5f03eed87887b902e03fb5f9739b49711b");
}

TEST_F(JournalTest, the_hash_of_a_run_does_not_depend_on_the_order) {
  std::vector<TrialRecord> all = records(0, 20);
  Journal forward = Journal::create(file_, info_);
  forward.add_trials(all, "PWR-04", Purpose::claim, 1);
  forward.add_trials(std::span(all).first(3), "PWR-02", Purpose::claim, 1);

  std::reverse(all.begin(), all.end());
  Journal backward = Journal::create(directory_ / "backward.db", info_);
  backward.add_trials(std::span(all).last(3), "PWR-02", Purpose::claim, 1);
  for (const TrialRecord& each : all) {
    backward.add_trials({&each, 1}, "PWR-04", Purpose::claim, 1);
  }
  EXPECT_EQ(forward.trace_sha256(), backward.trace_sha256());

  const std::string before = backward.trace_sha256();
  all[0].trace_hash = "of the second attempt";
  backward.add_trials({all.data(), 1}, "PWR-04", Purpose::claim, 2);
  EXPECT_EQ(backward.trace_sha256(), before);
  backward.add_trials(records(20, 21), "PWR-04", Purpose::claim, 1);
  EXPECT_NE(backward.trace_sha256(), before);
}

TEST_F(JournalTest, a_resumed_run_knows_what_it_has) {
  const std::vector<TrialRecord> all = records(0, 3);
  {
    Journal journal = Journal::create(file_, info_);
    journal.add_trials(std::span(all).first(2), "PWR-04", Purpose::claim, 1);
    journal.add_trials(std::span(all).last(1), "PWR-07", Purpose::claim, 1);
  }
  Journal journal = Journal::resume(file_);
  EXPECT_EQ(journal.present("PWR-04"), (std::set{all[0].id, all[1].id}));
  EXPECT_EQ(journal.present("PWR-07"), std::set{all[2].id});
  EXPECT_THAT(journal.present("PWR-08"), IsEmpty());
}

TEST_F(JournalTest, no_result_is_written_over) {
  Journal journal = Journal::create(file_, info_);
  std::vector<TrialRecord> batch = records(0, 2);
  journal.add_trials(batch, "PWR-04", Purpose::claim, 1);
  std::vector<TrialRecord> again = records(5, 6);
  again.push_back(batch[0]);
  again.back().verdict = Verdict::bricked;
  EXPECT_THAT(error_of([&] { journal.add_trials(again, "PWR-04", Purpose::claim, 1); }),
              HasSubstr("run.db: UNIQUE constraint failed"));
  // The batch that held the duplicate is not there, in no part of it.
  EXPECT_EQ(journal.present("PWR-04"), (std::set{batch[0].id, batch[1].id}));
  EXPECT_EQ(ask("SELECT count(*) FROM trials WHERE verdict = 'bricked'"), "0");
  // Another attempt and another case are other rows, and the journal goes on.
  again.erase(again.begin());
  journal.add_trials(again, "PWR-04", Purpose::claim, 2);
  journal.add_trials(again, "PWR-02", Purpose::claim, 1);
  EXPECT_EQ(journal.trials("PWR-04").size(), 3u);
}

// The writer killed at any byte of a commit: what a copy then holds is every batch
// whose call returned, and the last one as a whole or not at all.
TEST_F(JournalTest, a_killed_batch_leaves_a_consistent_file) {
  const std::vector<TrialRecord> first = records(0, 10);
  const std::vector<TrialRecord> second = records(10, 40);
  const fs::path log = file_.string() + "-wal";
  const fs::path copy = directory_ / "copy.db";
  const fs::path copied_log = copy.string() + "-wal";

  Journal journal = Journal::create(file_, info_);
  journal.add_trials(first, "PWR-04", Purpose::claim, 1);
  const std::uintmax_t before = fs::file_size(log);
  journal.add_trials(second, "PWR-04", Purpose::claim, 1);
  const std::uintmax_t after = fs::file_size(log);
  ASSERT_GT(after, before);

  int without = 0;
  const std::uintmax_t step = (after - before) / 23;
  for (std::uintmax_t size = before; size <= after; size += step) {
    fs::copy_file(file_, copy, fs::copy_options::overwrite_existing);
    fs::copy_file(log, copied_log, fs::copy_options::overwrite_existing);
    fs::resize_file(copied_log, size);
    fs::remove(copy.string() + "-shm");
    const std::size_t found = Journal::resume(copy).present("PWR-04").size();
    if (found == first.size()) ++without;
    EXPECT_TRUE(found == first.size() || found == first.size() + second.size())
        << found << " trials with " << size << " bytes of the log";
  }
  EXPECT_GT(without, 0);
  fs::copy_file(file_, copy, fs::copy_options::overwrite_existing);
  fs::copy_file(log, copied_log, fs::copy_options::overwrite_existing);
  fs::remove(copy.string() + "-shm");
  EXPECT_EQ(Journal::resume(copy).present("PWR-04").size(), 40u);
}

TEST_F(JournalTest, a_finished_run_is_one_file) {
  Journal journal = Journal::create(file_, info_);
  journal.add_trials(records(0, 3), "PWR-04", Purpose::claim, 1);
  journal.finish(1);
  const fs::path copy = directory_ / "copy.db";
  fs::copy_file(file_, copy);
  EXPECT_EQ(Journal::resume(copy).present("PWR-04").size(), 3u);
}

TEST_F(JournalTest, a_directory_that_is_missing_is_named) {
  const fs::path file = directory_ / "nowhere" / "run.db";
  EXPECT_EQ(error_of([&] { Journal::create(file, info_); }),
            file.string() + ": unable to open database file");
  EXPECT_EQ(error_of([&] { Journal::resume(file_); }),
            file_.string() + ": unable to open database file");
}

TEST_F(JournalTest, a_run_is_not_begun_over_another) {
  Journal::create(file_, info_);
  EXPECT_THROW(Journal::create(file_, info_), std::invalid_argument);
}

TEST_F(JournalTest, another_file_or_another_version_is_refused_by_name) {
  std::ofstream(directory_ / "text.db") << std::string(5000, 'x');
  EXPECT_THAT(error_of([&] { Journal::resume(directory_ / "text.db"); }),
              HasSubstr("text.db: file is not a database"));
  Database other(directory_ / "other.db", Database::Mode::create);
  other.run("CREATE TABLE t (x)");
  EXPECT_THAT(error_of([&] { Journal::resume(directory_ / "other.db"); }),
              HasSubstr("other.db: not the journal of a run"));
  Journal::create(file_, info_);
  Database(file_, Database::Mode::write).run("PRAGMA user_version = 99");
  EXPECT_THAT(error_of([&] { Journal::resume(file_); }), HasSubstr("version 99"));
}

TEST_F(JournalTest, mistakes_of_a_caller_change_nothing) {
  Journal journal = Journal::create(file_, info_);
  EXPECT_THROW(journal.add_trials(records(0, 1), "PWR-04", Purpose::claim, 0),
               std::invalid_argument);
  CaseRecord wrong;
  wrong.purpose = Purpose::expected;
  EXPECT_THROW(journal.add_case(wrong), std::invalid_argument);
  EXPECT_THAT(journal.present("PWR-04"), IsEmpty());
}

TEST(RecordJson, takes_a_console_line_that_is_no_text) {
  trial::Answer garbled = answer("boots", Outcome::failed);
  garbled.detail = "banner \xff\xfe";
  EXPECT_EQ(answers_from(answers_text({garbled})).at(0).detail,
            "banner \xef\xbf\xbd\xef\xbf\xbd");
}

TEST(RecordJson, refuses_what_it_did_not_write) {
  EXPECT_THROW(answers_from("{"), std::runtime_error);
  EXPECT_THROW(answers_from(R"([{"question":"boots","outcome":"perhaps"}])"),
               std::runtime_error);
  EXPECT_THROW(cuts_from("[3]"), std::runtime_error);
}

TEST(Names, lead_back_to_what_they_name) {
  for (const Purpose each : {Purpose::claim, Purpose::control, Purpose::expected}) {
    EXPECT_EQ(purpose_from(to_string(each)), each);
  }
  for (const CaseOutcome each :
       {CaseOutcome::passed, CaseOutcome::failed, CaseOutcome::skipped,
        CaseOutcome::inconclusive, CaseOutcome::error}) {
    EXPECT_EQ(case_outcome_from(to_string(each)), each);
  }
  EXPECT_EQ(purpose_from("claim"), std::nullopt);
  EXPECT_EQ(case_outcome_from("PASSED"), std::nullopt);
}

TEST_F(JournalTest, shams_have_a_purpose_of_their_own) {
  Journal journal = Journal::create(file_, info_);
  TrialRecord sham = record(1);
  sham.spec.sham = trial::Sham::cut;
  sham.id = trial::identifier(sham.spec);
  journal.add_trials(std::span(&sham, 1), "SHAM", Purpose::sham, 1);
  CaseRecord judged;
  judged.case_id = "SHAM";
  judged.station = "A1";
  judged.scenario = "sham";
  judged.purpose = Purpose::sham;
  judged.defect = "cut";
  judged.caught = false;
  journal.add_case(judged);
  EXPECT_EQ(ask("SELECT purpose FROM trials"), "sham");
  EXPECT_EQ(ask("SELECT purpose || caught FROM cases"), "sham0");
  EXPECT_EQ(purpose_from("sham"), Purpose::sham);
  EXPECT_EQ(journal.trials("SHAM").at(0).spec, sham.spec);
}

TEST_F(JournalTest, what_is_known_of_a_station_later_replaces_its_row) {
  Journal journal = Journal::create(file_, info_);
  StationRecord station{"A1", "6000i-A", "", "[]", "{}", "2026-11-20"};
  journal.add_station(station);
  station.quarantined = "serial: another";
  journal.add_station(station);
  EXPECT_EQ(ask("SELECT count(*) FROM stations"), "1");
  EXPECT_EQ(ask("SELECT station || quarantined || last_good_shams FROM stations"),
            "A1serial: another2026-11-20");
}

}  // namespace
}  // namespace lockrig::journal
