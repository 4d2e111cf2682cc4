#include "rig/io/station_state.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "rig/core/error.hpp"
#include "rig/io/station_lock.hpp"

namespace lockrig::io {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Raised when a reader of the old form could misread the new one.
constexpr int kFormat = 1;

fs::path chosen_folder() {
  if (const char* const chosen = std::getenv("LOCKRIG_STATE")) return chosen;
  if (const char* const states = std::getenv("XDG_STATE_HOME")) {
    return fs::path(states) / "lockrig";
  }
  const char* home = std::getenv("HOME");
  char buffer[4096];
  passwd entry{};
  passwd* found = nullptr;
  if (home == nullptr) {
    getpwuid_r(getuid(), &entry, buffer, sizeof buffer, &found);
    home = found != nullptr ? found->pw_dir : "/";
  }
  return fs::path(home) / ".local/state/lockrig";
}

[[noreturn]] void cannot_write(const fs::path& path, const char* doing) {
  throw std::runtime_error(path.string() + ": the station's state cannot be written (" +
                           doing + ": " + std::strerror(errno) + ")");
}

void write_all(int descriptor, const std::string& text, const fs::path& path) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t n = write(descriptor, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) cannot_write(path, "write");
    done += static_cast<std::size_t>(n);
  }
}

/// Closes, and removes what did not become the file.
struct Draft {
  ~Draft() {
    close(descriptor);
    if (!name.empty()) unlink(name.c_str());
  }
  int descriptor;
  std::string name;
};

}  // namespace

fs::path state_folder() {
  const fs::path folder = chosen_folder();
  std::error_code ignored;
  fs::create_directories(folder, ignored);
  if (access(folder.c_str(), R_OK | W_OK | X_OK) != 0) {
    throw std::invalid_argument("the folder for what is remembered of stations, '" +
                                folder.string() +
                                "', cannot be written (set LOCKRIG_STATE)");
  }
  return folder;
}

fs::path StationState::file_of(const fs::path& folder, const std::string& station) {
  return folder / (file_name(station) + ".json");
}

StationState::StationState(fs::path file) : file_(fs::absolute(file)) { load(); }

void StationState::load() {
  sections_.clear();
  std::ifstream in(file_, std::ios::binary);
  if (!in) {
    std::error_code error;
    if (!fs::exists(file_, error) && !error) {
      board_ = {false, "this host has not seen the station before", ""};
      return;
    }
    throw BadInput(file_.string(), 0, "", "cannot be read");
  }
  const std::string text(std::istreambuf_iterator<char>(in), {});
  const auto damaged = [&](const std::string& key, const std::string& what) {
    throw BadInput(file_.string(), 0, key,
                   what +
                       ": what is remembered of the station is damaged; remove the "
                       "file, then run the doctor on the station");
  };
  const json all = json::parse(text, nullptr, false);
  if (!all.is_object()) damaged("", "is no JSON object");
  if (all.value("format", json()) != kFormat) {
    damaged("format", "is not " + std::to_string(kFormat));
  }
  try {
    const json& board = all.at("board");
    const std::string state = board.at("state").get<std::string>();
    if (state != "known" && state != "unknown") {
      damaged("board.state", "'" + state + "' is neither known nor unknown");
    }
    board_ = {state == "known", board.at("why").get<std::string>(),
              board.at("since").get<std::string>()};
    for (const auto& [name, value] : all.at("sections").items()) {
      sections_[name] = value.dump();
    }
  } catch (const json::exception& error) {
    damaged("", error.what());
  }
}

void StationState::mark_unknown(std::string why, std::string since) {
  load();
  board_ = {false, std::move(why), std::move(since)};
  save();
}

void StationState::clear_mark(std::string since) {
  load();
  board_ = {true, "", std::move(since)};
  save();
}

std::optional<std::string> StationState::get(const std::string& section) const {
  const auto found = sections_.find(section);
  if (found == sections_.end()) return std::nullopt;
  return found->second;
}

void StationState::set(const std::string& section, const std::string& value) {
  const json parsed = json::parse(value, nullptr, false);
  if (parsed.is_discarded()) {
    throw std::invalid_argument("section " + section + " is not JSON: " + value);
  }
  load();
  sections_[section] = parsed.dump();
  save();
}

void StationState::remove(const std::string& section) {
  load();
  if (sections_.erase(section) > 0) save();
}

void StationState::save() const {
  json sections = json::object();
  for (const auto& [name, value] : sections_) sections[name] = json::parse(value);
  const json all = {{"format", kFormat},
                    {"board",
                     {{"state", board_.known ? "known" : "unknown"},
                      {"why", board_.why},
                      {"since", board_.since}}},
                    {"sections", sections}};
  const std::string text =
      all.dump(2, ' ', false, json::error_handler_t::replace) + "\n";

  std::string name = file_.string() + ".XXXXXX";
  Draft draft{mkostemp(name.data(), O_CLOEXEC), {}};
  if (draft.descriptor < 0) cannot_write(file_, "create");
  draft.name = name;
  fchmod(draft.descriptor, 0644);
  write_all(draft.descriptor, text, file_);
  if (fsync(draft.descriptor) != 0) cannot_write(file_, "fsync");
  if (rename(name.c_str(), file_.c_str()) != 0) cannot_write(file_, "rename");
  draft.name.clear();
  // The new name is on the disk only when its folder is.
  const Draft folder{
      open(file_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), {}};
  if (folder.descriptor < 0 || fsync(folder.descriptor) != 0) {
    cannot_write(file_, "fsync of its folder");
  }
}

}  // namespace lockrig::io
