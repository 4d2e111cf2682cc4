#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "tests/benchmark/hardware_path/log_listener.hpp"
#include "tests/benchmark/hardware_path/modes.hpp"

namespace lockrig::hardware_path {
namespace {

constexpr std::size_t kMebibyte = 1024 * 1024;
/// A millisecond of reads: enough for a mean, short enough for the machine to be the
/// same while the other listener reads as much.
constexpr std::size_t kWindow = 64 * 1024;
/// Heard before a window and not measured: to listen is what both come from.
constexpr std::size_t kWarmUp = 16 * 1024;
constexpr std::size_t kPart = 20;  // the start and the end are that part of a log

/// Whether a board runs beside its listener or on another core moves the cost of a read
/// by a factor of two, and the scheduler changes its mind every second or so.
void stay_on_this_core() {
  const int core = ::sched_getcpu();
  if (core < 0) throw std::runtime_error("which core is this?");
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  if (::sched_setaffinity(0, sizeof cores, &cores) != 0) {
    throw std::runtime_error("this process may not choose its core");
  }
}

/// /proc/self/statm (proc(5)): the second number, in pages.
long resident_kib() {
  std::ifstream file("/proc/self/statm");
  long all = 0, resident = 0;
  file >> all >> resident;
  return resident * (::sysconf(_SC_PAGESIZE) / 1024);
}

/// The same moment's cost for the listener to the whole log and for one that has heard
/// next to nothing.
struct Pair {
  Window grown, fresh;
};

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Costs {
  std::vector<Pair> pairs;
  long kib_before = 0, kib_after = 0;

  std::size_t part() const { return std::max<std::size_t>(pairs.size() / kPart, 1); }
  template <typename Figure>
  double at_start(Figure figure) const {
    return median_of(0, figure);
  }
  template <typename Figure>
  double at_end(Figure figure) const {
    return median_of(pairs.size() - part(), figure);
  }

 private:
  template <typename Figure>
  double median_of(std::size_t first, Figure figure) const {
    std::vector<double> values;
    for (std::size_t i = first; i < first + part(); ++i) {
      values.push_back(figure(pairs[i]));
    }
    return median(std::move(values));
  }
};

Window measured(LogListener& listener) {
  listener.hear(kWarmUp);
  return listener.hear(kWindow);
}

Costs compare(LogListener& grown, const std::string& other, std::size_t bytes) {
  Costs costs;
  // Room for all, touched: what this keeps of its own is no growth.
  costs.pairs.resize(bytes / kWindow);
  costs.pairs.clear();
  while (grown.received() + 2 * (kWarmUp + kWindow) < bytes) {
    LogListener fresh(other);
    Pair pair;
    if (costs.pairs.size() % 2 == 0) {
      pair.grown = measured(grown);
      pair.fresh = measured(fresh);
    } else {
      pair.fresh = measured(fresh);
      pair.grown = measured(grown);
    }
    if (pair.grown.bytes < kWindow || pair.fresh.bytes < kWindow) break;
    costs.pairs.push_back(pair);
    if (costs.kib_before == 0 && grown.received() > bytes / kPart) {
      costs.kib_before = resident_kib();
    }
  }
  costs.kib_after = resident_kib();
  if (grown.received() < bytes) grown.hear(bytes - grown.received());
  return costs;
}

}  // namespace

int read_log(const Words& words) {
  if (words.size() != 1) throw std::invalid_argument("read-log MIB");
  const std::size_t bytes = std::stoul(words[0]) * kMebibyte;
  if (bytes == 0) throw std::invalid_argument("a log of nothing");
  stay_on_this_core();
  TalkingBoard board(bytes);
  TalkingBoard other(std::numeric_limits<std::size_t>::max());
  board.begin();
  other.begin();
  LogListener grown(board.path());
  const Costs costs = compare(grown, other.path(), bytes);
  if (costs.pairs.empty()) throw std::runtime_error("a board fell silent at once");
  const auto grown_us = [](const Pair& pair) { return pair.grown.us_a_read(); };
  const auto fresh_us = [](const Pair& pair) { return pair.fresh.us_a_read(); };
  const auto read_bytes = [](const Pair& pair) { return pair.grown.bytes_a_read(); };
  const auto ratio = [](const Pair& pair) {
    return pair.grown.us_a_byte() / pair.fresh.us_a_byte();
  };
  const nlohmann::json line = {
      {"bytes", bytes},
      {"bytes_lost", bytes - std::min(bytes, grown.received())},
      {"reads_damaged", grown.reads_wrong()},
      {"matched", grown.matched()},
      {"reads", grown.reads()},
      {"windows", costs.pairs.size()},
      {"read_us_start", costs.at_start(grown_us)},
      {"read_us_end", costs.at_end(grown_us)},
      {"fresh_read_us_start", costs.at_start(fresh_us)},
      {"fresh_read_us_end", costs.at_end(fresh_us)},
      {"read_bytes_start", costs.at_start(read_bytes)},
      {"read_bytes_end", costs.at_end(read_bytes)},
      {"growth", costs.at_end(ratio) / costs.at_start(ratio)},
      {"rss_growth_kib", costs.kib_after - costs.kib_before},
      {"mib_per_s", static_cast<double>(bytes) / static_cast<double>(kMebibyte) /
                        to_seconds(grown.took())}};
  std::printf("%s\n", line.dump().c_str());
  return 0;
}

}  // namespace lockrig::hardware_path
