#include "many_cuts.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "rig/journal/journal.hpp"
#include "rig/trial/sweep.hpp"
#include "subject.hpp"

namespace lockrig {
namespace {

constexpr unsigned kThreads = 2;

/// A folder that is gone afterwards.
class Folder {
 public:
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "lockrig-cuts-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder");
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// What the process holds now (not at most).
std::uint64_t resident_kib() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("VmRSS:")) return std::stoull(line.substr(6));
  }
  throw std::runtime_error("/proc/self/status: no VmRSS");
}

double seconds_since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began)
      .count();
}

}  // namespace

nlohmann::json many_cuts(std::uint64_t cuts) {
  const Folder folder;
  journal::RunInfo info;
  info.seed = update().seed;
  auto journal = journal::Journal::create(folder / "run.db", info);
  trial::SweepPlan plan;
  plan.choose = trial::Choose::random;
  plan.fractions = {};
  plan.count = cuts;
  std::uint64_t early_kib = 0;
  std::uint64_t tenths = 0;
  const auto began = std::chrono::steady_clock::now();
  const auto on_batch = [&](std::vector<trial::TrialRecord>&& finished,
                            std::uint64_t done, std::uint64_t total) {
    journal.add_trials(finished, "MANY", journal::Purpose::claim, 1);
    if (done * 10 / total > tenths) {
      tenths = done * 10 / total;
      if (early_kib == 0) early_kib = resident_kib();
      std::cerr << done << " of " << total << " in " << seconds_since(began) << " s, "
                << resident_kib() << " KiB\n";
    }
    return true;
  };
  const auto result =
      trial::sweep(update(), plan, kThreads, bench_under_test(), baselines(), on_batch);
  const double wall_s = seconds_since(began);
  const auto recovered = result.counts.find("recovered");
  if (recovered == result.counts.end() || recovered->second != cuts) {
    throw std::runtime_error("a good lock did not recover from a cut");
  }
  return {{"cuts", result.trials},
          {"cuts_wall_s", wall_s},
          {"cuts_per_s", static_cast<double>(result.trials) / wall_s},
          {"cuts_checked_whole", result.checked},
          {"cuts_kib_at_a_tenth", early_kib},
          {"cuts_kib_at_the_end", resident_kib()},
          {"cuts_journal_kib", std::filesystem::file_size(folder / "run.db") / 1024}};
}

}  // namespace lockrig
