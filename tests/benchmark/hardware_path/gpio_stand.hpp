// The GPIO side of a station as the hardware bench builds it, without a board.
#pragma once

#include <string>

#include "rig/io/mpsse_port.hpp"
#include "rig/protocol/wiring.hpp"
#include "rig/station/gpio.hpp"

namespace lockrig::hardware_path {

struct GpioStand {
  static constexpr Duration kLead = 20ms;  // the hardware bench's

  GpioStand(World& world, const std::string& usb_serial)
      : wiring(mpsse::load_wiring(LOCKRIG_ROOT "/fixtures/boards/6000i/wiring.csv")),
        port(world, {.station = "S", .usb_serial = usb_serial}),
        gpio(world, port, "S", wiring, {.lead = kLead}) {}

  Task<void> open() {
    co_await port.open();
    co_await gpio.open();
  }

  /// Under a new Attention: returns when nothing that was queued ahead before is left
  /// in the chip.
  Task<void> settled() {
    const Instant now = gpio.world().now();
    co_await gpio.sampled(now + kLead);
  }

  mpsse::Wiring wiring;
  io::MpssePort port;
  station::Gpio gpio;
};

}  // namespace lockrig::hardware_path
