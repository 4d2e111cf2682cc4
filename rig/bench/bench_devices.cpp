#include "rig/bench/bench_devices.hpp"

#include <fmt/format.h>

#include <charconv>

#include "rig/protocol/ftdi_chip.hpp"

namespace lockrig::bench {
namespace {

// The fastest that an FT2232H's 60 MHz clock makes without special divisors (AN_120).
constexpr int kMostBaud = 3'000'000;
constexpr int kLeastBaud = 300;
// Interfaces of a USB device that ever carried a serial line: four on an FT4232H.
constexpr int kMostInterface = 15;
// Fresh alkaline cells and a 9 V switch (docs/wiring.md).
constexpr int kMostMillivolts = 9'000;
constexpr int kMostMilliamperes = 5'000;

int channels_used(const GpioEntry& gpio) {
  return mpsse::find_chip(gpio.chip)->is_pair() ? 2 : 1;
}

std::string place_of(const SerialEntry& line) {
  return line.path.empty()
             ? fmt::format("{} interface {}", line.usb_serial, line.interface)
             : line.path;
}

SerialEntry read_serial(const TomlFile& file, const std::string& key) {
  SerialEntry line;
  const std::string path = key + ".path";
  const std::string usb_serial = key + ".usb_serial";
  if (file.has(path) == file.has(usb_serial)) {
    file.reject(key, "must have either usb_serial (and interface) or path");
  }
  if (file.has(path)) {
    line.path = file.text(path);
    if (file.has(key + ".interface")) {
      file.reject(key + ".interface", "goes with usb_serial, not with path");
    }
  } else {
    line.usb_serial = file.text(usb_serial);
    line.interface = file.integer(key + ".interface", 0, kMostInterface);
  }
  line.baud = file.integer(key + ".baud", kLeastBaud, kMostBaud);
  return line;
}

GpioEntry read_gpio(const TomlFile& file, const std::string& key) {
  GpioEntry gpio;
  file.allow(key, {"chip", "usb_serial"});
  if (file.has(key + ".chip")) gpio.chip = file.text(key + ".chip");
  if (mpsse::find_chip(gpio.chip) == nullptr) {
    file.reject(key + ".chip", "'" + gpio.chip +
                                   "' is no chip of ours; there are: FT2232H, FT232H, "
                                   "FT4232H");
  }
  gpio.usb_serial = file.text(key + ".usb_serial");
  return gpio;
}

// The channels that MPSSE takes are no serial lines.
bool is_taken(const GpioEntry& gpio, const SerialEntry& line) {
  return line.usb_serial == gpio.usb_serial && line.interface < channels_used(gpio);
}

struct NamedLine {
  std::string key;
  const SerialEntry* line;
};

std::vector<NamedLine> lines_of(const StationEntry& station) {
  std::vector<NamedLine> all;
  if (station.console) all.push_back({"console", &*station.console});
  if (station.supply && station.supply->line) {
    all.push_back({"supply", &*station.supply->line});
  }
  return all;
}

void check_own_lines(const TomlFile& file, const std::string& table,
                     const StationEntry& station) {
  const GpioEntry& gpio = station.gpio;
  const std::size_t channels = mpsse::find_chip(gpio.chip)->channels.size();
  const auto lines = lines_of(station);
  for (const auto& [key, line] : lines) {
    const std::string at = table + "." + key + ".interface";
    if (is_taken(gpio, *line)) {
      file.reject(at, fmt::format("interface {} of {} drives the station's lines by "
                                  "MPSSE",
                                  line->interface, line->usb_serial));
    }
    if (line->usb_serial == gpio.usb_serial &&
        static_cast<std::size_t>(line->interface) >= channels) {
      file.reject(at,
                  fmt::format("an {} has no interface {}", gpio.chip, line->interface));
    }
  }
  if (lines.size() == 2 && place_of(*lines[0].line) == place_of(*lines[1].line)) {
    file.reject(table + ".supply",
                place_of(*lines[1].line) + " is the station's console");
  }
}

/// A SCPI command of the instrument's own, where the file has one.
void read_command(const TomlFile& file, const std::string& key, std::string& command) {
  if (!file.has(key)) return;
  command = file.text(key);
  try {
    scpi::to_line(command);
  } catch (const std::invalid_argument& mistake) {
    file.reject(key, mistake.what());
  }
}

}  // namespace

SupplyEntry read_supply(const TomlFile& file, const std::string& key, bool real) {
  std::vector<std::string_view> keys = {"max_mv", "max_ma", "battery_mv"};
  if (real) {
    keys.insert(keys.end(), {"usb_serial", "interface", "path", "baud", "trip_enable",
                             "trip_query", "trip_clear"});
  }
  file.allow(key, keys);
  SupplyEntry supply;
  station::SupplyConfig& config = supply.config;
  if (real) supply.line = read_serial(file, key);
  config.max_mv = file.integer(key + ".max_mv", 1, kMostMillivolts);
  config.max_ma = file.integer(key + ".max_ma", 1, kMostMilliamperes);
  if (const std::string battery = key + ".battery_mv"; file.has(battery)) {
    config.battery_mv = file.integer(battery, 1, kMostMillivolts);
  }
  if (config.battery_mv > config.max_mv) {
    file.reject(
        key + ".battery_mv",
        fmt::format("a full battery gives {} mV, more than max_mv", config.battery_mv));
  }
  read_command(file, key + ".trip_enable", config.protection.enable);
  read_command(file, key + ".trip_query", config.protection.tripped);
  read_command(file, key + ".trip_clear", config.protection.clear);
  return supply;
}

std::string read_portal(const TomlFile& file, const std::string& key) {
  std::string portal = file.text(key);
  const std::size_t colon = portal.rfind(':');
  int port = 0;
  if (colon != std::string::npos) {
    const char* const end = portal.data() + portal.size();
    const auto [stop, error] = std::from_chars(portal.data() + colon + 1, end, port);
    if (error != std::errc{} || stop != end) port = 0;
  }
  if (colon == std::string::npos || colon == 0 || port < 1 || port > 65535) {
    file.reject(key, "'" + portal + "' is not ADDRESS:PORT, as 192.0.2.1:8080");
  }
  return portal;
}

void read_devices(const TomlFile& file, const std::string& table,
                  const std::filesystem::path& boards_dir, StationEntry& station) {
  station.gpio = read_gpio(file, table + ".gpio");
  if (const std::string key = table + ".console"; file.has(key)) {
    file.allow(key, {"usb_serial", "interface", "path", "baud"});
    station.console = read_serial(file, key);
  }
  check_own_lines(file, table, station);
  station.portal = read_portal(file, table + ".portal");
  if (const std::string key = table + ".probe"; file.has(key)) {
    station.probe = file.texts(key);
    if (station.probe.empty()) file.reject(key, "must name a command");
  }
  std::filesystem::path wiring =
      boards_dir / station.board.substr(0, station.board.rfind('-')) / "wiring.csv";
  if (const std::string key = table + ".wiring"; file.has(key)) {
    wiring = std::filesystem::path(file.path()).parent_path() / file.text(key);
  }
  station.wiring =
      mpsse::load_wiring(wiring.string(), *mpsse::find_chip(station.gpio.chip));
}

void check_devices_apart(const TomlFile& file, const std::string& table,
                         const StationEntry& station, const StationEntry& other) {
  const auto refuse = [&](const std::string& key, const std::string& what) {
    file.reject(table + "." + key, what + " is that of " + other.name + " too");
  };
  if (station.gpio.usb_serial == other.gpio.usb_serial) {
    refuse("gpio.usb_serial", station.gpio.usb_serial);
  }
  for (const auto& [key, line] : lines_of(station)) {
    for (const auto& [kind, taken] : lines_of(other)) {
      if (place_of(*line) == place_of(*taken)) {
        refuse(key, place_of(*line) + " (" + kind + ")");
      }
    }
    if (is_taken(other.gpio, *line)) {
      file.reject(table + "." + key,
                  place_of(*line) + " drives the lines of " + other.name + " by MPSSE");
    }
  }
  for (const auto& [kind, taken] : lines_of(other)) {
    if (is_taken(station.gpio, *taken)) {
      refuse("gpio.usb_serial", place_of(*taken) + " (" + kind + ")");
    }
  }
  if (station.portal == other.portal) refuse("portal", station.portal);
}

}  // namespace lockrig::bench
