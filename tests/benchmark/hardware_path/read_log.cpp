#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "rig/station/console.hpp"
#include "tests/benchmark/hardware_path/console_at.hpp"
#include "tests/benchmark/hardware_path/modes.hpp"
#include "tests/benchmark/hardware_path/pattern_watch.hpp"

namespace lockrig::hardware_path {
namespace {

constexpr std::size_t kLine = 64;
constexpr std::size_t kMebibyte = 1024 * 1024;

/// Each line has its number, so that no other can stand in its place.
void append_line(std::string& text, std::size_t number) {
  text +=
      fmt::format("{:012} log of a lock that has nothing to say for hours\n", number);
}

/// What the board would have said from an offset on, made as it is asked for.
class Expected {
 public:
  bool matches(ByteView bytes) {
    while (ahead_.size() - at_ < bytes.size()) {
      if (at_ > kMebibyte) {
        ahead_.erase(0, at_);
        at_ = 0;
      }
      append_line(ahead_, next_++);
    }
    const bool same =
        std::equal(bytes.begin(), bytes.end(),
                   reinterpret_cast<const std::uint8_t*>(ahead_.data()) + at_);
    at_ += bytes.size();
    return same;
  }

 private:
  std::string ahead_;
  std::size_t at_ = 0;
  std::size_t next_ = 0;
};

/// The board: a process that writes as fast as the line takes it, and stays until told.
class Board {
 public:
  explicit Board(std::size_t bytes) {
    near_end_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    char name[64];
    if (near_end_ < 0 || ::grantpt(near_end_) != 0 || ::unlockpt(near_end_) != 0 ||
        ::ptsname_r(near_end_, name, sizeof name) != 0) {
      throw std::runtime_error("there are no PTYs");
    }
    // Under a name that libserialport takes for a port's: a symbolic link.
    char folder[] = "/tmp/lockrig-log-XXXXXX";
    if (::mkdtemp(folder) == nullptr) throw std::runtime_error("/tmp has no room");
    folder_ = folder;
    path_ = folder_ + "/console";
    std::filesystem::create_symlink(name, path_);
    int begin[2];
    if (::pipe(begin) != 0) throw std::runtime_error("there are no pipes");
    child_ = ::fork();
    if (child_ == 0) {
      char go = 0;
      ::close(begin[1]);
      if (::read(begin[0], &go, 1) == 1) talk(bytes);
      ::pause();
    }
    ::close(begin[0]);
    begin_ = begin[1];
  }
  ~Board() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    ::close(begin_);
    ::close(near_end_);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  const std::string& path() const { return path_; }
  void begin() {
    if (::write(begin_, "g", 1) != 1) throw std::runtime_error("the board has gone");
  }

 private:
  void talk(std::size_t bytes) const {
    std::string text;
    std::size_t line = 0;
    for (std::size_t sent = 0; sent < bytes;) {
      text.clear();
      while (text.size() < kLine * kLine) append_line(text, line++);
      for (std::string_view rest = text; !rest.empty();) {
        const ssize_t took = ::write(near_end_, rest.data(), rest.size());
        if (took <= 0) ::_exit(1);
        rest.remove_prefix(static_cast<std::size_t>(took));
      }
      sent += text.size();
    }
  }

  int near_end_ = -1;
  int begin_ = -1;
  int child_ = -1;
  std::string folder_;
  std::string path_;
};

double thread_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// /proc/self/statm (proc(5)): the second number, in pages.
long resident_kib() {
  std::ifstream file("/proc/self/statm");
  long all = 0, resident = 0;
  file >> all >> resident;
  return resident * (::sysconf(_SC_PAGESIZE) / 1024);
}

struct Reads {
  std::vector<float> us;     // of processor time, one a read
  std::vector<float> bytes;  // of each
};

double median(std::vector<float> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return static_cast<double>(*middle);
}

struct Outcome {
  std::size_t received = 0;
  std::size_t wrong = 0;  // reads that were not what was sent
  long kib_before = 0, kib_after = 0;
  bool matched = false;
  Duration took{};
};

Task<Outcome> listen(World& world, station::Console& console, Board& board,
                     std::size_t bytes, Reads& reads) {
  PatternWatch watch("#REACT#");
  Expected expected;
  Outcome outcome;
  std::array<std::uint8_t, 4096> buffer;
  console.set_live(true);
  const Instant begun = world.now();
  board.begin();
  double before = thread_seconds();
  while (outcome.received < bytes) {
    const ReadResult read = co_await console.read_some(buffer, world.now() + 2s);
    if (read.status != StreamStatus::ok) break;
    const ByteView got = ByteView(buffer).first(read.count);
    if (watch.feed(got)) outcome.matched = true;
    const double now = thread_seconds();
    reads.us.push_back(static_cast<float>((now - before) * 1e6));
    reads.bytes.push_back(static_cast<float>(read.count));
    outcome.received += read.count;
    if (!expected.matches(got)) ++outcome.wrong;
    if (outcome.kib_before == 0 && outcome.received > bytes / 20) {
      outcome.kib_before = resident_kib();
    }
    before = thread_seconds();
  }
  outcome.kib_after = resident_kib();
  outcome.took = world.now() - begun;
  co_return outcome;
}

}  // namespace

int read_log(const Words& words) {
  if (words.size() != 1) throw std::invalid_argument("read-log MIB");
  const std::size_t bytes = std::stoul(words[0]) * kMebibyte;
  Board board(bytes);
  World world(1, Pace::wall);
  io::SerialPort port(world, console_at(board.path()));
  station::Console console(world, port, "S");
  Reads reads;
  // Room for all, touched: what this keeps of its own is no growth.
  reads.us.assign(bytes / 16, 1);
  reads.bytes.assign(bytes / 16, 1);
  reads.us.clear();
  reads.bytes.clear();
  const Outcome outcome =
      world.run(listen(world, console, board, bytes, reads), 10min, "a log");
  const std::size_t part = std::max<std::size_t>(reads.us.size() / 20, 1);
  const auto first = [&](const std::vector<float>& all) {
    return median({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(part)});
  };
  const auto last = [&](const std::vector<float>& all) {
    return median({all.end() - static_cast<std::ptrdiff_t>(part), all.end()});
  };
  const nlohmann::json line = {
      {"bytes", bytes},
      {"bytes_lost", bytes - std::min(bytes, outcome.received)},
      {"reads_damaged", outcome.wrong},
      {"matched", outcome.matched},
      {"reads", reads.us.size()},
      {"read_us_start", first(reads.us)},
      {"read_us_end", last(reads.us)},
      {"read_bytes_start", first(reads.bytes)},
      {"read_bytes_end", last(reads.bytes)},
      {"rss_growth_kib", outcome.kib_after - outcome.kib_before},
      {"mib_per_s", static_cast<double>(bytes) / static_cast<double>(kMebibyte) /
                        to_seconds(outcome.took)}};
  std::printf("%s\n", line.dump().c_str());
  return 0;
}

}  // namespace lockrig::hardware_path
