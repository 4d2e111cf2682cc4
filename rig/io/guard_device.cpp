#include "rig/io/guard_device.hpp"

#include <ftdi.h>
#include <libusb.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <stdexcept>
#include <string>

#include "rig/io/usb_start.hpp"
#include "rig/protocol/ftdi_chip.hpp"

namespace lockrig::io {
namespace {

constexpr unsigned kTransferLimitMs = 200;
/// Answers come every latency time, 1 ms here.
constexpr unsigned kReadLimitMs = 20;
/// A high-speed bulk packet, and the modem status that each begins with (libftdi
/// ftdi_read_data).
constexpr std::size_t kPacket = 512;
constexpr std::size_t kStatus = 2;

int check(int result, const char* doing) {
  if (result >= 0) return result;
  throw std::runtime_error(std::string(doing) + ": " + libusb_error_name(result));
}

struct CloseUsb {
  void operator()(libusb_context* usb) const { libusb_exit(usb); }
  void operator()(libusb_device_handle* handle) const { libusb_close(handle); }
  void operator()(libusb_device** list) const { libusb_free_device_list(list, 1); }
};
using Context = std::unique_ptr<libusb_context, CloseUsb>;
using Handle = std::unique_ptr<libusb_device_handle, CloseUsb>;
using List = std::unique_ptr<libusb_device*, CloseUsb>;

Context start_usb() {
  libusb_context* usb = nullptr;
  check(io::start_usb(&usb), "USB");
  return Context(usb);
}

std::string serial_of(libusb_device_handle* handle, std::uint8_t index) {
  std::array<unsigned char, 128> text{};
  const int size = libusb_get_string_descriptor_ascii(handle, index, text.data(),
                                                      static_cast<int>(text.size()));
  return size > 0 ? std::string(text.begin(), text.begin() + size) : "";
}

Handle find(libusb_context* usb, const GuardConfig& config) {
  const mpsse::Chip& chip = *mpsse::find_chip(config.chip);
  libusb_device** devices = nullptr;
  const auto count = check(static_cast<int>(libusb_get_device_list(usb, &devices)),
                           "list of USB devices");
  const List list(devices);
  for (int i = 0; i < count; ++i) {
    libusb_device_descriptor about{};
    if (libusb_get_device_descriptor(devices[i], &about) != 0) continue;
    if (about.idVendor != mpsse::kFtdiVendorId || about.idProduct != chip.product_id)
      continue;
    libusb_device_handle* opened = nullptr;
    if (libusb_open(devices[i], &opened) != 0) continue;
    Handle handle(opened);
    if (serial_of(opened, about.iSerialNumber) == config.usb_serial) return handle;
  }
  throw std::runtime_error("no " + config.chip + " with USB serial " +
                           config.usb_serial + " can be opened");
}

class UsbChip final : public GuardDevice {
 public:
  explicit UsbChip(const GuardConfig& config) : handle_(find(usb_.get(), config)) {}

  void reset(int channel) override {
    control(channel, SIO_SET_BITMODE_REQUEST, BITMODE_RESET << 8, "bit mode reset");
    // Commands that are left would go out of the UART.
    purge(channel);
  }

  bool claim(int channel) override {
    // Not there, or not attached: nothing to detach.
    libusb_detach_kernel_driver(handle_.get(), channel);
    const int result = libusb_claim_interface(handle_.get(), channel);
    if (result == LIBUSB_ERROR_BUSY) return false;
    check(result, "claim");
    control(channel, SIO_SET_LATENCY_TIMER_REQUEST, 1, "latency time");
    return true;
  }

  void purge(int channel) override {
    // Both directions, whichever is which (see the warning in ftdi.h).
    control(channel, SIO_RESET_REQUEST, 1, "purge");
    control(channel, SIO_RESET_REQUEST, 2, "purge");
  }

  void write(int channel, ByteView commands) override {
    Bytes data(commands.begin(), commands.end());
    int sent = 0;
    check(libusb_bulk_transfer(handle_.get(), out_endpoint(channel), data.data(),
                               static_cast<int>(data.size()), &sent, kTransferLimitMs),
          "write");
    if (static_cast<std::size_t>(sent) != data.size()) {
      throw std::runtime_error("write: the chip takes no commands");
    }
  }

  Bytes read(int channel) override {
    std::array<unsigned char, kPacket> packet{};
    int size = 0;
    const int result =
        libusb_bulk_transfer(handle_.get(), in_endpoint(channel), packet.data(),
                             static_cast<int>(packet.size()), &size, kReadLimitMs);
    if (result != LIBUSB_ERROR_TIMEOUT) check(result, "read");
    const auto end = static_cast<std::size_t>(size);
    return {packet.begin() + std::min(kStatus, end), packet.begin() + end};
  }

 private:
  /// Endpoints 0x02 and 0x81 of channel A, 0x04 and 0x83 of B (libftdi
  /// ftdi_set_interface).
  static unsigned char out_endpoint(int channel) {
    return static_cast<unsigned char>(2 + 2 * channel);
  }
  static unsigned char in_endpoint(int channel) {
    return static_cast<unsigned char>(0x81 + 2 * channel);
  }

  /// A vendor request to the device: the kernel asks for no claim (usbfs
  /// check_ctrlrecip), the chip takes the channel, from 1, as its index.
  void control(int channel, std::uint8_t request, int value, const char* doing) {
    check(libusb_control_transfer(handle_.get(), FTDI_DEVICE_OUT_REQTYPE, request,
                                  static_cast<std::uint16_t>(value),
                                  static_cast<std::uint16_t>(channel + 1), nullptr, 0,
                                  kTransferLimitMs),
          doing);
  }

  Context usb_ = start_usb();
  Handle handle_;
};

/// Answers as a chip in MPSSE mode with every pin high, and writes down what is asked.
class PaperChip final : public GuardDevice {
 public:
  explicit PaperChip(const std::filesystem::path& file) : out_(file, std::ios::app) {}

  void reset(int channel) override { note("reset", channel); }
  bool claim(int channel) override {
    note("claim", channel);
    return true;
  }
  void purge(int channel) override { note("purge", channel); }
  void write(int channel, ByteView commands) override {
    static constexpr char kHex[] = "0123456789abcdef";
    std::string text = "write";
    for (const std::uint8_t byte : commands) {
      text += {' ', kHex[byte >> 4], kHex[byte & 15]};
    }
    note(text, channel);
  }
  Bytes read(int) override { return {0xfa, 0xab, 0xff, 0xff}; }

 private:
  void note(const std::string& what, int channel) {
    out_ << static_cast<char>('A' + channel) << ' ' << what << std::endl;
  }
  std::ofstream out_;
};

}  // namespace

std::unique_ptr<GuardDevice> open_guard_device(const GuardConfig& config) {
  if (!config.dry_run.empty()) return std::make_unique<PaperChip>(config.dry_run);
  return std::make_unique<UsbChip>(config);
}

}  // namespace lockrig::io
