#include "rig/rehearsal/twin_station.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "rig/bench/service_key.hpp"
#include "rig/rehearsal/bare_chips.hpp"
#include "rig/rehearsal/control.hpp"
#include "rig/rehearsal/service.hpp"

namespace lockrig::rehearsal {
namespace {

bool shares_codes(const std::vector<std::string>& defects) {
  return std::find(defects.begin(), defects.end(), twin::kSharedCodes) != defects.end();
}

io::SocketNetwork::Addresses portal_of(const twin::LockModel& model,
                                       const std::string& address) {
  if (address.empty()) return {};
  return {{{model.portal_host, model.portal_port}, address}};
}

std::string obey(std::map<std::string, TwinStation>& stations,
                 const std::vector<std::string>& words) {
  if (words.size() < 2) throw std::invalid_argument("COMMAND STATION ...");
  const std::string& command = words[0];
  const auto found = stations.find(words[1]);
  if (found == stations.end()) throw std::invalid_argument("no station " + words[1]);
  TwinStation& station = found->second;
  const std::vector<std::string> rest(words.begin() + 2, words.end());
  if (command == "pins" && rest.empty()) return station.pins();
  if (command == "slot_writes" && rest.empty()) {
    return std::to_string(station.slot_writes());
  }
  if (command == "defects") {
    station.set_defects(rest);
  } else if (command == "factory" && rest.empty()) {
    station.factory();
  } else if (command == "unblock" && rest.empty()) {
    station.unblock_bolt();
  } else if (rest.size() != 1) {
    throw std::invalid_argument("no command " + command + " with " +
                                std::to_string(rest.size()) + " words behind it");
  } else if (command == "unplug" || command == "replug") {
    station.plug(rest[0], command == "replug");
  } else if (command == "block") {
    station.block_bolt(std::stod(rest[0]));
  } else if (command == "save") {
    station.save(rest[0]);
  } else if (command == "restore") {
    station.restore(rest[0]);
  } else {
    throw std::invalid_argument("no command " + command);
  }
  return "";
}

}  // namespace

twin::LockModel model_of(const bench::StationEntry& entry,
                         const bench::BoardFile& board) {
  twin::LockModel model = board.model;
  model.keys = board.keys;
  if (entry.console) model.baud = entry.console->baud;
  return model;
}

TwinStation::TwinStation(World& world, UsbBus& bus, const bench::StationEntry& entry,
                         const bench::BoardFile& board, bench::ImageLibrary& images)
    : world_(world),
      bus_(bus),
      entry_(entry),
      board_(board),
      images_(images),
      model_(model_of(entry, board)),
      defects_(entry.defects),
      unit_(unit_with(defects_)),
      network_(world, entry.name, portal_of(model_, entry.portal)),
      chip_(world),
      usb_(world, twin::kFt2232h, entry.gpio.usb_serial, {&chip_}) {
  if (entry.gpio.chip != twin::kFt2232h.name) {
    throw std::invalid_argument("station " + entry.name +
                                ": a rehearsal serves the FT2232H, not the " +
                                entry.gpio.chip);
  }
  if (entry.console && entry.console->usb_serial != entry.gpio.usb_serial) {
    throw std::invalid_argument("station " + entry.name +
                                ": a rehearsal's console is a channel of its chip");
  }
  build(*fresh());
  if (entry.supply) {
    supply_ = std::make_unique<RehearsedSupply>(
        world, bus, entry, [this] { return lock_->draw_ma(); },
        [this](int mv) { lock_->set_feed_mv(mv); });
    fit_supply();
  }
  connect();
}

void TwinStation::build(const twin::LockDurable& durable) {
  joint_.reset();
  harness_.reset();
  lock_.reset();
  lock_ = std::make_unique<twin::LockBoard>(world_, model_, unit_,
                                            twin::Defects(defects_), network_, durable);
  harness_ = std::make_unique<twin::Harness>(world_, chip_, *lock_, entry_.wiring);
  if (supply_) fit_supply();
  if (console_)
    joint_ = std::make_unique<Joint>(world_, *console_, harness_->console());
}

/// In the place of the battery of the lock that is there now.
void TwinStation::fit_supply() {
  twin::ScpiSupply& instrument = supply_->instrument();
  lock_->set_feed_mv(instrument.output_mv());
  lock_->watch_draw([&instrument] { instrument.load_changed(); });
  harness_->add_wire("supply", [&instrument](bool in) { instrument.plug(in); });
}

void TwinStation::connect() {
  if (bus_.plugged(usb_)) return;
  std::vector<std::string> ttys;
  if (entry_.console) {
    console_ = std::make_unique<Pty>(world_);
    ttys.resize(static_cast<std::size_t>(entry_.console->interface) + 1);
    ttys.back() = console_->path();
  }
  bus_.plug(usb_, ttys);
  if (console_)
    joint_ = std::make_unique<Joint>(world_, *console_, harness_->console());
}

void TwinStation::disconnect() {
  if (!bus_.plugged(usb_)) return;
  bus_.unplug(usb_);
  joint_.reset();
  console_.reset();
}

void TwinStation::plug(const std::string& wire, bool in) {
  if (wire != "usb") return in ? harness_->replug(wire) : harness_->unplug(wire);
  return in ? connect() : disconnect();
}

std::string TwinStation::pins() const {
  return fmt::format("levels=0x{:04x} driven=0x{:04x}", chip_.levels(), chip_.driven());
}

std::uint64_t TwinStation::slot_writes() const {
  return lock_->flash_probe()->slot_count();
}

void TwinStation::require_no_power() const {
  if (lock_->output(Output::rail)) {
    throw std::logic_error("station " + entry_.name + ": the lock has power");
  }
}

twin::Unit TwinStation::unit_with(const std::vector<std::string>& defects) const {
  twin::Unit unit{entry_.serial, entry_.user_code, entry_.programming_code,
                  bench::twin_service_key(entry_, board_, bench::Kind::rehearsal)};
  if (shares_codes(defects)) {
    unit.user_code = board_.default_users.front();
    unit.programming_code = board_.default_programming.front();
  }
  return unit;
}

std::shared_ptr<const twin::LockDurable> TwinStation::fresh() const {
  const auto first = images_.get(images_.released(entry_.board).front());
  return twin::factory_fresh(model_, unit_, *first);
}

void TwinStation::save(const std::string& name) {
  require_no_power();
  saved_[name] = lock_->durable();
}

void TwinStation::restore(const std::string& name) {
  require_no_power();
  const auto found = saved_.find(name);
  if (found == saved_.end()) {
    throw std::invalid_argument("station " + entry_.name + " has saved no " + name);
  }
  build(*found->second);
}

void TwinStation::factory() {
  require_no_power();
  build(*fresh());
}

void TwinStation::set_defects(const std::vector<std::string>& defects) {
  require_no_power();
  twin::Defects{defects};
  std::vector<std::string> all = entry_.defects;
  all.insert(all.end(), defects.begin(), defects.end());
  const bool same_codes = shares_codes(all) == shares_codes(defects_);
  const auto durable = lock_->durable();
  defects_ = std::move(all);
  // The lock that goes refers to the unit.
  joint_.reset();
  harness_.reset();
  lock_.reset();
  unit_ = unit_with(defects_);
  build(same_codes ? *durable : *fresh());
}

int serve_bench(const std::vector<std::string>& arguments) {
  if (arguments.size() != 2 || arguments[0] != "--bench") {
    throw std::invalid_argument("which bench? --bench FILE");
  }
  const bench::BenchFile file = bench::load_bench(arguments[1]);
  if (file.kind != bench::Kind::rehearsal) {
    throw std::invalid_argument(file.path + ": a bench of kind " +
                                to_string(file.kind) + " is not rehearsed");
  }
  bench::ImageLibrary images(file.boards_dir, file.image_bytes);
  World world(1, Pace::paced);
  UsbBus bus(world);
  std::map<std::string, TwinStation> stations;
  for (const bench::StationEntry& entry : file.stations) {
    stations.try_emplace(entry.name, world, bus, entry, file.boards.at(entry.board),
                         images);
  }
  const ControlServer control(world, bus.directory() + "/control",
                              [&stations](const std::vector<std::string>& words) {
                                return obey(stations, words);
                              });
  serve(world, ready_line(bus.directory(), control.path()), true);
  return 0;
}

}  // namespace lockrig::rehearsal
