// The chips that a guard handles: a real one, by libusb, and one on paper.
#pragma once

#include <memory>

#include "rig/io/guard_duty.hpp"

namespace lockrig::io {

/// The chip with the config's USB serial, or with its dry_run a file.
///
/// libusb alone, with libftdi's numbers: ftdi_usb_open() claims the interface, resets
/// the channel and sets its baud rate, and a guard that keeps the power touches no more
/// than it must.
std::unique_ptr<GuardDevice> open_guard_device(const GuardConfig& config);

}  // namespace lockrig::io
