#include "rig/twin/harness.hpp"

#include <stdexcept>

namespace lockrig::twin {
namespace {

constexpr const char* kConsole = "console";
constexpr const char* kUsb = "usb";
constexpr const char* kBackPowered = "back_powered";

/// In the order of Output.
constexpr const char* kSensors[kOutputs] = {
    "rail",   "bolt_extended", "bolt_retracted", "led_red", "led_green",
    "beeper", "busy"};

[[noreturn]] void refuse(const std::string& fault) {
  throw std::invalid_argument("a station has no fault \"" + fault +
                              "\"; there are: back_powered, and shorted_high:LINE and "
                              "shorted_low:LINE for an output");
}

struct Short {
  const mpsse::Line& line;
  bool level;
};

/// "shorted_high:power"; empty for another fault.
std::optional<Short> short_of(const std::string& name,
                              const std::vector<mpsse::Line>& lines) {
  for (const mpsse::Line& line : lines) {
    if (!line.output) continue;
    if (name == "shorted_high:" + line.name) return Short{line, true};
    if (name == "shorted_low:" + line.name) return Short{line, false};
  }
  return std::nullopt;
}

}  // namespace

/// Forwards to the board's console while it is plugged in.
class Harness::Console final : public ByteStream {
 public:
  /// How long a byte takes on a line that leads nowhere: 115200 Bd, 8N1. [assumed]
  static constexpr Duration kBytePeriod = 86806ns;

  Console(World& world, Board& board) : world_(world), board_(board), drained_(world) {}

  Task<ReadResult> read_some(std::span<std::uint8_t> into, Instant until) override {
    while (draining_) co_await drained_.wait(kNever, "the console to be plugged in");
    const Reading here(*this);
    for (;;) {
      if (!powered_) co_return ReadResult{StreamStatus::failed, 0};
      const ReadResult read = co_await board_.console().read_some(into, until);
      if (plugged_ || read.status != StreamStatus::ok) co_return read;
    }
  }

  Task<StreamStatus> write(ByteView data) override {
    if (!powered_) co_return StreamStatus::failed;
    if (plugged_) {
      const StreamStatus written = co_await board_.console().write(data);
      co_return powered_ ? written : StreamStatus::failed;
    }
    co_await world_.sleep_for(kBytePeriod * static_cast<std::int64_t>(data.size()),
                              "a console line that is unplugged");
    co_return StreamStatus::ok;
  }

  void close() override { board_.console().close(); }

  void plug(bool in) {
    if (plugged_ == in) return;
    plugged_ = in;
    if (in) forget();
  }

  /// The USB cable of the chip that the console is a channel of.
  void power(bool on) {
    if (powered_ == on) return;
    powered_ = on;
    if (on) return forget();
    if (readers_ > 0) board_.interrupt_console();
  }

 private:
  void forget() {
    // A reader that waits takes what comes in the meantime, and drops it.
    if (readers_ > 0) return;
    draining_ = true;
    drain_ = std::make_unique<Life>(world_, "console");
    drain_->spawn(drain());
  }

  struct Reading {
    explicit Reading(Console& of) : console(of) { ++console.readers_; }
    ~Reading() { --console.readers_; }
    Console& console;
  };

  /// Drops what the board said while nobody could hear it.
  Task<void> drain() {
    std::uint8_t lost[256];
    ReadResult read{};
    do {
      read = co_await board_.console().read_some(lost, world_.now());
    } while (read.status == StreamStatus::ok);
    draining_ = false;
    drained_.notify();
  }

  World& world_;
  Board& board_;
  bool plugged_ = true;
  bool powered_ = true;
  int readers_ = 0;
  bool draining_ = false;
  Signal drained_;
  std::unique_ptr<Life> drain_;
};

Harness::Harness(World& world, Ft2232h& chip, Board& board, const mpsse::Wiring& wiring)
    : chip_(chip),
      board_(board),
      lines_(wiring.lines()),
      console_(std::make_unique<Console>(world, board)),
      power_(contact(wiring, "power")),
      discharge_(contact(wiring, "discharge")),
      isolate_(contact(wiring, "isolate")) {
  const auto key_line = [&](const char* name) {
    const Contact line = contact(wiring, name);
    keypad_mask_ |= line.mask;
    keypad_inverted_ |= line.inverted;
    return line;
  };
  const auto press_key = [this](int n, bool closed) { press(n, closed); };
  if (wiring.has("key_strobe")) {
    address_ = {key_line("key_a0"), key_line("key_a1"), key_line("key_a2"),
                key_line("key_a3")};
    strobe_ = key_line("key_strobe");
    multiplexer_.emplace(press_key);
  } else {
    const ShiftRegister::Pins pins{.data = key_line("keypad_data").mask,
                                   .clock = key_line("keypad_clock").mask,
                                   .latch = key_line("keypad_latch").mask,
                                   .enabled = key_line("keypad_enable").mask};
    shift_register_.emplace(world.seed(), pins, press_key);
  }

  if (wiring.has("dip")) dip_ = contact(wiring, "dip");

  outputs_ = wiring.direction();
  plugged_ = 0xffff;
  // Safe is inactive, but for the isolator.
  pulls_ = mpsse::Wiring::with(wiring.idle(), wiring.at("isolate"), true);
  levels_ = pulls_;
  for (const mpsse::Line& line : lines_) {
    if (line.output) chip_.release_input(line.bit, (pulls_ & line.mask()) != 0);
  }
  board_.set_console_isolated(true);
  board_.set_supply(Supply::open);
  for (int i = 0; i < kOutputs; ++i) {
    if (!wiring.has(kSensors[i])) continue;
    const mpsse::Line& line = wiring.at(kSensors[i]);
    sensors_[static_cast<std::size_t>(i)] = {.mask = line.mask(),
                                             .bit = static_cast<std::int8_t>(line.bit),
                                             .active_high = line.active_high};
    show(static_cast<Output>(i), board_.output(static_cast<Output>(i)));
  }
  board_.watch_outputs([this](Output o, bool active) { show(o, active); });
  chip_.watch_outputs([this](std::uint16_t levels, std::uint16_t driven) {
    outputs_changed(levels, driven);
  });
  chip_.watch_usb([this](bool plugged) { console_->power(plugged); });
  console_->power(chip_.plugged());
  outputs_changed(chip_.levels(), chip_.driven());
}

Harness::~Harness() {
  chip_.watch_outputs({});
  chip_.watch_usb({});
  board_.watch_outputs({});
}

ByteStream& Harness::console() { return *console_; }

Harness::Contact Harness::contact(const mpsse::Wiring& wiring, const char* name) {
  const mpsse::Line& line = wiring.at(name);
  return {line.mask(), line.active_high ? std::uint16_t{0} : line.mask()};
}

void Harness::unplug(const std::string& wire) { plug(wire, false); }

void Harness::replug(const std::string& wire) { plug(wire, true); }

void Harness::plug(const std::string& wire, bool in) {
  if (wire == kConsole) return console_->plug(in);
  if (wire == kUsb) return in ? chip_.replug_usb() : chip_.unplug_usb();
  if (const auto other = other_wires_.find(wire); other != other_wires_.end()) {
    return other->second(in);
  }
  std::string names;
  for (const mpsse::Line& line : lines_) {
    names += line.name + ", ";
    if (line.name != wire) continue;
    plugged_ = static_cast<std::uint16_t>(in ? plugged_ | line.mask()
                                             : plugged_ & ~line.mask());
    if (line.output) {
      chip_.release_input(line.bit, !in || (pulls_ & line.mask()) != 0);
      outputs_changed(chip_.levels(), chip_.driven());
    }
    for (int i = 0; i < kOutputs; ++i) {
      if (wire == kSensors[i]) {
        show(static_cast<Output>(i), board_.output(static_cast<Output>(i)));
      }
    }
    return;
  }
  for (const auto& other : other_wires_) names += other.first + ", ";
  throw std::invalid_argument("no wire \"" + wire + "\" in this harness; there are: " +
                              names + kConsole + ", " + kUsb);
}

void Harness::add_wire(const std::string& wire, std::function<void(bool in)> plugged) {
  bool taken = wire == kConsole || wire == kUsb || other_wires_.count(wire) != 0;
  for (const mpsse::Line& line : lines_) taken = taken || line.name == wire;
  if (taken) throw std::invalid_argument("there is a wire \"" + wire + "\" already");
  other_wires_.emplace(wire, std::move(plugged));
}

void Harness::set_fault(const std::string& name) {
  if (const auto shorted = short_of(name, lines_)) {
    const std::uint16_t mask = shorted->line.mask();
    short_mask_ |= mask;
    if (shorted->level) short_levels_ |= mask;
    chip_.short_pins(short_mask_, short_levels_);
    outputs_changed(chip_.levels(), chip_.driven());
    return;
  }
  if (name != kBackPowered) refuse(name);
  back_powered_ = true;
  isolate(false);
}

void Harness::check_fault(const std::string& name, const mpsse::Wiring& wiring) {
  if (name != kBackPowered && !short_of(name, wiring.lines())) refuse(name);
}

void Harness::show(Output output, bool active) {
  const Sensor& sensor = sensors_[static_cast<std::size_t>(output)];
  if (sensor.bit < 0) return;
  if ((plugged_ & sensor.mask) != 0) {
    chip_.set_input(sensor.bit, active == sensor.active_high);
  } else {
    chip_.release_input(sensor.bit, !sensor.active_high);
  }
}

inline void Harness::keypad_changed() {
  if (!multiplexer_) {
    shift_register_->set(levels_ ^ keypad_inverted_);
    return;
  }
  int address = 0;
  for (std::size_t i = 0; i < address_.size(); ++i) {
    if (address_[i].active(levels_)) address |= 1 << i;
  }
  multiplexer_->set(address, strobe_.active(levels_));
}

void Harness::outputs_changed(std::uint16_t chip_levels, std::uint16_t chip_driven) {
  const std::uint16_t driven = chip_driven & plugged_ & outputs_;
  const int wanted = (chip_levels & driven) | (pulls_ & ~driven & outputs_);
  const auto levels =
      static_cast<std::uint16_t>((wanted & ~short_mask_) | short_levels_);
  const int changed = levels_ ^ levels;
  if (changed == 0) return;
  levels_ = levels;

  if ((changed & isolate_.mask) != 0) isolate(isolate_.active(levels));
  if ((changed & keypad_mask_) != 0) keypad_changed();
  if ((changed & (power_.mask | discharge_.mask | dip_.mask)) != 0) supply_changed();
}

void Harness::supply_changed() {
  // A bleed under a closed switch changes nothing: the switch wins.
  const Supply closed = dip_.active(levels_) ? Supply::dipped : Supply::connected;
  const Supply supply = power_.active(levels_)       ? closed
                        : discharge_.active(levels_) ? Supply::discharged
                                                     : Supply::open;
  if (supply != supply_) {
    supply_ = supply;
    board_.set_supply(supply);
  }
}

void Harness::press(int switch_number, bool closed) {
  const int mask = 1 << switch_number;
  pressed_ = static_cast<std::uint16_t>(closed ? pressed_ | mask : pressed_ & ~mask);
  if (!isolated_) board_.set_contact(switch_number, closed);
}

/// The isolator disconnects the console and the keys (wiring.csv).
void Harness::isolate(bool isolated) {
  isolated = isolated && !back_powered_;
  if (isolated == isolated_) return;
  isolated_ = isolated;
  board_.set_console_isolated(isolated);
  for (int i = 0; i < 16; ++i) {
    if ((pressed_ >> i & 1) != 0) board_.set_contact(i, !isolated);
  }
}

}  // namespace lockrig::twin
