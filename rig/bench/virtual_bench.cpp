#include "rig/bench/virtual_bench.hpp"

#include <algorithm>

#include "rig/twin/ft2232h.hpp"
#include "rig/twin/harness.hpp"

namespace lockrig::bench {
namespace {

// What every virtual station is fitted with, beyond its lines.
const std::set<std::string> kFitted = {"smp", "radio", "flash_ops", "operator"};

// The codes of a unit with the defect shared-codes: those of 2017.
twin::Unit unit_of(const StationEntry& entry, const BoardFile& board, bool shared) {
  if (!shared) return {entry.serial, entry.user_code, entry.programming_code};
  return {entry.serial, board.default_users.front(), board.default_programming.front()};
}

/// Built from the inside out; destroyed the other way round.
class VirtualRig final : public trial::Rig {
 public:
  VirtualRig(const BoardFile& board, trial::LockFacts facts, twin::Unit unit,
             std::uint64_t seed, const std::vector<std::string>& defects,
             const twin::LockDurable& durable, trial::Images& images)
      : world_(seed),
        facts_(std::move(facts)),
        unit_(std::move(unit)),
        images_(images),
        network_(world_),
        portal_(world_, network_, board.model.portal_host, board.model.portal_port),
        lock_(world_, board.model, unit_, twin::Defects(defects), network_, durable),
        chip_(world_),
        harness_(world_, chip_, lock_, board.wiring),
        station_(world_, chip_, &harness_.console(),
                 {.name = facts_.station,
                  .wiring = board.wiring,
                  .keypad = board.keys,
                  .fitted = kFitted}),
        client_(world_, *station_.console, facts_.station) {}

  World& world() override { return world_; }
  station::Station& station() override { return station_; }
  lock::Client* client() override { return &client_; }
  portal::Portal& portal() override { return portal_; }
  Network& network() override { return network_; }
  FlashProbe* probe() override { return lock_.flash_probe(); }
  Operator* person() override { return &harness_; }
  const trial::LockFacts& facts() override { return facts_; }
  trial::Images& images() override { return images_; }
  std::shared_ptr<const Durable> durable() override { return lock_.durable(); }

 private:
  World world_;
  trial::LockFacts facts_;
  twin::Unit unit_;
  trial::Images& images_;
  SimNetwork network_;
  portal::Portal portal_;
  twin::LockBoard lock_;
  twin::Ft2232h chip_;
  twin::Harness harness_;
  station::Station station_;
  lock::Client client_;
};

}  // namespace

VirtualBench::VirtualBench(const std::filesystem::path& path)
    : file_(load_bench(path)), images_(file_.boards_dir) {
  for (const StationEntry& entry : file_.stations) {
    Station station{entry, load_board(file_.boards_dir, entry.board), {}};
    station.board.model.keys = station.board.keys;
    const twin::LockModel& model = station.board.model;
    const twin::Unit unit = unit_of(entry, station.board, false);
    station.facts = {.station = entry.name,
                     .board = entry.board,
                     .serial = entry.serial,
                     .slip_user = unit.user_code,
                     .slip_programming = unit.programming_code,
                     .default_users = station.board.default_users,
                     .default_programming = station.board.default_programming,
                     .functions = {{"add", model.function_add},
                                   {"delete", model.function_delete},
                                   {"change", model.function_change},
                                   {"programming", model.function_programming},
                                   {"mute", model.function_mute},
                                   {"unmute", model.function_unmute},
                                   {"contact", model.function_contact}},
                     .entry_timeout = model.entry_timeout,
                     .limits = station.board.limits};
    stations_.emplace(entry.name, std::move(station));
  }
}

const VirtualBench::Station& VirtualBench::find(const std::string& name) const {
  const auto found = stations_.find(name);
  if (found != stations_.end()) return found->second;
  std::string known;
  for (const StationEntry& entry : file_.stations) known += " " + entry.name;
  throw std::invalid_argument("no station " + name + " on " + file_.path +
                              "; there are:" + known);
}

const trial::LockFacts& VirtualBench::facts(const std::string& station) const {
  return find(station).facts;
}

std::vector<std::string> VirtualBench::capabilities(const std::string& station) const {
  find(station);
  std::vector<std::string> names = {"power", "keypad", "bolt", "console"};
  names.insert(names.end(), kFitted.begin(), kFitted.end());
  std::sort(names.begin(), names.end());
  return names;
}

std::unique_ptr<trial::Rig> VirtualBench::set_up(
    const std::string& name, std::uint64_t seed,
    const std::vector<std::string>& defects, const trial::Snapshot* start) {
  const Station& s = find(name);
  std::vector<std::string> all = s.entry.defects;
  all.insert(all.end(), defects.begin(), defects.end());
  const bool shared =
      std::find(all.begin(), all.end(), twin::kSharedCodes) != all.end();
  const twin::Unit unit = unit_of(s.entry, s.board, shared);
  trial::LockFacts facts = s.facts;
  facts.slip_user = unit.user_code;
  facts.slip_programming = unit.programming_code;

  std::shared_ptr<const twin::LockDurable> durable;
  if (start != nullptr && start->board != nullptr) {
    durable = std::dynamic_pointer_cast<const twin::LockDurable>(start->board);
    if (!durable)
      throw std::invalid_argument("that snapshot is of another kind of board");
  } else {
    const auto first = images_.get(images_.released(s.entry.board).front());
    durable = twin::factory_fresh(s.board.model, unit, *first);
  }
  auto rig = std::make_unique<VirtualRig>(s.board, std::move(facts), unit, seed, all,
                                          *durable, images_);
  if (start != nullptr) {
    portal::Records records = start->portal;
    // The times of check-ins are those of another world.
    for (auto& [serial, lock] : records.locks) lock.check_ins.clear();
    rig->portal().restore(std::move(records));
  }
  return rig;
}

}  // namespace lockrig::bench
