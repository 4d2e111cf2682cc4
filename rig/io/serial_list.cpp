#include "rig/io/serial_list.hpp"

#include <fcntl.h>
#include <libserialport.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <stdexcept>

namespace lockrig::io {
namespace {

struct FreeList {
  void operator()(sp_port** list) const { sp_free_port_list(list); }
};

std::string text(const char* value) { return value != nullptr ? value : ""; }

/// A hexadecimal attribute. By open(), which a preloaded emulation of sysfs sees;
/// what std::ifstream calls, it does not.
std::optional<int> read_hex(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  char digits[8];
  const ssize_t size = ::read(fd, digits, sizeof(digits));
  ::close(fd);
  int value = 0;
  if (size <= 0) return std::nullopt;
  const auto parsed = std::from_chars(digits, digits + size, value, 16);
  if (parsed.ec != std::errc()) return std::nullopt;
  return value;
}

/// A USB serial driver's port hangs below the interface (ttyUSB); the port of a driver
/// of whole interfaces (ttyACM) hangs at it.
std::optional<int> interface_of(const std::string& path) {
  const std::string device =
      "/sys/class/tty/" + path.substr(path.rfind('/') + 1) + "/device/";
  const auto at = read_hex(device + "bInterfaceNumber");
  return at ? at : read_hex(device + "../bInterfaceNumber");
}

SerialInfo describe(const sp_port* port) {
  SerialInfo info;
  info.path = text(sp_get_port_name(port));
  info.description = text(sp_get_port_description(port));
  if (sp_get_port_transport(port) != SP_TRANSPORT_USB) return info;
  int vid = 0;
  int pid = 0;
  if (sp_get_port_usb_vid_pid(port, &vid, &pid) == SP_OK) {
    info.vid = static_cast<std::uint16_t>(vid);
    info.pid = static_cast<std::uint16_t>(pid);
  }
  info.usb_serial = text(sp_get_port_usb_serial(port));
  info.product = text(sp_get_port_usb_product(port));
  info.manufacturer = text(sp_get_port_usb_manufacturer(port));
  info.interface = interface_of(info.path);
  return info;
}

}  // namespace

std::vector<SerialInfo> list_serial_ports() {
  sp_port** found = nullptr;
  if (sp_list_ports(&found) != SP_OK) {
    throw std::runtime_error("this system does not list its serial ports");
  }
  const std::unique_ptr<sp_port*, FreeList> list(found);
  std::vector<SerialInfo> infos;
  for (sp_port** port = found; *port != nullptr; ++port) {
    infos.push_back(describe(*port));
  }
  std::sort(infos.begin(), infos.end(),
            [](const SerialInfo& a, const SerialInfo& b) { return a.path < b.path; });
  return infos;
}

std::optional<SerialInfo> find_serial_port(const std::string& usb_serial,
                                           int interface) {
  for (SerialInfo& info : list_serial_ports()) {
    if (info.usb_serial == usb_serial && info.interface == interface) {
      return std::move(info);
    }
  }
  return std::nullopt;
}

}  // namespace lockrig::io
