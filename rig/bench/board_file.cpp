#include "rig/bench/board_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "rig/bench/toml_file.hpp"
#include "rig/core/error.hpp"
#include "rig/protocol/wiring_csv.hpp"

namespace lockrig::bench {
namespace {

namespace fs = std::filesystem;
using Keys = std::vector<std::string_view>;

// --- which keys there are ----------------------------------------------------------

struct Section {
  std::string name;
  Keys keys;
};

// The same for every revision: who the lock is.
const Section kIdentity{"identity",
                        {"lock", "vendor", "device_class", "trusted_key", "revisions"}};

// A revision may say otherwise, in [revision.B.<section>].
const std::array kSections{
    Section{"flash",
            {"strategy", "sectors", "boot", "slot0", "slot1", "settings", "log",
             "erase_ms", "first_byte_us", "further_byte_ns"}},
    Section{"rail",
            {"rise_us", "hold_up_open_ms", "fall_open_ms", "hold_up_discharged_us",
             "fall_discharged_us"}},
    Section{"bolt", {"travel_ms", "stall_ms"}},
    Section{"console", {"baud", "smp_buffer_bytes", "smp_buffers"}},
    Section{"keypad",
            {"debounce_ms", "entry_timeout_s", "auto_lock_s", "wrong_code_limit",
             "lock_out_s"}},
    Section{"functions",
            {"add", "delete", "change", "programming", "mute", "unmute", "contact"}},
    Section{"portal", {"host", "port", "heartbeat_s", "retry_first_s"}},
    Section{"firmware",
            {"trial_window_s", "watchdog_s", "boot_loader_ms", "start_up_ms"}},
    Section{"limits",
            {"boot_max_s", "unlock_max_s", "lock_max_s", "relock_max_s", "signal_max_s",
             "check_in_max_s", "update_max_s", "confirm_max_s", "wrong_code_limit",
             "lock_out_max_s", "off_min_ms"}},
};

void check_section(const TomlFile& file, const std::string& prefix,
                   const Section& section) {
  const std::string name = join_key(prefix, section.name);
  file.allow(name, section.keys);
  if (section.name != "flash") return;
  for (const char* region : {"boot", "slot0", "slot1", "settings", "log"}) {
    const std::string key = join_key(name, region);
    if (file.has(key)) file.allow(key, {"first", "sectors"});
  }
}

std::string read_revisions(const TomlFile& file) {
  const std::string key = "identity.revisions";
  std::string letters;
  for (const std::string& name : file.texts(key)) {
    const std::string own = fmt::format("{}[{}]", key, letters.size());
    if (name.size() != 1 || name[0] < 'A' || name[0] > 'Z') {
      file.reject(own, "'" + name + "' is not one letter from A to Z");
    }
    if (letters.find(name[0]) != std::string::npos) {
      file.reject(own, name + " is there twice");
    }
    letters += name;
  }
  if (letters.empty()) file.reject(key, "must name a revision");
  return letters;
}

bool says_lock(const TomlFile& file) {
  return !file.has("identity.lock") || file.flag("identity.lock");
}

void check_keys(const TomlFile& file) {
  Keys top{kIdentity.name};
  Keys changeable;
  for (const Section& section : kSections) changeable.push_back(section.name);
  top.insert(top.end(), changeable.begin(), changeable.end());
  top.push_back("revision");
  file.allow("", top);
  check_section(file, "", kIdentity);
  const bool is_lock = says_lock(file);
  for (const Section& section : kSections) {
    // A lock has them all; what another board needs is asked for by its keys.
    if (is_lock || file.has(section.name)) check_section(file, "", section);
  }
  if (!file.has("revision")) return;

  const std::string letters = read_revisions(file);
  Keys revisions;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    revisions.push_back(std::string_view(letters).substr(i, 1));
  }
  file.allow("revision", revisions);
  for (const std::string& letter : file.names("revision")) {
    const std::string prefix = join_key("revision", letter);
    file.allow(prefix, changeable);
    for (const Section& section : kSections) {
      if (file.has(join_key(prefix, section.name))) {
        check_section(file, prefix, section);
      }
    }
  }
}

// --- the values of one revision ----------------------------------------------------

class Revision {
 public:
  Revision(const TomlFile& file, char letter) : file_(file), letter_(letter) {}

  /// Where the value for this revision stands.
  std::string at(const std::string& key) const {
    const std::string own = fmt::format("revision.{}.{}", letter_, key);
    return file_.has(own) ? own : key;
  }
  std::string text(const std::string& key) const { return file_.text(at(key)); }
  int integer(const std::string& key, int min, int max) const {
    return file_.integer(at(key), min, max);
  }
  Duration duration(const std::string& key, Duration min = 1ns) const {
    return file_.duration(at(key), min);
  }
  void require(bool good, const std::string& key, const std::string& what) const {
    if (!good) file_.reject(at(key), fmt::format("{} (revision {})", what, letter_));
  }
  void require_more(const std::string& key, Duration value, const std::string& than,
                    Duration least) const {
    require(value > least, key, "must be more than " + at(than));
  }

 private:
  const TomlFile& file_;
  char letter_;
};

// --- flash -------------------------------------------------------------------------

constexpr int kMostSectors = 4096;  // 16 MiB, what three address bytes reach

// An image sector, the spare one that swap-move needs, the trailer; and no more than
// three status entries of 8 bytes a sector that fit into the trailer's sector behind
// its 48 bytes of fields (rig/twin/trailer.hpp).
constexpr std::uint32_t kSlotMin = 3 * twin::kSectorSize;
constexpr std::uint32_t kSlotMax = (twin::kSectorSize - 48) / 24 * twin::kSectorSize;

constexpr std::uint32_t kTwoSectors = 2 * twin::kSectorSize;

twin::Region read_region(const Revision& r, std::string_view name) {
  const std::string key = fmt::format("flash.{}", name);
  const int first = r.integer(key + ".first", 0, kMostSectors);
  const int sectors = r.integer(key + ".sectors", 1, kMostSectors);
  return {name, static_cast<std::uint32_t>(first) * twin::kSectorSize,
          static_cast<std::uint32_t>(sectors) * twin::kSectorSize};
}

void check_places(const Revision& r, const std::vector<twin::Region>& regions,
                  std::uint32_t sectors) {
  for (auto region = regions.begin(); region != regions.end(); ++region) {
    const std::string key = fmt::format("flash.{}", region->name);
    const std::uint32_t end = region->end() / twin::kSectorSize;
    r.require(end <= sectors, key + ".sectors",
              fmt::format("leaves the flash: ends at sector {} of {}", end, sectors));
    const auto other =
        std::find_if(regions.begin(), region, [&](const twin::Region& o) {
          return region->address < o.end() && o.address < region->end();
        });
    r.require(other == region, key + ".first", fmt::format("overlaps {}", other->name));
  }
}

void check_sizes(const Revision& r, const twin::LockModel& m) {
  r.require(m.slot0.size >= kSlotMin && m.slot0.size <= kSlotMax, "flash.slot0.sectors",
            fmt::format("a slot has {} to {} sectors", kSlotMin / twin::kSectorSize,
                        kSlotMax / twin::kSectorSize));
  r.require(m.slot1.size == m.slot0.size, "flash.slot1.sectors",
            "both slots must have the same size");
  r.require(m.settings.size % kTwoSectors == 0, "flash.settings.sectors",
            "two banks of whole sectors take an even number");
  r.require(m.log.size >= kTwoSectors, "flash.log.sectors",
            "a ring takes 2 at least: one is erased while the others are kept");
}

void read_flash(const Revision& r, twin::LockModel& m) {
  const std::string strategy = r.text("flash.strategy");
  r.require(strategy == "swap_move" || strategy == "direct_xip", "flash.strategy",
            "'" + strategy + "' is neither swap_move nor direct_xip");
  m.strategy =
      strategy == "swap_move" ? twin::Strategy::swap_move : twin::Strategy::direct_xip;
  m.sectors = static_cast<std::uint32_t>(r.integer("flash.sectors", 1, kMostSectors));
  m.slot0 = read_region(r, "slot0");
  m.slot1 = read_region(r, "slot1");
  m.settings = read_region(r, "settings");
  m.log = read_region(r, "log");
  check_places(r, {read_region(r, "boot"), m.slot0, m.slot1, m.settings, m.log},
               m.sectors);
  check_sizes(r, m);
  m.flash.erase = r.duration("flash.erase_ms");
  m.flash.first_byte = r.duration("flash.first_byte_us");
  m.flash.further_byte = r.duration("flash.further_byte_ns");
}

// --- body and behaviour ------------------------------------------------------------

void read_rail(const Revision& r, twin::LockModel& m) {
  m.rail.rise = r.duration("rail.rise_us");
  m.rail.hold_up_open = r.duration("rail.hold_up_open_ms");
  m.rail.fall_open = r.duration("rail.fall_open_ms");
  m.rail.hold_up_discharged = r.duration("rail.hold_up_discharged_us");
  m.rail.fall_discharged = r.duration("rail.fall_discharged_us");
  r.require_more("rail.fall_open_ms", m.rail.fall_open, "rail.hold_up_open_ms",
                 m.rail.hold_up_open);
  r.require_more("rail.fall_discharged_us", m.rail.fall_discharged,
                 "rail.hold_up_discharged_us", m.rail.hold_up_discharged);
}

void read_body(const Revision& r, twin::LockModel& m) {
  m.bolt_travel = r.duration("bolt.travel_ms", 1ms);
  m.bolt_stall = r.duration("bolt.stall_ms");
  r.require_more("bolt.stall_ms", m.bolt_stall, "bolt.travel_ms", m.bolt_travel);
  m.baud = r.integer("console.baud", 300, 12'000'000);  // FT2232H: up to 12 Mbaud
  // A message is 8 bytes of header and a map; its length has 16 bits.
  m.smp_buffer =
      static_cast<std::size_t>(r.integer("console.smp_buffer_bytes", 64, 65535));
  m.smp_buffers = r.integer("console.smp_buffers", 1, 255);
}

void read_behaviour(const Revision& r, twin::LockModel& m) {
  m.debounce = r.duration("keypad.debounce_ms");
  m.entry_timeout = r.duration("keypad.entry_timeout_s");
  r.require_more("keypad.entry_timeout_s", m.entry_timeout, "keypad.debounce_ms",
                 m.debounce);
  m.auto_lock = r.duration("keypad.auto_lock_s");
  m.wrong_code_limit = r.integer("keypad.wrong_code_limit", 1, 100);
  // Whole seconds: that is how a lock stores what remains of it.
  m.lock_out = std::chrono::seconds(r.integer("keypad.lock_out_s", 1, 86400));
  m.portal_host = r.text("portal.host");
  m.portal_port = r.integer("portal.port", 1, 65535);
  m.heartbeat = r.duration("portal.heartbeat_s");
  m.retry_first = r.duration("portal.retry_first_s");
  r.require(m.retry_first <= m.heartbeat, "portal.retry_first_s",
            "must not be more than " + r.at("portal.heartbeat_s"));
  m.trial_window = r.duration("firmware.trial_window_s");
  m.watchdog = r.duration("firmware.watchdog_s");
  m.boot_loader = r.duration("firmware.boot_loader_ms");
  m.start_up = r.duration("firmware.start_up_ms");
}

void read_functions(const Revision& r, twin::LockModel& m) {
  const std::array<std::pair<const char*, std::string*>, 7> functions{
      {{"add", &m.function_add},
       {"delete", &m.function_delete},
       {"change", &m.function_change},
       {"programming", &m.function_programming},
       {"mute", &m.function_mute},
       {"unmute", &m.function_unmute},
       {"contact", &m.function_contact}}};
  for (const auto& [name, number] : functions) {
    const std::string key = fmt::format("functions.{}", name);
    *number = r.text(key);
    r.require(number->find_first_not_of("0123456789") == std::string::npos, key,
              "'" + *number + "' is not made of digits");
    for (const auto& [other, taken] : functions) {
      if (other == name) break;
      r.require(*taken != *number, key, *number + " already means " + other);
    }
  }
}

trial::Limits read_limits(const Revision& r, const twin::LockModel& m) {
  const auto more = [&](const char* key, const char* than, Duration least) {
    const Duration value = r.duration(key);
    r.require_more(key, value, than, least);
    return value;
  };
  trial::Limits limits;
  limits.boot_max = r.duration("limits.boot_max_s");
  r.require(limits.boot_max > m.boot_loader + m.start_up, "limits.boot_max_s",
            "must be more than boot_loader_ms and start_up_ms of firmware");
  limits.unlock_max = more("limits.unlock_max_s", "bolt.travel_ms", m.bolt_travel);
  limits.lock_max = more("limits.lock_max_s", "bolt.travel_ms", m.bolt_travel);
  limits.relock_max = more("limits.relock_max_s", "keypad.auto_lock_s", m.auto_lock);
  limits.signal_max = r.duration("limits.signal_max_s");
  limits.check_in_max =
      more("limits.check_in_max_s", "portal.heartbeat_s", m.heartbeat);
  limits.update_max = r.duration("limits.update_max_s");
  limits.confirm_max =
      more("limits.confirm_max_s", "firmware.trial_window_s", m.trial_window);
  limits.wrong_code_limit = r.integer("limits.wrong_code_limit", 1, 100);
  r.require(limits.wrong_code_limit == m.wrong_code_limit, "limits.wrong_code_limit",
            "must equal " + r.at("keypad.wrong_code_limit"));
  limits.lock_out_max = more("limits.lock_out_max_s", "keypad.lock_out_s", m.lock_out);
  limits.off_min = r.duration("limits.off_min_ms");
  limits.entry_timeout = m.entry_timeout;
  return limits;
}

// --- the model's own ---------------------------------------------------------------

image::Uuid read_uuid(const TomlFile& file, const std::string& key) {
  const std::string text = file.text(key);
  const auto uuid = image::Uuid::parse(text);
  if (!uuid) file.reject(key, "'" + text + "' is not a UUID");
  return *uuid;
}

image::PublicKey read_key(const TomlFile& file, const fs::path& fixtures) {
  const std::string key = "identity.trusted_key";
  const std::string path = (fixtures / file.text(key)).lexically_normal().string();
  std::error_code error;
  if (!fs::is_regular_file(path, error)) file.reject(key, path + " is not a file");
  try {
    return image::PublicKey::from_pem_file(path);
  } catch (const BadInput& mistake) {
    file.reject(key, mistake.what());
  }
}

// 4 to 10 digits: RemoteLock manuals, as every code at the keypad.
bool is_code(const std::string& text) {
  return text.size() >= 4 && text.size() <= 10 &&
         text.find_first_not_of("0123456789") == std::string::npos;
}

void read_codes(const fs::path& path, BoardFile& board) {
  const auto add = [&](const mpsse::CsvRow& row, const std::string& kind,
                       const std::string& code, const std::string& source) {
    if (kind != "user" && kind != "programming") {
      row.reject("kind", "'" + kind + "' is neither user nor programming");
    }
    if (!is_code(code)) row.reject("code", "'" + code + "' is not 4 to 10 digits");
    if (source.empty()) row.reject("source", "must not be empty");
    auto& codes = kind == "user" ? board.default_users : board.default_programming;
    if (std::find(codes.begin(), codes.end(), code) != codes.end()) {
      row.reject("code", code + " is there twice");
    }
    codes.push_back(code);
  };
  mpsse::for_each_csv_row(path.string(), add, "kind", "code", "source");
}

BoardFile read_revision(const TomlFile& file, BoardFile board, char letter) {
  const Revision r(file, letter);
  twin::LockModel& model = board.model;
  model.revision = letter;
  read_rail(r, model);
  if (!board.is_lock) {
    board.limits.boot_max = r.duration("limits.boot_max_s");
    board.limits.off_min = r.duration("limits.off_min_ms");
    return board;
  }
  read_flash(r, model);
  read_body(r, model);
  read_behaviour(r, model);
  read_functions(r, model);
  board.limits = read_limits(r, model);
  return board;
}

BoardFile read_model(const TomlFile& file, const fs::path& folder) {
  BoardFile board;
  board.model.name = folder.filename().string();
  board.wiring = mpsse::load_wiring((folder / "wiring.csv").string());
  board.is_lock = says_lock(file);
  if (!board.is_lock) return board;
  board.model.vendor = read_uuid(file, "identity.vendor");
  board.model.device_class = read_uuid(file, "identity.device_class");
  board.model.trusted = {read_key(file, folder / ".." / "..")};
  board.keys = mpsse::load_keypad_map((folder / "keypad.csv").string());
  board.model.keys = board.keys;
  read_codes(folder / "codes.csv", board);
  return board;
}

std::vector<std::string> model_names(const fs::path& boards_dir) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(boards_dir, error)) {
    if (fs::is_regular_file(entry.path() / "board.toml", error)) {
      names.push_back(entry.path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  if (names.empty()) {
    throw BadInput(boards_dir.string(), 0, "", "is not a folder with boards");
  }
  return names;
}

}  // namespace

std::vector<std::string> board_names(const fs::path& boards_dir) {
  std::vector<std::string> boards;
  for (const std::string& model : model_names(boards_dir)) {
    const TomlFile file(boards_dir / model / "board.toml");
    for (const char letter : read_revisions(file)) {
      boards.push_back(fmt::format("{}-{}", model, letter));
    }
  }
  return boards;
}

BoardFile load_board(const fs::path& boards_dir, const std::string& board,
                     const Overlay* overlay) {
  const std::size_t dash = board.rfind('-');
  const std::string name = board.substr(0, dash);
  const auto models = model_names(boards_dir);
  if (dash == std::string::npos ||
      std::find(models.begin(), models.end(), name) == models.end()) {
    throw BadInput(
        boards_dir.string(), 0, board,
        "there is no such board; there are: " + listed(board_names(boards_dir)));
  }
  const fs::path folder = boards_dir / name;
  TomlFile file(folder / "board.toml");
  if (overlay != nullptr) {
    Keys changeable;
    for (const Section& section : kSections) changeable.push_back(section.name);
    overlay->file.allow(overlay->table, changeable);
    file.lay_over(overlay->file, overlay->table);
  }
  check_keys(file);
  const std::string letters = read_revisions(file);
  const BoardFile common = read_model(file, folder);
  std::optional<BoardFile> found;
  for (const char letter : letters) {
    BoardFile each = read_revision(file, common, letter);
    if (each.model.board() == board) found = std::move(each);
  }
  if (!found) {
    file.reject("identity.revisions", fmt::format("there is no {}, only {}", board,
                                                  fmt::join(letters, ", ")));
  }
  return *std::move(found);
}

}  // namespace lockrig::bench
