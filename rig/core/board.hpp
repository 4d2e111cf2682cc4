// A board, seen from the wires around it: what stands behind a virtual FTDI chip.
// Virtual locks implement it; so do boards that are programs.
#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "rig/core/flash_probe.hpp"
#include "rig/core/output.hpp"
#include "rig/core/stream.hpp"

namespace lockrig {

/// The battery contacts as the station's switch leaves them.
enum class Supply {
  connected,   // power switch closed
  dipped,      // power switch closed, on the second, lower rail
  open,        // contacts open: the rail decays through the load
  discharged,  // contacts open and the rail pulled to ground
};

class Board {
 public:
  virtual ~Board() = default;

  virtual void set_supply(Supply supply) = 0;

  /// A contact of the keypad's own numbering (fixtures/boards/<model>/keypad.csv).
  /// Closing one feeds an unpowered board through its pins.
  virtual void set_contact(int contact, bool closed) = 0;

  /// The isolator of the console's lines. Not isolated, it feeds an unpowered board.
  virtual void set_console_isolated(bool isolated) = 0;

  virtual bool output(Output output) const = 0;
  /// Called at every change of an output, at the time of the change.
  virtual void watch_outputs(std::function<void(Output, bool)> callback) = 0;

  /// The rig's end of the board's UART.
  virtual ByteStream& console() = 0;
  /// A reader of the console that waits gets `failed`: its end of the cable is gone.
  virtual void interrupt_console() {}

  /// Something in the bolt's way, `at` of the way from extended (0) to retracted (1).
  virtual void block_bolt(double at) {
    throw std::invalid_argument("nothing can be put in this bolt's way, at " +
                                std::to_string(at));
  }
  virtual void unblock_bolt() {}

  /// Null where the board has none.
  virtual FlashProbe* flash_probe() = 0;
};

}  // namespace lockrig
