// The FTDI devices on USB, for `lockrig devices` and to find one by its serial number.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rig/protocol/ftdi_chip.hpp"

namespace lockrig::io {

struct FtdiDevice {
  std::uint16_t vendor_id = 0;
  std::uint16_t product_id = 0;
  std::uint16_t release = 0;          // bcdDevice
  const mpsse::Chip* chip = nullptr;  // null: not one that a station can use
  std::string usb_serial;
  std::string product;
  int bus = 0;
  int address = 0;   // changes with every plugging
  std::string path;  // bus and ports, "1-4.2"; stays with the socket
  /// Who has each interface: "" nobody, "usbfs" a program, else a kernel driver.
  std::vector<std::string> drivers;
  std::string trouble;  // why it cannot be opened; empty if it can
};

struct FtdiList {
  std::vector<FtdiDevice> devices;  // by path
  std::string trouble;              // why there is no list; empty if there is
};

/// Opens each device for a moment, but claims and changes nothing. Never throws: what
/// is wrong is said in the values. From any thread.
FtdiList list_ftdi();

}  // namespace lockrig::io
