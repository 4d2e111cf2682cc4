#include <pybind11/stl.h>

#include <stdexcept>

#include "bind.hpp"
#include "rig/io/ftdi_list.hpp"
#include "rig/io/serial_list.hpp"

namespace lockrig::bind {
namespace {

using nlohmann::json;

json to_json(const io::FtdiDevice& device) {
  return {{"usb_serial", device.usb_serial},
          {"product", device.product},
          {"chip", device.chip != nullptr ? device.chip->name : ""},
          {"path", device.path},
          {"drivers", device.drivers},
          {"trouble", device.trouble}};
}

json to_json(const io::SerialInfo& port) {
  return {{"path", port.path},
          {"description", port.description},
          {"usb_serial", port.usb_serial},
          {"product", port.product},
          {"interface", port.interface ? json(*port.interface) : json()}};
}

json list_devices() {
  json seen = {{"ftdi", json::array()},
               {"serial", json::array()},
               {"ftdi_trouble", ""},
               {"serial_trouble", ""}};
  const io::FtdiList ftdi = io::list_ftdi();
  for (const auto& device : ftdi.devices) seen["ftdi"].push_back(to_json(device));
  seen["ftdi_trouble"] = ftdi.trouble;
  try {
    for (const auto& port : io::list_serial_ports()) {
      seen["serial"].push_back(to_json(port));
    }
  } catch (const std::runtime_error& error) {
    seen["serial_trouble"] = error.what();
  }
  return seen;
}

}  // namespace

void bind_devices(py::module_& m) {
  m.def(
      "devices",
      [] {
        json seen;
        {
          const py::gil_scoped_release release;
          seen = list_devices();
        }
        return to_python(seen);
      },
      "The FTDI devices and the serial ports that are plugged in.");
}

}  // namespace lockrig::bind
