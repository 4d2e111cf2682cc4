#include "rig/bench/file_bench.hpp"

#include <algorithm>

#include "rig/bench/hardware_bench.hpp"
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

std::vector<std::string> FileBench::capabilities(const std::string& name) const {
  const StationEntry& entry = station(name);
  std::set<std::string> names = fitted(entry);
  names.insert({"power", "keypad", "bolt"});
  if (entry.reset_key) names.insert("reset_key");
  const bool is_virtual = file_.kind == Kind::virtual_twins;
  if (is_virtual || entry.console) names.insert("console");
  const mpsse::Wiring& wiring = is_virtual ? board(entry).wiring : entry.wiring;
  for (const char* line : {"busy", "dip"}) {
    if (wiring.has(line)) names.insert(line);
  }
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
  return std::make_unique<HardwareBench>(std::move(file));
}

}  // namespace lockrig::bench
