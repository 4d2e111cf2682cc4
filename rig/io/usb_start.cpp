#include "rig/io/usb_start.hpp"

#include <ftdi.h>
#include <poll.h>

namespace lockrig::io {
namespace {

constexpr int kTries = 25;
constexpr int kPauseMs = 20;

void pause() { ::poll(nullptr, 0, kPauseMs); }

}  // namespace

int start_usb(libusb_context** context) {
  int result = libusb_init(context);
  for (int i = 1; i < kTries && result != LIBUSB_SUCCESS; ++i) {
    pause();
    result = libusb_init(context);
  }
  return result;
}

ftdi_context* start_ftdi() {
  ftdi_context* context = ftdi_new();
  for (int i = 1; i < kTries && context == nullptr; ++i) {
    pause();
    context = ftdi_new();
  }
  return context;
}

}  // namespace lockrig::io
