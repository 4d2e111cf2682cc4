#include "rig/io/station_lock.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

namespace lockrig::io {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kLongestKey = 80;       // times 3 is below NAME_MAX
constexpr std::size_t kLongestCommand = 200;  // characters of it that are shown

/// Readable text on one line, whatever is in a command line.
std::string printable(std::string text) {
  for (char& c : text) {
    if (c < ' ' || c > '~') c = ' ';
  }
  if (text.size() > kLongestCommand) text = text.substr(0, kLongestCommand) + "...";
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// When a process was started, in the kernel's ticks: with the number it names one
/// process of this boot. Field 22 of /proc/PID/stat (proc(5)); 0 if that is hidden.
std::int64_t start_of(int process) {
  const std::string stat = content("/proc/" + std::to_string(process) + "/stat");
  const std::size_t name_end = stat.rfind(')');  // the name may contain anything
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(stat.substr(name_end + 1));
  std::string field;
  for (int i = 3; i <= 22; ++i) fields >> field;
  return std::atoll(field.c_str());
}

std::string user_name() {
  char buffer[4096];
  passwd entry{};
  passwd* found = nullptr;
  getpwuid_r(getuid(), &entry, buffer, sizeof buffer, &found);
  return found != nullptr ? found->pw_name : "user " + std::to_string(getuid());
}

void write_note(int descriptor, std::string_view since) {
  const json note = {{"user", user_name()},
                     {"process", getpid()},
                     {"started", start_of(getpid())},
                     {"command", printable(content("/proc/self/cmdline"))},
                     {"since", since}};
  const std::string text =
      note.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  // A note that cannot be written (full disk) leaves the lock itself as good as ever.
  if (ftruncate(descriptor, 0) != 0 ||
      pwrite(descriptor, text.data(), text.size(), 0) < 0) {
    errno = 0;
  }
}

/// What the file says of its holder; nullopt if it is not (or not yet) written by
/// somebody who lives. What a dead holder left stays in the file until the next one
/// writes there, and must not be shown.
std::optional<std::string> holder(int descriptor) {
  char text[4096];
  const ssize_t size = pread(descriptor, text, sizeof text, 0);
  if (size <= 0) return std::nullopt;
  const json said = json::parse(text, text + size, nullptr, false);
  try {
    const int process = said.at("process").get<int>();
    if (process <= 0 || (kill(process, 0) != 0 && errno == ESRCH)) return std::nullopt;
    const std::int64_t started = start_of(process);
    if (started != 0 && started != said.at("started")) return std::nullopt;
    return printable(said.at("user").get<std::string>()) + ", process " +
           std::to_string(process) + " (" +
           printable(said.at("command").get<std::string>()) + "), since " +
           printable(said.at("since").get<std::string>());
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

bool usable(const fs::path& folder) {
  return access(folder.c_str(), R_OK | W_OK | X_OK) == 0;
}

/// Opens without O_CREAT what is there: the kernel refuses O_CREAT on another's file in
/// a folder like /run/lock (fs.protected_regular, proc(5)).
int open_or_create(const fs::path& path) {
  constexpr int kFlags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
  int descriptor = -1;
  do {
    descriptor = open(path.c_str(), kFlags);
    if (descriptor >= 0 || errno != ENOENT) break;
    descriptor = open(path.c_str(), kFlags | O_CREAT | O_EXCL, 0666);
    if (descriptor >= 0) fchmod(descriptor, 0666);  // for all, whatever the umask
  } while (descriptor < 0 && errno == EEXIST);
  if (descriptor < 0) {
    throw std::invalid_argument(path.string() + ": the lock of the station cannot be " +
                                "opened: " + std::strerror(errno));
  }
  return descriptor;
}

}  // namespace

fs::path lock_folder() {
  std::error_code ignored;
  if (const char* const chosen = std::getenv("LOCKRIG_LOCKS")) {
    fs::create_directories(chosen, ignored);
    if (!usable(chosen)) {
      throw std::invalid_argument(std::string("LOCKRIG_LOCKS: the folder '") + chosen +
                                  "' cannot be written");
    }
    return chosen;
  }
  const fs::path common = "/run/lock/lockrig";
  if (mkdir(common.c_str(), 0777) == 0) chmod(common.c_str(), 01777);
  if (usable(common)) return common;
  if (const char* const runtime = std::getenv("XDG_RUNTIME_DIR")) {
    const fs::path own = fs::path(runtime) / "lockrig";
    fs::create_directories(own, ignored);
    if (usable(own)) return own;
  }
  const fs::path last = "/tmp/lockrig-" + std::to_string(getuid());
  fs::create_directories(last, ignored);
  return last;
}

std::string file_name(std::string_view key) {
  if (key.empty() || key.size() > kLongestKey) {
    throw std::invalid_argument("'" + std::string(key) +
                                "' cannot name a station's file: 1 to 80 bytes");
  }
  constexpr char kHex[] = "0123456789abcdef";
  std::string name;
  for (const char c : key) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool safe = letter || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
                      (c == '.' && !name.empty());
    if (safe) {
      name += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      name += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return name;
}

StationLock::StationLock(const fs::path& folder, const std::string& station,
                         std::string_view device, std::string_view since)
    : descriptor_(open_or_create(folder / (file_name(device) + ".lock"))),
      owner_(getpid()) {
  if (flock(descriptor_, LOCK_EX | LOCK_NB) == 0) {
    write_note(descriptor_, since);
    return;
  }
  const std::string who =
      holder(descriptor_)
          .value_or(
              "a process that has just begun or just died: try again in a second");
  close(descriptor_);
  throw StationHeld("station " + station + " is held by " + who);
}

StationLock::~StationLock() {
  // Not release_lock(): a guard at work keeps the station.
  if (getpid() == owner_ && ftruncate(descriptor_, 0) != 0) errno = 0;
  close(descriptor_);
}

void release_lock(int descriptor) {
  if (ftruncate(descriptor, 0) != 0) errno = 0;
  flock(descriptor, LOCK_UN);
}

}  // namespace lockrig::io
