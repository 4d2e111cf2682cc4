// The first call to libusb, which may have to be made more than once.
#pragma once

#include <libusb.h>

struct ftdi_context;

namespace lockrig::io {

/// libusb_init() and ftdi_new() listen for hot-plug events from the start. Processes
/// that do so at the same moment can refuse each other (seen on an emulated bus, whose
/// event sockets have one name), so both are tried again for half a second.

/// libusb's result; `context` is set on success.
int start_usb(libusb_context** context);
/// Null where it cannot start.
ftdi_context* start_ftdi();

}  // namespace lockrig::io
