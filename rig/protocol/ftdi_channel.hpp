// The second seam: one channel of an FTDI chip, as MPSSE bytes. The virtual chip and
// libftdi1 stand behind it.
#pragma once

#include "rig/core/stream.hpp"

namespace lockrig {

/// What a channel's pins do (FTDI AN_232R-01, libftdi `ftdi_set_bitmode`).
enum class BitMode { reset, mpsse };

/// Written bytes are MPSSE commands, read bytes their answers. write() returns when the
/// chip's FIFO has taken the bytes, which may be long before they are executed.
class FtdiChannel : public ByteStream {
 public:
  /// Reset makes every pin an input at once, ends a wait on GPIOL1 and drops commands
  /// and answers: the safe state.
  virtual Task<void> set_bit_mode(BitMode mode) = 0;

  /// Commands that the channel executes at `due` by itself, even if nobody runs the
  /// world then: how a key is let go that its holder forgot. They must have no answers.
  /// Replaces what was asked before; no commands withdraws it, and so does a change of
  /// the bit mode.
  virtual void dead_man(Bytes commands, Instant due) = 0;
};

}  // namespace lockrig
