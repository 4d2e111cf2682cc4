#include "rig/rehearsal/rehearsed_supply.hpp"

#include <stdexcept>
#include <utility>

namespace lockrig::rehearsal {
namespace {

const bench::SerialEntry& line_of(const bench::StationEntry& station) {
  const bench::SerialEntry& line = station.supply->line.value();
  if (!line.path.empty() || line.interface != 0) {
    throw std::invalid_argument("station " + station.name +
                                ": a rehearsal's supply is interface 0 of a serial "
                                "adapter with a usb_serial");
  }
  return line;
}

}  // namespace

RehearsedSupply::RehearsedSupply(World& world, UsbBus& bus,
                                 const bench::StationEntry& station,
                                 std::function<double()> load_ma,
                                 std::function<void(int mv)> feed)
    : instrument_(world, std::move(load_ma), std::move(feed),
                  {.baud = line_of(station).baud}),
      pty_(world),
      joint_(world, pty_, instrument_.line()),
      adapter_(world, twin::kFt232h, line_of(station).usb_serial, {}) {
  bus.plug(adapter_, {pty_.path()});
}

}  // namespace lockrig::rehearsal
