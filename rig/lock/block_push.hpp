// An image for a boot loader that takes it by XMODEM-1K or YMODEM over the console.
#pragma once

#include <string>

#include "rig/core/stream.hpp"
#include "rig/lock/firmware.hpp"
#include "rig/protocol/ymodem_sender.hpp"

namespace lockrig::lock {

/// Sends the image to a loader that asks for it, or is about to: what brought it there
/// (a command, a held key) is the caller's. All of it, always: a transfer that was cut
/// starts anew at byte 0 (rig/protocol/ymodem.hpp).
///
/// `progress` is told of every block that the loader has acknowledged, as an upload by
/// SMP is (client.hpp): bytes of the image, padding not counted. `accepted`: the loader
/// has acknowledged the whole image and its end; it has no word yet on what it thinks
/// of it. What else came of it is in `failure`: `timed_out` (nobody asked, or no
/// answer), `closed` (the console is dead), `refused` (the loader cancelled) or
/// `malformed` (a block failed too often).
///
/// A loader takes text for noise and so does this: nobody else reads the console
/// meanwhile. A console that fails is the rig's fault: RigError, which names `station`.
/// Console and image outlive the call. std::invalid_argument: ymodem_sender.hpp.
Task<Push> push_by_blocks(World& world, ByteStream& console, std::string station,
                          ByteView image, ymodem::Offer offer, Progress progress);

}  // namespace lockrig::lock
