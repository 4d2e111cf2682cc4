#include "rig/bench/hardware_rig.hpp"

#include "rig/bench/debug_probe.hpp"
#include "rig/bench/firmware.hpp"
#include "rig/core/error.hpp"
#include "rig/io/ft4232h_pair.hpp"
#include "rig/io/mpsse_port.hpp"
#include "rig/io/serial_port.hpp"
#include "rig/io/socket_network.hpp"

namespace lockrig::bench {
namespace {

// Ten bits a byte: 8N1.
Duration byte_period(int baud) { return Duration(10s) / baud; }

// A device that is there opens within tenths of a second; five is a bus that hangs.
constexpr Duration kOpenLimit = 5s;
// Ten times what an open rail takes to fall (fixtures/boards); off is discharged.
constexpr Duration kFallLimit = 500ms;
// The longest chunk of samples, behind which the last waveform waits, and that fall.
constexpr Duration kLeaveLimit = 2s;

// How far ahead of the chip's need commands are written. A host that is later than this
// leaves a gap between two chunks of samples, which Gpio counts. Assumed: the doctor
// measures jitters of some 5 ms with ten stations on two cores.
constexpr Duration kLead = 20ms;

/// The chip's one MPSSE channel of 16 pins, or its two of 8.
class GpioPorts {
 public:
  GpioPorts(World& world, const std::string& station, const GpioEntry& entry)
      : chip_(*mpsse::find_chip(entry.chip)), low_(world, config(station, entry, 0)) {
    if (!chip_.is_pair()) return;
    high_.emplace(world, config(station, entry, 1));
    pair_.emplace(world, low_, *high_);
  }

  Task<void> open() {
    co_await low_.open();
    if (high_) co_await high_->open();
  }
  FtdiChannel& channel() {
    if (pair_) return *pair_;
    return low_;
  }
  void leave_pins() {
    low_.leave_pins();
    if (high_) high_->leave_pins();
  }
  station::GpioOptions options() const {
    return {.lead = kLead, .fifo_bytes = chip_.fifo_bytes};
  }

 private:
  io::MpssePort::Config config(const std::string& station, const GpioEntry& entry,
                               int channel) const {
    return {.station = station,
            .chip = &chip_,
            .usb_serial = entry.usb_serial,
            .channel = channel};
  }

  const mpsse::Chip& chip_;
  io::MpssePort low_;
  std::optional<io::MpssePort> high_;
  std::optional<io::Ft4232hPair> pair_;
};

io::SerialConfig serial_config(const std::string& station, const char* device,
                               const SerialEntry& entry) {
  io::SerialConfig config;
  config.station = station;
  config.device = device;
  config.usb_serial = entry.usb_serial;
  config.interface = entry.interface;
  config.path = entry.path;
  config.baud = entry.baud;
  return config;
}

station::StationConfig station_config(const HardwareRigParts& parts,
                                      const station::GpioOptions& gpio) {
  const StationEntry& entry = parts.entry;
  return {.name = entry.name,
          .wiring = entry.wiring,
          .keypad = parts.board.keys,
          .keypad_timings = entry.keys,
          .reset_key = entry.reset_key,
          .console_byte_period = entry.console ? byte_period(entry.console->baud)
                                               : station::Console::kBytePeriod,
          .fitted = parts.fitted,
          .gpio = gpio,
          .power = {.minimum_off = entry.min_off},
          .key_drive_max = entry.key_drive_max};
}

/// What comes next to the lock, a debug probe or another rig, finds it without power.
Task<bool> rail_falls(station::Gpio& gpio) {
  co_return co_await gpio.wait_for(gpio.line("rail"), false,
                                   gpio.world().now() + kFallLimit);
}

/// Calls when all that was made after it is gone.
struct AtTheEnd {
  explicit AtTheEnd(std::function<void(Left)> callback) : call(std::move(callback)) {}
  AtTheEnd(const AtTheEnd&) = delete;
  AtTheEnd& operator=(const AtTheEnd&) = delete;
  ~AtTheEnd() { call(left); }
  std::function<void(Left)> call;
  Left left{};
};

/// Built from the inside out; destroyed the other way round.
class HardwareRig final : public trial::Rig {
 public:
  HardwareRig(const HardwareRigParts& parts, std::uint64_t seed,
              const std::function<void()>& interrupt)
      : gone_(parts.gone),
        world_(seed, Pace::wall),
        facts_(parts.facts),
        images_(parts.images),
        person_(parts.person),
        probe_(parts.probe),
        keep_power_(parts.entry.on_exit == "keep"),
        network_(world_, facts_.station,
                 {{{parts.board.model.portal_host, parts.board.model.portal_port},
                   parts.entry.portal}}),
        portal_(world_, network_, parts.board.model.portal_host,
                parts.board.model.portal_port),
        gpio_(world_, facts_.station, parts.entry.gpio) {
    world_.heed(interrupt);
    facts_.from_factory = parts.probe != nullptr;
    open_serial(console_, "console", parts.entry.console);
    if (parts.entry.supply) {
      open_serial(supply_line_, "supply", parts.entry.supply->line);
    }
    world_.run(gpio_.open(), kOpenLimit, "opening the FTDI chip");
    station_.emplace(world_, gpio_.channel(), console_.get(),
                     station_config(parts, gpio_.options()));
    if (console_) {
      client_ = make_firmware(world_, *station_, parts.entry, parts.credential);
    }
    if (supply_line_) open_supply(*parts.entry.supply);
  }

  ~HardwareRig() override {
    const bool keep = keep_power_ && station_->power.commanded_on();
    world_.heed({});
    try {
      const bool off = world_.run(leave(keep), kLeaveLimit, "leaving the station safe");
      gone_.left = {true, off};
    } catch (const std::exception&) {
      // The chip no longer answers. Closing it lets go of every pin, which is safe.
    }
    if (keep) gpio_.leave_pins();
  }

  World& world() override { return world_; }
  station::Station& station() override { return *station_; }
  lock::Firmware* client() override { return client_.get(); }
  portal::Portal& portal() override { return portal_; }
  Network& network() override { return network_; }
  FlashProbe* probe() override { return nullptr; }
  Operator* person() override { return person_; }
  station::Supply* supply() override { return supply_ ? &*supply_ : nullptr; }
  const trial::LockFacts& facts() override { return facts_; }
  trial::Images& images() override { return images_; }

  std::shared_ptr<const Durable> durable() override {
    if (probe_ == nullptr) return nullptr;
    const std::string name = "baseline";
    probe_->save(name);
    return std::make_shared<ProbedFlash>(name);
  }

 private:
  /// False if the lock has power.
  Task<bool> leave(bool keep) {
    co_await station_->leave(keep);
    station_->gpio.check();
    if (keep) co_return false;
    co_return co_await rail_falls(station_->gpio);
  }

  void open_serial(std::unique_ptr<io::SerialPort>& port, const char* device,
                   const std::optional<SerialEntry>& entry) {
    if (!entry) return;
    port = std::make_unique<io::SerialPort>(
        world_, serial_config(facts_.station, device, *entry));
  }

  void open_supply(const SupplyEntry& entry) {
    supply_.emplace(world_, *supply_line_, facts_.station, entry.config);
    world_.run(supply_->open(), kOpenLimit, "switching the supply on");
  }

  AtTheEnd gone_;
  World world_;
  trial::LockFacts facts_;
  trial::Images& images_;
  Operator* person_;
  DebugProbe* probe_;
  bool keep_power_;
  io::SocketNetwork network_;
  portal::Portal portal_;
  GpioPorts gpio_;
  std::unique_ptr<io::SerialPort> console_;
  std::unique_ptr<io::SerialPort> supply_line_;
  std::optional<station::Station> station_;
  std::unique_ptr<lock::Firmware> client_;
  std::optional<station::Supply> supply_;
};

}  // namespace

std::unique_ptr<trial::Rig> make_hardware_rig(const HardwareRigParts& parts,
                                              std::uint64_t seed,
                                              const std::function<void()>& interrupt) {
  return std::make_unique<HardwareRig>(parts, seed, interrupt);
}

void take_power_away(const StationEntry& entry,
                     const std::function<void()>& interrupt) {
  World world(0, Pace::wall);
  world.heed(interrupt);
  GpioPorts ports(world, entry.name, entry.gpio);
  world.run(ports.open(), kOpenLimit, "opening the FTDI chip");
  station::Gpio gpio(world, ports.channel(), entry.name, entry.wiring, ports.options());
  station::Power power(gpio);
  world.run(gpio.open(), kOpenLimit, "taking the power away");
  world.run(power.leave(false), kLeaveLimit, "taking the power away");
  world.run(rail_falls(gpio), kLeaveLimit, "the rail to fall");
}

}  // namespace lockrig::bench
