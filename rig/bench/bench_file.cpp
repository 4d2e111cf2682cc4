#include "rig/bench/bench_file.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "rig/bench/board_file.hpp"
#include "rig/bench/toml_file.hpp"
#include "rig/twin/defects.hpp"

namespace lockrig::bench {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kNameCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool made_of(const std::string& text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string::npos;
}

template <class T>
bool contains(const std::vector<T>& values, std::string_view value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

bool shares_codes(const StationEntry& station) {
  return contains(station.defects, twin::kSharedCodes);
}

std::string read_name(const TomlFile& file, const std::string& key) {
  const std::string name = file.text(key);
  if (!made_of(name, kNameCharacters)) {
    file.reject(key, "'" + name + "' has other characters than letters, digits, - _");
  }
  return name;
}

std::string read_code(const TomlFile& file, const std::string& key) {
  const std::string code = file.text(key);
  if (code.size() < 4 || code.size() > 10 || !made_of(code, kDigits)) {
    file.reject(key, "'" + code + "' is not 4 to 10 digits");
  }
  return code;
}

std::vector<std::string> read_defects(const TomlFile& file, const std::string& key) {
  if (!file.has(key)) return {};
  std::vector<std::string> defects = file.texts(key);
  for (std::size_t i = 0; i < defects.size(); ++i) {
    try {
      twin::Defects(std::vector<std::string>{defects[i]});
    } catch (const std::invalid_argument& unknown) {
      file.reject(key + "[" + std::to_string(i) + "]", unknown.what());
    }
  }
  return defects;
}

std::string read_on_exit(const TomlFile& file, const std::string& key) {
  if (!file.has(key)) return "off";
  std::string on_exit = file.text(key);
  if (on_exit != "off" && on_exit != "keep") {
    file.reject(key, "'" + on_exit + "' is neither off nor keep");
  }
  return on_exit;
}

void check_kind(const TomlFile& file, const std::string& kind) {
  if (kind == "virtual") return;
  const bool planned = kind == "rehearsal" || kind == "hardware";
  file.reject("kind",
              "'" + kind + "' is " +
                  (planned ? "not served by this version" : "no kind of bench") +
                  "; this version serves: virtual");
}

class Reader {
 public:
  Reader(const TomlFile& file, BenchFile& bench) : file_(file), bench_(bench) {}

  void read_station(const std::string& name) {
    const std::string table = join_key("stations", name);
    if (name.empty() || !made_of(name, kNameCharacters)) {
      file_.reject(table, "a name has letters, digits, - and _ only");
    }
    file_.allow(table, {"board", "serial", "user_code", "programming_code", "defects",
                        "on_exit"});
    StationEntry station;
    station.name = name;
    station.board = file_.text(table + ".board");
    station.serial = read_name(file_, table + ".serial");
    station.user_code = read_code(file_, table + ".user_code");
    station.programming_code = read_code(file_, table + ".programming_code");
    station.defects = read_defects(file_, table + ".defects");
    station.on_exit = read_on_exit(file_, table + ".on_exit");
    check_codes(station, table);
    for (const StationEntry& other : bench_.stations) {
      check_apart(station, other, table);
    }
    bench_.stations.push_back(std::move(station));
  }

 private:
  const BoardFile& board(const StationEntry& station, const std::string& table) {
    if (names_.empty()) names_ = board_names(bench_.boards_dir);
    if (!contains(names_, station.board)) {
      file_.reject(table + ".board", "there is no board '" + station.board +
                                         "'; there are: " + listed(names_));
    }
    const auto known = boards_.find(station.board);
    if (known != boards_.end()) return known->second;
    return boards_.emplace(station.board, load_board(bench_.boards_dir, station.board))
        .first->second;
  }

  void check_codes(const StationEntry& station, const std::string& table) {
    const BoardFile& kind = board(station, table);
    if (station.programming_code == station.user_code) {
      file_.reject(table + ".programming_code", "is the user code too");
    }
    if (shares_codes(station)) return;
    const std::string preset =
        " is a preset that the world knows, which needs the defect shared-codes";
    if (contains(kind.default_users, station.user_code)) {
      file_.reject(table + ".user_code", station.user_code + preset);
    }
    if (contains(kind.default_programming, station.programming_code)) {
      file_.reject(table + ".programming_code", station.programming_code + preset);
    }
  }

  void check_apart(const StationEntry& station, const StationEntry& other,
                   const std::string& table) {
    if (station.serial == other.serial) {
      file_.reject(table + ".serial", "is that of " + other.name + " too");
    }
    if (shares_codes(station) && shares_codes(other)) return;
    const std::string shared =
        "is that of " + other.name + " too, and not both have the defect shared-codes";
    if (station.user_code == other.user_code) {
      file_.reject(table + ".user_code", shared);
    }
    if (station.programming_code == other.programming_code) {
      file_.reject(table + ".programming_code", shared);
    }
  }

  const TomlFile& file_;
  BenchFile& bench_;
  std::vector<std::string> names_;
  std::map<std::string, BoardFile> boards_;
};

}  // namespace

BenchFile load_bench(const std::filesystem::path& path) {
  const TomlFile file(path);
  BenchFile bench;
  bench.path = file.path();
  bench.kind = file.text("kind");
  check_kind(file, bench.kind);
  file.allow("", {"kind", "boards", "stations"});
  const std::string boards = file.has("boards") ? file.text("boards") : "../boards";
  bench.boards_dir = (path.parent_path() / boards).lexically_normal();
  std::error_code error;
  if (!std::filesystem::is_directory(bench.boards_dir, error)) {
    file.reject("boards", bench.boards_dir.string() + " is not a folder");
  }
  Reader reader(file, bench);
  for (const std::string& name : file.names("stations")) reader.read_station(name);
  if (bench.stations.empty())
    file.reject("stations", "a bench has one station at least");
  return bench;
}

}  // namespace lockrig::bench
