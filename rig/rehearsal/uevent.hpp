// Tells the processes on a umockdev test bed that a device came or went, as udevd does.
//
// umockdev's own sender needs its preload library in this process, which would redirect
// this process's files too. The format is libudev's monitor header (systemd,
// src/libsystemd/sd-device/device-monitor.c) on the datagram sockets `event<N>` that
// the preload library binds in the test bed's folder.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace lockrig::rehearsal {

struct UEvent {
  std::string action;     // "add", "remove"
  std::string path;       // "/devices/..."
  std::string subsystem;  // "usb"
  std::string devtype;    // "usb_device"; may be empty
  std::vector<std::pair<std::string, std::string>> properties;
};

class UEventSender {
 public:
  explicit UEventSender(std::string test_bed) : directory_(std::move(test_bed)) {}

  /// To whoever listens; nobody is no error.
  void send(const UEvent& event);

 private:
  std::string directory_;
  unsigned long sequence_ = 0;
};

}  // namespace lockrig::rehearsal
