#include "rig/io/ftdi_list.hpp"

#include <fmt/format.h>
#include <libusb.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <memory>

#include "rig/io/usb_start.hpp"

namespace lockrig::io {
namespace {

struct ExitUsb {
  void operator()(libusb_context* context) const { libusb_exit(context); }
};
struct FreeList {
  void operator()(libusb_device** list) const { libusb_free_device_list(list, 1); }
};
struct CloseDevice {
  void operator()(libusb_device_handle* handle) const { libusb_close(handle); }
};

/// How Linux names the device in sysfs: "1-4.2".
std::string path_of(libusb_device* device) {
  std::array<std::uint8_t, 7> ports{};  // USB 3.0 allows 7 tiers
  const int count =
      libusb_get_port_numbers(device, ports.data(), static_cast<int>(ports.size()));
  std::string path = std::to_string(libusb_get_bus_number(device));
  for (int i = 0; i < count; ++i) {
    path += (i == 0 ? '-' : '.') + std::to_string(ports[static_cast<std::size_t>(i)]);
  }
  return path;
}

/// What the kernel read when the device was plugged in: readable without permission.
std::string attribute(const std::string& path, const char* name) {
  std::ifstream file("/sys/bus/usb/devices/" + path + "/" + name);
  std::string text;
  std::getline(file, text);
  return text;
}

std::string driver_of(const std::string& path, int interface) {
  std::error_code none;
  const auto link = std::filesystem::read_symlink(
      fmt::format("/sys/bus/usb/devices/{}:1.{}/driver", path, interface), none);
  return link.filename().string();
}

std::string string_of(libusb_device_handle* handle, std::uint8_t index) {
  std::array<unsigned char, 256> text{};
  const int length = libusb_get_string_descriptor_ascii(handle, index, text.data(),
                                                        static_cast<int>(text.size()));
  return length > 0 ? std::string(text.begin(), text.begin() + length) : std::string();
}

FtdiDevice describe(libusb_device* device, const libusb_device_descriptor& about) {
  FtdiDevice found;
  found.vendor_id = about.idVendor;
  found.product_id = about.idProduct;
  found.release = about.bcdDevice;
  found.chip = mpsse::find_chip(about.idProduct, about.bcdDevice);
  found.bus = libusb_get_bus_number(device);
  found.address = libusb_get_device_address(device);
  found.path = path_of(device);
  const std::size_t interfaces =
      found.chip != nullptr ? found.chip->channels.size() : 1;
  for (std::size_t i = 0; i < interfaces; ++i) {
    found.drivers.push_back(driver_of(found.path, static_cast<int>(i)));
  }

  libusb_device_handle* opened = nullptr;
  const int result = libusb_open(device, &opened);
  const std::unique_ptr<libusb_device_handle, CloseDevice> handle(opened);
  if (result == LIBUSB_SUCCESS) {
    found.usb_serial = string_of(opened, about.iSerialNumber);
    found.product = string_of(opened, about.iProduct);
  } else if (result == LIBUSB_ERROR_ACCESS) {
    found.trouble = "no permission: install the udev rule";
  } else {
    found.trouble = libusb_strerror(result);
  }
  if (found.usb_serial.empty()) found.usb_serial = attribute(found.path, "serial");
  if (found.product.empty()) found.product = attribute(found.path, "product");
  return found;
}

}  // namespace

FtdiList list_ftdi() {
  FtdiList all;
  libusb_context* made = nullptr;
  if (const int result = start_usb(&made); result != LIBUSB_SUCCESS) {
    all.trouble = fmt::format("USB cannot be used: {}", libusb_strerror(result));
    return all;
  }
  const std::unique_ptr<libusb_context, ExitUsb> context(made);
  libusb_device** listed = nullptr;
  const auto count = libusb_get_device_list(made, &listed);
  if (count < 0) {
    all.trouble = fmt::format("USB devices cannot be listed: {}",
                              libusb_strerror(static_cast<int>(count)));
    return all;
  }
  const std::unique_ptr<libusb_device*, FreeList> list(listed);
  for (auto i = 0; i < count; ++i) {
    libusb_device_descriptor about{};
    if (libusb_get_device_descriptor(listed[i], &about) != LIBUSB_SUCCESS) continue;
    if (about.idVendor != mpsse::kFtdiVendorId) continue;
    all.devices.push_back(describe(listed[i], about));
  }
  std::sort(all.devices.begin(), all.devices.end(),
            [](const FtdiDevice& a, const FtdiDevice& b) { return a.path < b.path; });
  return all;
}

}  // namespace lockrig::io
