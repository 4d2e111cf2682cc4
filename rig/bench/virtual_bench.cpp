#include "rig/bench/virtual_bench.hpp"

#include <algorithm>

#include "rig/bench/service_key.hpp"
#include "rig/lock/client.hpp"
#include "rig/twin/ft2232h.hpp"
#include "rig/twin/harness.hpp"
#include "rig/twin/lock_board.hpp"
#include "rig/twin/scpi_supply.hpp"

namespace lockrig::bench {
namespace {

// The codes of a unit with the defect shared-codes: those of 2017.
twin::Unit unit_of(const StationEntry& entry, const BoardFile& board, bool shared) {
  twin::Unit unit{entry.serial, entry.user_code, entry.programming_code,
                  twin_service_key(entry, board, Kind::virtual_twins)};
  if (shared) {
    unit.user_code = board.default_users.front();
    unit.programming_code = board.default_programming.front();
  }
  return unit;
}

/// Built from the inside out; destroyed the other way round.
class VirtualRig final : public trial::Rig {
 public:
  VirtualRig(const StationEntry& entry, const BoardFile& board, trial::LockFacts facts,
             twin::Unit unit, std::uint64_t seed, const twin::Defects& defects,
             const twin::LockDurable& durable, trial::Images& images,
             std::set<std::string> fitted, std::atomic<std::uint64_t>& exchanges)
      : exchanges_(exchanges),
        world_(seed),
        facts_(std::move(facts)),
        unit_(std::move(unit)),
        images_(images),
        network_(world_),
        portal_(world_, network_, board.model.portal_host, board.model.portal_port),
        lock_(world_, board.model, unit_, defects, network_, durable),
        chip_(world_),
        harness_(world_, chip_, lock_, board.wiring),
        station_(world_, chip_, &harness_.console(),
                 {.name = facts_.station,
                  .wiring = board.wiring,
                  .keypad = board.keys,
                  .keypad_timings = entry.keys,
                  .reset_key = entry.reset_key,
                  .fitted = std::move(fitted),
                  .power = {.minimum_off = entry.min_off},
                  .key_drive_max = entry.key_drive_max}),
        client_(world_, *station_.console, facts_.station,
                service_credential(entry, board, Kind::virtual_twins)) {
    for (const std::string& fault : entry.station_faults) harness_.set_fault(fault);
    if (entry.supply) switch_on(*entry.supply);
  }

  ~VirtualRig() override { exchanges_ = chip_.exchanges(); }

  void pull_usb_at(std::uint64_t exchange) { chip_.pull_usb_at(exchange); }

  World& world() override { return world_; }
  station::Station& station() override { return station_; }
  lock::Firmware* client() override { return &client_; }
  portal::Portal& portal() override { return portal_; }
  Network& network() override { return network_; }
  FlashProbe* probe() override { return lock_.flash_probe(); }
  Operator* person() override { return &harness_; }
  station::Supply* supply() override { return supply_ ? &*supply_ : nullptr; }
  const trial::LockFacts& facts() override { return facts_; }
  trial::Images& images() override { return images_; }
  std::shared_ptr<const Durable> durable() override { return lock_.durable(); }
  trial::Consulted consulted() override { return lock_.defects().consulted(); }

 private:
  void switch_on(const SupplyEntry& entry) {
    instrument_.emplace(
        world_, [this] { return lock_.draw_ma(); },
        [this](int mv) { lock_.set_feed_mv(mv); });
    lock_.watch_draw([this] { instrument_->load_changed(); });
    harness_.add_wire("supply", [this](bool in) { instrument_->plug(in); });
    supply_.emplace(world_, instrument_->line(), facts_.station, entry.config);
    world_.run(supply_->open(), 1min, "switching the supply on");
  }

  std::atomic<std::uint64_t>& exchanges_;
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
  std::optional<twin::ScpiSupply> instrument_;
  std::optional<station::Supply> supply_;
};

}  // namespace

std::set<std::string> VirtualBench::fitted(const StationEntry& entry) const {
  std::set<std::string> names = {"radio", "flash_ops", "operator"};
  if (entry.supply) names.insert("supply");
  return names;
}

std::unique_ptr<trial::Rig> VirtualBench::set_up(
    const std::string& name, std::uint64_t seed,
    const std::vector<std::string>& defects, const trial::Snapshot* start) {
  const StationEntry& entry = station(name);
  const BoardFile& kind = board(entry);
  std::vector<std::string> all = entry.defects;
  all.insert(all.end(), defects.begin(), defects.end());
  const twin::Defects seeded(all);
  const twin::Unit unit = unit_of(entry, kind, seeded.has(twin::kSharedCodes));
  trial::LockFacts facts = this->facts(name);
  facts.slip_user = unit.user_code;
  facts.slip_programming = unit.programming_code;

  std::shared_ptr<const twin::LockDurable> durable;
  if (start != nullptr && start->board != nullptr) {
    durable = std::dynamic_pointer_cast<const twin::LockDurable>(start->board);
    if (!durable)
      throw std::invalid_argument("that snapshot is of another kind of board");
  } else {
    const auto first = images().get(images().released(entry.board).front());
    durable = twin::factory_fresh(kind.model, unit, *first);
  }
  auto rig =
      std::make_unique<VirtualRig>(entry, kind, std::move(facts), unit, seed, seeded,
                                   *durable, images(), beyond_lines(entry), exchanges_);
  rig->pull_usb_at(usb_pulled_at_);
  if (start != nullptr) restore_portal(*rig, *start);
  return rig;
}

}  // namespace lockrig::bench
