#include "rig/bench/bench_programs.hpp"

#include <filesystem>

namespace lockrig::bench {
namespace {

namespace fs = std::filesystem;

// A disk is kept whole in memory for each baseline (program/state_folder.hpp).
constexpr int kMostDiskKib = 48 * 1024;
constexpr int kMostUnit = 4096;

fs::path beside(const TomlFile& file, const std::string& key) {
  return (fs::path(file.path()).parent_path() / file.text(key)).lexically_normal();
}

void read_console(const TomlFile& file, const std::string& key, ProgramEntry& program) {
  const std::string kind = file.text(key);
  if (kind == "stdio") {
    program.console = program::ConsoleKind::stdio;
  } else if (kind == "pty") {
    program.console = program::ConsoleKind::pty;
  } else if (kind == "socket") {
    program.console = program::ConsoleKind::socket;
  } else if (kind != "none") {
    file.reject(key, "'" + kind + "' is none of: stdio, pty, socket, none");
  }
}

DiskEntry read_disk(const TomlFile& file, const std::string& key) {
  file.allow(key, {"kib", "image", "unit"});
  DiskEntry disk;
  if (file.has(key + ".kib") == file.has(key + ".image")) {
    file.reject(key, "must have either kib (an empty disk) or image (a file)");
  }
  if (file.has(key + ".kib")) disk.kib = file.integer(key + ".kib", 1, kMostDiskKib);
  if (const std::string image = key + ".image"; file.has(image)) {
    disk.image = beside(file, image);
    std::error_code error;
    if (!fs::is_regular_file(disk.image, error)) {
      file.reject(image, disk.image.string() + " is not a file");
    }
    const std::uintmax_t size = fs::file_size(disk.image, error);
    if (error || size == 0 || size > std::uintmax_t{kMostDiskKib} * 1024) {
      file.reject(image, disk.image.string() + " has not 1 byte to " +
                             std::to_string(kMostDiskKib) + " KiB");
    }
  }
  if (file.has(key + ".unit")) {
    disk.unit = static_cast<std::uint32_t>(file.integer(key + ".unit", 1, kMostUnit));
  }
  return disk;
}

}  // namespace

ProgramEntry read_program(const TomlFile& file, const std::string& key) {
  file.allow(key, {"run", "console", "lines", "flash_ops", "tears", "state", "disk"});
  ProgramEntry program;
  program.run = file.texts(key + ".run");
  if (program.run.empty()) file.reject(key + ".run", "must name a program");
  program.folder = fs::absolute(file.path()).parent_path();
  read_console(file, key + ".console", program);
  const auto flag = [&](const char* name) {
    const std::string own = join_key(key, name);
    return file.has(own) && file.flag(own);
  };
  program.lines = flag("lines");
  program.flash_ops = flag("flash_ops");
  program.tears = flag("tears");
  if (program.flash_ops && !program.lines) {
    file.reject(key + ".flash_ops",
                "needs lines = true: operations are announced there");
  }
  if (program.tears && !program.flash_ops) {
    file.reject(key + ".tears",
                "needs flash_ops = true: only an announced operation is torn");
  }
  if (const std::string state = key + ".state"; file.has(state)) {
    program.state = beside(file, state);
    std::error_code error;
    if (!fs::is_directory(program.state, error)) {
      file.reject(state, program.state.string() + " is not a folder");
    }
  }
  if (const std::string disk = key + ".disk"; file.has(disk)) {
    if (program.flash_ops) {
      file.reject(disk, "its writes are what is counted, not flash_ops");
    }
    program.disk = read_disk(file, disk);
  }
  return program;
}

}  // namespace lockrig::bench
