#include "rig/bench/bench_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "rig/bench/bench_devices.hpp"
#include "rig/bench/bench_programs.hpp"
#include "rig/bench/profile_file.hpp"
#include "rig/bench/toml_file.hpp"
#include "rig/twin/defects.hpp"
#include "rig/twin/harness.hpp"

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

Kind read_kind(const TomlFile& file) {
  const std::string name = file.text("kind");
  for (const Kind kind :
       {Kind::virtual_twins, Kind::rehearsal, Kind::hardware, Kind::programs}) {
    if (name == to_string(kind)) return kind;
  }
  file.reject("kind", "'" + name +
                          "' is no kind of bench; there are: virtual, rehearsal, "
                          "hardware, programs");
}

std::vector<std::string> read_station_faults(const TomlFile& file,
                                             const std::string& key,
                                             const mpsse::Wiring& wiring) {
  if (!file.has(key)) return {};
  std::vector<std::string> faults = file.texts(key);
  for (std::size_t i = 0; i < faults.size(); ++i) {
    try {
      twin::Harness::check_fault(faults[i], wiring);
    } catch (const std::invalid_argument& unknown) {
      file.reject(key + "[" + std::to_string(i) + "]", unknown.what());
    }
  }
  return faults;
}

// A finger on a key for longer is a stuck key: a minute is longer than any press that a
// manual asks for.
constexpr Duration kKeyDriveMax = 1min;

class Reader {
 public:
  Reader(const TomlFile& file, BenchFile& bench) : file_(file), bench_(bench) {}

  void read_station(const std::string& name) {
    const std::string table = join_key("stations", name);
    if (name.empty() || !made_of(name, kNameCharacters)) {
      file_.reject(table, "a name has letters, digits, - and _ only");
    }
    file_.names(table);  // a table, before any key of it is asked for
    StationEntry station;
    station.name = name;
    station.board = file_.text(table + ".board");
    const BoardFile& kind = board(station, table);
    file_.allow(table, keys_of(kind));
    // Codes are judged by them.
    station.defects = read_defects(file_, table + ".defects");
    if (kind.is_lock) read_unit(station, table);
    station.on_exit = read_on_exit(file_, table + ".on_exit");
    station.reset_key = flag(table + ".reset_key");
    station.keeps_slip_codes = flag(table + ".keeps_slip_codes");
    read_times(station, table);
    station.station_faults =
        read_station_faults(file_, table + ".station_faults", kind.wiring);
    if (const std::string key = table + ".supply"; file_.has(key)) {
      station.supply = read_supply(file_, key, is_real());
    }
    if (is_real()) read_devices(file_, table, bench_.boards_dir, station);
    if (bench_.kind == Kind::programs) read_board_program(station, table);
    if (const std::string key = table + ".profile"; file_.has(key)) {
      station.profile = read_profile(key);
    }
    station.returns = read_return(table + ".baseline", station);
    for (const StationEntry& other : bench_.stations) {
      if (kind.is_lock) check_apart(station, other, table);
      if (is_real()) check_devices_apart(file_, table, station, other);
    }
    bench_.stations.push_back(std::move(station));
  }

 private:
  bool is_real() const {
    return bench_.kind == Kind::hardware || bench_.kind == Kind::rehearsal;
  }
  bool flag(const std::string& key) const { return file_.has(key) && file_.flag(key); }

  std::vector<std::string_view> keys_of(const BoardFile& kind) const {
    std::vector<std::string_view> keys = {
        "board",       "on_exit",    "supply",   "min_off_ms", "key_drive_max_s",
        "key_hold_ms", "key_gap_ms", "baseline", "reset_key"};
    if (kind.is_lock) {
      keys.insert(keys.end(),
                  {"serial", "user_code", "programming_code", "keeps_slip_codes"});
    }
    switch (bench_.kind) {
      case Kind::virtual_twins:
        keys.insert(keys.end(), {"station_faults", "defects"});
        break;
      case Kind::rehearsal:
        keys.push_back("defects");
        [[fallthrough]];
      case Kind::hardware:
        keys.insert(keys.end(),
                    {"gpio", "console", "portal", "probe", "wiring", "profile"});
        break;
      case Kind::programs:
        keys.erase(std::find(keys.begin(), keys.end(), "supply"));
        keys.insert(keys.end(), {"program", "profile", "portal"});
        break;
    }
    return keys;
  }

  /// Who the lock is, and what it came with.
  void read_unit(StationEntry& station, const std::string& table) {
    station.serial = read_name(file_, table + ".serial");
    station.user_code = read_code(file_, table + ".user_code");
    station.programming_code = read_code(file_, table + ".programming_code");
    check_codes(station, table);
  }

  void read_times(StationEntry& station, const std::string& table) {
    if (const std::string key = table + ".min_off_ms"; file_.has(key)) {
      station.min_off = file_.duration(key);
    }
    const std::string drive = table + ".key_drive_max_s";
    station.key_drive_max =
        file_.has(drive) ? file_.duration(drive) : Duration(kKeyDriveMax);
    if (const std::string key = table + ".key_hold_ms"; file_.has(key)) {
      station.keys.hold = file_.duration(key);
    }
    if (const std::string key = table + ".key_gap_ms"; file_.has(key)) {
      station.keys.gap = file_.duration(key);
    }
  }

  void read_board_program(StationEntry& station, const std::string& table) {
    station.program = read_program(file_, table + ".program");
    if (const std::string key = table + ".portal"; file_.has(key)) {
      station.portal = read_portal(file_, key);
    }
  }

  std::shared_ptr<const lock::TextProfile> read_profile(const std::string& key) {
    const auto path =
        std::filesystem::path(bench_.path).parent_path() / file_.text(key);
    return std::make_shared<const lock::TextProfile>(
        load_profile(path.lexically_normal()));
  }

  /// A snapshot where something can make one; else it has to be said that versions may
  /// climb.
  trial::Return read_return(const std::string& key, const StationEntry& station) {
    const bool restorable = bench_.kind != Kind::hardware || !station.probe.empty();
    if (!file_.has(key)) {
      return restorable ? trial::Return::snapshot : trial::Return::none;
    }
    const std::string name = file_.text(key);
    if (name == "ladder") return trial::Return::ladder;
    if (name == "none") return trial::Return::none;
    if (name != "snapshot") {
      file_.reject(key, "expected snapshot, ladder or none, not '" + name + "'");
    }
    if (!restorable) file_.reject(key, "a snapshot of a real board needs a probe");
    return trial::Return::snapshot;
  }

  const BoardFile& board(const StationEntry& station, const std::string& table) {
    if (names_.empty()) names_ = board_names(bench_.boards_dir);
    if (!contains(names_, station.board)) {
      file_.reject(table + ".board", "there is no board '" + station.board +
                                         "'; there are: " + listed(names_));
    }
    const auto known = bench_.boards.find(station.board);
    if (known != bench_.boards.end()) return known->second;
    const Overlay overlay{file_, "board"};
    BoardFile loaded = load_board(bench_.boards_dir, station.board,
                                  file_.has(overlay.table) ? &overlay : nullptr);
    return bench_.boards.emplace(station.board, std::move(loaded)).first->second;
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
};

}  // namespace

const char* to_string(Kind kind) {
  switch (kind) {
    case Kind::virtual_twins:
      return "virtual";
    case Kind::rehearsal:
      return "rehearsal";
    case Kind::hardware:
      return "hardware";
    case Kind::programs:
      return "programs";
  }
  return "?";
}

BenchFile load_bench(const std::filesystem::path& path) {
  const TomlFile file(path);
  BenchFile bench;
  bench.path = file.path();
  bench.kind = read_kind(file);
  // What a real board has otherwise than its file says is put into its file.
  const bool twins = bench.kind != Kind::hardware;  // or what stands in for boards
  file.allow(
      "", twins
              ? std::vector<std::string_view>{"kind", "boards", "image_kib", "nightly",
                                              "share_equal_boards", "board", "stations"}
              : std::vector<std::string_view>{"kind", "boards", "image_kib", "nightly",
                                              "share_equal_boards", "stations"});
  // A slot of the smaller board holds 16 sectors of image (fixtures/boards).
  const int kib = file.has("image_kib") ? file.integer("image_kib", 4, 1024) : 64;
  bench.image_bytes = static_cast<std::size_t>(kib) * 1024;
  if (file.has("share_equal_boards")) bench.shared = file.flag("share_equal_boards");
  if (file.has("nightly")) bench.nightly = file.texts("nightly");
  const std::string boards = file.has("boards") ? file.text("boards") : "../boards";
  bench.boards_dir = (path.parent_path() / boards).lexically_normal();
  std::error_code error;
  if (!std::filesystem::is_directory(bench.boards_dir, error)) {
    file.reject("boards", bench.boards_dir.string() + " is not a folder");
  }
  Reader reader(file, bench);
  for (const std::string& name : file.names("stations")) reader.read_station(name);
  for (const auto& [name, board] : bench.boards) {
    // A spare sector and the trailer's stand behind the image
    // (rig/bench/board_file.cpp).
    if (!board.is_lock) continue;
    const std::size_t room = board.model.slot0.size - 2 * twin::kSectorSize;
    if (bench.image_bytes > room) {
      file.reject("image_kib",
                  fmt::format("{} KiB do not fit into the {} KiB of a {}",
                              bench.image_bytes / 1024, room / 1024, name));
    }
  }
  if (bench.stations.empty())
    file.reject("stations", "a bench has one station at least");
  return bench;
}

}  // namespace lockrig::bench
