// The serial ports of this host, by libserialport and sysfs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lockrig::io {

struct SerialInfo {
  std::string path;  // "/dev/ttyUSB0"; another after the next plug
  std::string description;
  // Of a USB port, and empty where the device does not say.
  std::optional<std::uint16_t> vid;
  std::optional<std::uint16_t> pid;
  std::string usb_serial;
  std::string product;
  std::string manufacturer;
  std::optional<int> interface;  // 0 is an FTDI chip's channel A
};

/// Sorted by path. Opens no port of a USB device. std::runtime_error where the system
/// has no list.
std::vector<SerialInfo> list_serial_ports();

/// What identifies a port whatever its name is today.
std::optional<SerialInfo> find_serial_port(const std::string& usb_serial,
                                           int interface);

}  // namespace lockrig::io
