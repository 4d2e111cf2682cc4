// A console that a PTY stands for.
#pragma once

#include <string>

#include "rig/io/serial_port.hpp"

namespace lockrig::hardware_path {

/// A symbolic link to a PTY, or SERIAL,INTERFACE of a USB adapter.
inline io::SerialConfig console_at(const std::string& place) {
  io::SerialConfig config;
  config.station = "S";
  const auto comma = place.find(',');
  if (comma == std::string::npos) {
    config.path = place;
  } else {
    config.usb_serial = place.substr(0, comma);
    config.interface = std::stoi(place.substr(comma + 1));
  }
  return config;
}

}  // namespace lockrig::hardware_path
