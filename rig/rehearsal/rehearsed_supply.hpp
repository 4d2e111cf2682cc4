// The programmable supply of a rehearsal's station: the instrument's twin behind a
// serial adapter of its own on the emulated bus.
#pragma once

#include "rig/bench/bench_file.hpp"
#include "rig/rehearsal/pty.hpp"
#include "rig/rehearsal/usb_bus.hpp"
#include "rig/twin/scpi_supply.hpp"

namespace lockrig::rehearsal {

class RehearsedSupply {
 public:
  /// Plugged in and switched off. `load_ma` and `feed` as twin::ScpiSupply has them.
  /// `station` has a supply; std::invalid_argument for a line of it that is not
  /// interface 0 of an adapter, which is all that is served.
  RehearsedSupply(World& world, UsbBus& bus, const bench::StationEntry& station,
                  std::function<double()> load_ma, std::function<void(int mv)> feed);

  twin::ScpiSupply& instrument() { return instrument_; }

 private:
  twin::ScpiSupply instrument_;
  Pty pty_;
  Joint joint_;
  twin::FtdiUsb adapter_;
};

}  // namespace lockrig::rehearsal
