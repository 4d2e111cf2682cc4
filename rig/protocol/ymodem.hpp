// XMODEM-1K and YMODEM, as boot loaders take an image: what sender and receiver share.
//
// Source of every number, unless it says otherwise: "the reference", C. Forsberg (ed.),
// XMODEM/YMODEM Protocol Reference, 18 June 1988 (syslinux carries it as
// com32/libupload/ymodem.txt); its section stands in brackets. What is assumed says so.
//
// Half duplex: one block is on its way, and one byte answers it. Both machines are sans
// I/O and driven alike. While output() is not empty it has to be sent: whatever arrived
// before is fed first (it answers nothing that is about to leave, so only a
// cancellation in it counts), then the bytes are written, then sent() starts the wait
// for what they ask for. Else what comes is fed, or expire() called at deadline().
//
// Resumable means: within a transfer. A block that was damaged, lost or doubled is sent
// again, or dropped, and the transfer goes on where it was. No block carries an offset
// and no receiver can ask for one, so that a transfer which was cut (power, CAN CAN)
// starts anew at byte 0: the protocol has no other way, unlike an SMP upload.
//
// A weakness of the protocol that stays: an answer does not say which block it is of.
// An ACK that comes twice, late, is taken for the next block's. If another error
// follows, the block numbers no longer agree and the receiver cancels [7.3.2]. If what
// is lost then is the end, YMODEM's receiver sees it by the length; XMODEM's cannot.
#pragma once

#include <cstddef>

#include "rig/core/units.hpp"

namespace lockrig::ymodem {

enum class Protocol {
  xmodem_1k,  ///< no name, no length: the file ends in padding
  ymodem,     ///< batch, of one file here
};

enum class State { running, done, failed };

/// Why a transfer failed.
enum class Reason {
  none,
  not_asked,        ///< the receiver never asked for the first block
  no_answer,        ///< the other end fell silent
  too_many_errors,  ///< one block failed more often than the limit
  cancelled,        ///< the other end sent CAN CAN
  abandoned,        ///< this end did: cancel()
  out_of_step,      ///< a block whose number can be neither the next nor a repeat
  malformed,        ///< a block 0 that is whole and cannot be read
  too_big,          ///< more than the receiver takes
  too_short,        ///< it ended before the length that block 0 told
  no_file,          ///< the batch was empty
  another_file,     ///< the batch had a second file
};

const char* to_string(Protocol protocol);
const char* to_string(Reason reason);

struct SenderLimits {
  /// Times that one block, or the EOT, is sent again [7.3.1].
  int tries = 10;
  /// Until the receiver asks for the first block [7.3.3, "say one minute"].
  Duration start = 60s;
  /// Until a block is answered. The receiver alone repeats: its own time-out is 10 s
  /// [7.3.2, 7.3.3 "letting the protocol be completely receiver-driven"].
  Duration answer = 60s;
  /// After it, an EOT that was not answered is sent again [7.3.3, the 10 seconds of
  /// "the current protocol"]: a receiver that has acknowledged it waits for nothing.
  Duration eot = 10s;
  /// Until a receiver that has the file asks for the next one, and until it takes that
  /// there is none. Assumed: longer than its time-out of 10 s. Many a loader starts
  /// what it got instead.
  Duration farewell = 12s;
  /// A 'C' that asks for a block stands alone: a loader's text has some, too. Assumed:
  /// longer than a loader takes between two characters of a text.
  Duration quiet = 50ms;
};

struct ReceiverLimits {
  /// Times that one block is asked for again [7.3.1].
  int tries = 10;
  /// Until a block begins [7.3.2].
  Duration block = 10s;
  /// The same after a 'C' that the sender may not understand [8.2.1], and how often it
  /// is sent before the receiver makes do with a checksum [8.3, figure 13].
  Duration first = 3s;
  int crc_asks = 4;
  /// Until the next byte of a block [7.3.2].
  Duration byte = 1s;
  /// How long the line is clear before the receiver complains [7.4, "PURGE"].
  Duration purge = 1s;
  /// Behind an EOT, or it was a damaged block's. Assumed; lrzsz waits for 1 s.
  Duration quiet = 50ms;
  /// Times that a receiver which has the file asks for the next one. Assumed.
  int farewells = 3;
};

}  // namespace lockrig::ymodem
