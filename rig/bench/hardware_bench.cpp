#include "rig/bench/hardware_bench.hpp"

#include <cstdlib>

#include "rig/bench/hardware_rig.hpp"
#include "rig/bench/rehearsal_control.hpp"
#include "rig/bench/service_key.hpp"
#include "rig/core/error.hpp"

namespace lockrig::bench {
namespace {

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Where the build put lockrig_guard, unless $LOCKRIG_PROGRAMS says otherwise.
std::filesystem::path programs() {
  const std::string own = environment("LOCKRIG_PROGRAMS");
  return own.empty() ? LOCKRIG_PROGRAMS : own;
}

}  // namespace

/// A station that this process has.
struct HardwareBench::Place {
  explicit Place(const StationEntry& entry) : held(entry, programs()) {}

  HeldStation held;
  std::unique_ptr<RehearsalControl> rehearsal;
  std::unique_ptr<DebugProbe> command;
  DebugProbe* probe = nullptr;
  bool in_use = false;
  bool off = false;  // seen by this process
};

HardwareBench::HardwareBench(BenchFile file) : FileBench(std::move(file)) {}

HardwareBench::~HardwareBench() = default;

std::set<std::string> HardwareBench::fitted(const StationEntry& entry) const {
  std::set<std::string> names = {"radio"};
  if (entry.supply) names.insert("supply");
  if (file().kind == Kind::rehearsal) names.insert("operator");
  return names;
}

HardwareBench::Place& HardwareBench::place(const StationEntry& entry) {
  const std::lock_guard guard(mutex_);
  std::unique_ptr<Place>& known = places_[entry.name];
  if (!known) {
    auto made = std::make_unique<Place>(entry);
    if (file().kind == Kind::rehearsal) {
      const std::string socket = environment("LOCKRIG_REHEARSAL");
      if (socket.empty()) {
        throw std::invalid_argument(
            file().path +
            " is a rehearsal, whose devices are there only "
            "inside of ./lockrig rehearse -- python3 script.py");
      }
      made->rehearsal = std::make_unique<RehearsalControl>(socket, entry.name);
      made->probe = made->rehearsal.get();
    } else if (!entry.probe.empty()) {
      made->command = std::make_unique<CommandProbe>(entry.name, entry.probe);
      made->probe = made->command.get();
    }
    known = std::move(made);
  }
  if (known->in_use) {
    throw std::invalid_argument("station " + entry.name +
                                " is in use by another session or trial of this "
                                "process");
  }
  return *known;
}

std::unique_ptr<trial::Rig> HardwareBench::set_up(
    const std::string& name, std::uint64_t seed,
    const std::vector<std::string>& defects, const trial::Snapshot* start) {
  const StationEntry& entry = station(name);
  if (!defects.empty() && file().kind == Kind::hardware) {
    throw std::invalid_argument("station " + name +
                                " has a real lock, which takes no defects");
  }
  std::optional<lock::Credential> credential;
  if (entry.console) credential = service_credential(entry, board(entry), file().kind);
  Place& here = place(entry);
  here.held.begin();
  // A probe and a lock under power would hurt each other.
  if (here.probe != nullptr && !here.off) take_power_away(entry, interrupt());
  if (here.rehearsal) {
    std::vector<std::string> all = entry.defects;
    all.insert(all.end(), defects.begin(), defects.end());
    here.rehearsal->set_defects(all);
  }
  if (here.probe != nullptr) {
    const bool fresh = start == nullptr || start->board == nullptr;
    const auto saved =
        fresh ? nullptr : std::dynamic_pointer_cast<const ProbedFlash>(start->board);
    if (!fresh && !saved) {
      throw std::invalid_argument("that snapshot is of another kind of board");
    }
    here.probe->restore(fresh ? DebugProbe::kFactory : saved->name);
  }
  auto rig = make_hardware_rig({.entry = entry,
                                .board = board(entry),
                                .facts = facts(name),
                                .fitted = beyond_lines(entry),
                                .images = images(),
                                .credential = std::move(credential),
                                .person = here.rehearsal.get(),
                                .probe = here.probe,
                                .gone =
                                    [&here](Left left) {
                                      here.in_use = false;
                                      here.off = left.off;
                                      here.held.end(left.safe);
                                    }},
                               seed, interrupt());
  if (start != nullptr) restore_portal(*rig, *start);
  here.in_use = true;
  return rig;
}

}  // namespace lockrig::bench
