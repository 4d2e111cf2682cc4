#include "rig/bench/file_bench.hpp"

#include <algorithm>

#include "rig/bench/hardware_bench.hpp"
#include "rig/bench/program_bench.hpp"
#include "rig/bench/virtual_bench.hpp"

namespace lockrig::bench {
namespace {

trial::LockFacts facts_of(const StationEntry& entry, const BoardFile& board) {
  const twin::LockModel& model = board.model;
  return {.station = entry.name,
          .board = entry.board,
          .serial = entry.serial,
          .slip_user = entry.user_code,
          .slip_programming = entry.programming_code,
          .default_users = board.default_users,
          .default_programming = board.default_programming,
          .functions = {{"add", model.function_add},
                        {"delete", model.function_delete},
                        {"change", model.function_change},
                        {"programming", model.function_programming},
                        {"mute", model.function_mute},
                        {"unmute", model.function_unmute},
                        {"contact", model.function_contact}},
          .keeps_slip_codes = entry.keeps_slip_codes,
          .returns = entry.returns,
          .heartbeat = model.heartbeat,
          .entry_timeout = model.entry_timeout,
          .limits = board.limits};
}

}  // namespace

FileBench::FileBench(BenchFile file)
    : file_(std::move(file)), images_(file_.boards_dir, file_.image_bytes) {
  for (const StationEntry& entry : file_.stations) {
    facts_.emplace(entry.name, facts_of(entry, board(entry)));
  }
}

const StationEntry& FileBench::station(const std::string& name) const {
  std::string known;
  for (const StationEntry& entry : file_.stations) {
    if (entry.name == name) return entry;
    known += " " + entry.name;
  }
  throw std::invalid_argument("no station " + name + " on " + file_.path +
                              "; there are:" + known);
}

const trial::LockFacts& FileBench::facts(const std::string& name) const {
  return facts_.at(station(name).name);
}

bool FileBench::has_console(const StationEntry& entry) const {
  switch (file_.kind) {
    case Kind::virtual_twins:
      return true;
    case Kind::programs:
      return entry.program.console != program::ConsoleKind::none;
    case Kind::rehearsal:
    case Kind::hardware:
      break;
  }
  return entry.console.has_value();
}

std::set<std::string> FileBench::beyond_lines(const StationEntry& entry) const {
  std::set<std::string> names = fitted(entry);
  if (!has_console(entry)) return names;
  names.insert(entry.profile ? "text" : "smp");
  if (!entry.profile || entry.profile->update) names.insert("update");
  return names;
}

std::vector<std::string> FileBench::capabilities(const std::string& name) const {
  const StationEntry& entry = station(name);
  std::set<std::string> names = beyond_lines(entry);
  names.insert("power");
  if (has_console(entry)) {
    names.insert("console");
    const bool locked = !entry.profile && board(entry).demands_service_key;
    if (locked) names.insert("service_key");
  }
  const bool real = file_.kind == Kind::hardware || file_.kind == Kind::rehearsal;
  const mpsse::Wiring& wiring = real ? entry.wiring : board(entry).wiring;
  const bool takes_part = file_.kind != Kind::programs || entry.program.lines;
  if (takes_part && board(entry).is_lock) names.insert({"keypad", "bolt"});
  if (takes_part && entry.reset_key) names.insert("reset_key");
  if (takes_part && wiring.has("busy")) names.insert("busy");
  if (wiring.has("dip")) names.insert("dip");
  return {names.begin(), names.end()};
}

void FileBench::restore_portal(trial::Rig& rig, const trial::Snapshot& start) {
  portal::Records records = start.portal;
  for (auto& [serial, lock] : records.locks) lock.check_ins.clear();
  rig.portal().restore(std::move(records));
}

std::unique_ptr<FileBench> open_bench(const std::filesystem::path& path) {
  BenchFile file = load_bench(path);
  if (file.kind == Kind::virtual_twins) {
    return std::make_unique<VirtualBench>(std::move(file));
  }
  if (file.kind == Kind::programs) {
    return std::make_unique<ProgramBench>(std::move(file));
  }
  return std::make_unique<HardwareBench>(std::move(file));
}

}  // namespace lockrig::bench
