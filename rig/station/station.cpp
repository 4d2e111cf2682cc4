#include "rig/station/station.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>

namespace lockrig::station {
namespace {

constexpr std::array<std::string_view, 3> kOfConsole{"smp", "text", "update"};
constexpr std::array<std::string_view, 5> kFitted{"radio", "supply", "flash_ops",
                                                  "operator", "disk"};

template <typename Names>
bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Station::Station(World& in, FtdiChannel& channel, ByteStream* stream,
                 StationConfig config)
    : config_(std::move(config)),
      capabilities_{"power", "keypad", "bolt"},
      world(in),
      gpio(world, channel, config_.name, config_.wiring, config_.gpio),
      power(gpio, config_.power),
      keypad(gpio, config_.keypad, config_.keypad_timings, config_.reset_key,
             config_.key_drive_max),
      bolt(gpio),
      signals(gpio) {
  if (stream != nullptr) {
    capabilities_.insert("console");
    console.emplace(world, *stream, config_.name, config_.console_byte_period);
    power.watch([this](bool live) { console->set_live(live); });
  }
  for (const std::string& name : config_.fitted) {
    const bool of_console = contains(kOfConsole, name);
    if (!of_console && !contains(kFitted, name)) {
      throw std::invalid_argument("station " + config_.name +
                                  ": no capability is called '" + name + "'");
    }
    if (of_console && stream == nullptr) {
      throw std::invalid_argument("station " + config_.name + ": " + name +
                                  " needs a console");
    }
    capabilities_.insert(name);
  }
}

void Station::check() const {
  gpio.check();
  if (console) console->check();
}

Task<void> Station::leave(bool keep_power) {
  try {
    co_await power.leave(keep_power);
  } catch (const std::exception&) {
    // The chip is gone: whoever closes the channel resets it, and pulls do the rest.
  }
}

}  // namespace lockrig::station
