#include "rig/io/ftdi_handle.hpp"

#include <fmt/format.h>
#include <ftdi.h>
#include <libusb.h>

#include <algorithm>

#include "rig/io/ftdi_list.hpp"
#include "rig/io/usb_start.hpp"

namespace lockrig::io {
namespace {

constexpr const char* kRules = "that the udev rules of the rig are installed";

struct FreeFtdi {
  void operator()(ftdi_context* context) const {
    ftdi_usb_close(context);
    ftdi_free(context);
  }
};

int milliseconds(Duration time) {
  return static_cast<int>(
      std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}

std::string serials_of(const FtdiList& list) {
  if (!list.trouble.empty()) return list.trouble;
  std::string text;
  for (const FtdiDevice& device : list.devices) {
    text += fmt::format(
        "{}{} ({})", text.empty() ? "" : ", ",
        device.usb_serial.empty() ? "one without a serial" : device.usb_serial,
        device.chip != nullptr ? device.chip->name : "another chip");
  }
  return text.empty() ? "none" : text;
}

FtdiDevice find(const mpsse::Chip& chip, const std::string& usb_serial) {
  const FtdiList list = list_ftdi();
  const auto is_it = [&](const FtdiDevice& d) { return d.usb_serial == usb_serial; };
  const auto first = std::find_if(list.devices.begin(), list.devices.end(), is_it);
  if (first == list.devices.end()) {
    throw UsbError("not found; FTDI devices on USB: " + serials_of(list),
                   "its cable, hub and power, and usb_serial in the bench file");
  }
  if (std::count_if(list.devices.begin(), list.devices.end(), is_it) > 1) {
    throw UsbError("more than one device has this serial number",
                   "the EEPROMs of the FTDI devices");
  }
  if (first->chip != &chip) {
    throw UsbError(
        fmt::format("is not an {} but {}", chip.name,
                    first->chip != nullptr ? first->chip->name : "another chip"),
        "chip in the bench file");
  }
  if (!first->trouble.empty()) {
    throw UsbError("cannot be opened: " + first->trouble, kRules);
  }
  return *first;
}

class LibFtdiHandle final : public FtdiHandle {
 public:
  void open(const mpsse::Chip& chip, const std::string& usb_serial,
            int channel) override {
    close();
    const FtdiDevice device = find(chip, usb_serial);
    // A new context each time: its list of devices is then a new one, too.
    ftdi_.reset(start_ftdi());
    if (ftdi_ == nullptr) throw UsbError("libftdi1 cannot start", "the host's memory");
    // A kernel driver on a GPIO channel is a fault of the set-up: it has driven the
    // UART's signals, and will again.
    ftdi_->module_detach_mode = DONT_DETACH_SIO_MODULE;
    ftdi_->usb_read_timeout = ftdi_->usb_write_timeout = milliseconds(kLimit);
    ftdi_set_interface(ftdi_.get(), static_cast<ftdi_interface>(INTERFACE_A + channel));
    const int result =
        ftdi_usb_open_bus_addr(ftdi_.get(), static_cast<std::uint8_t>(device.bus),
                               static_cast<std::uint8_t>(device.address));
    if (result != 0) {
      const UsbError error = refusal(result, device, channel);
      close();
      throw error;
    }
    check(ftdi_read_data_set_chunksize(ftdi_.get(), kReadBytes), "reading");
  }

  void close() override { ftdi_.reset(); }

  // libftdi1 sets the timer of its own interface only. The request goes to the device
  // and names the channel, so that it needs no claim on the other interface.
  void set_latency_ms(int channel, int latency_ms) override {
    check_usb(libusb_control_transfer(
        ftdi_->usb_dev, FTDI_DEVICE_OUT_REQTYPE, SIO_SET_LATENCY_TIMER_REQUEST,
        static_cast<std::uint16_t>(latency_ms), index(channel), nullptr, 0,
        static_cast<unsigned>(ftdi_->usb_write_timeout)));
  }

  int latency_ms(int channel) override {
    std::uint8_t latency = 0;
    check_usb(libusb_control_transfer(
        ftdi_->usb_dev, FTDI_DEVICE_IN_REQTYPE, SIO_GET_LATENCY_TIMER_REQUEST, 0,
        index(channel), &latency, 1, static_cast<unsigned>(ftdi_->usb_read_timeout)));
    return latency;
  }

  void set_bit_mode(bool mpsse) override {
    check(ftdi_set_bitmode(ftdi_.get(), 0, mpsse ? BITMODE_MPSSE : BITMODE_RESET),
          "setting the bit mode");
  }

  void purge() override { check(ftdi_tcioflush(ftdi_.get()), "purging"); }

  // ftdi_write_data() does not say how much of a transfer that timed out has gone, so
  // the rest could not be sent later.
  std::size_t write(ByteView data, Duration limit) override {
    int sent = 0;
    const int result =
        libusb_bulk_transfer(ftdi_->usb_dev, static_cast<unsigned char>(ftdi_->in_ep),
                             const_cast<std::uint8_t*>(data.data()),
                             static_cast<int>(std::min(data.size(), kWriteBytes)),
                             &sent, static_cast<unsigned>(milliseconds(limit)));
    if (result != LIBUSB_ERROR_TIMEOUT) check_usb(result);
    return static_cast<std::size_t>(sent);
  }

  // Asked for many bytes, ftdi_read_data() reads on until a packet is empty: one byte
  // brings the first packet, and the rest of it is there already.
  std::size_t read(std::span<std::uint8_t> into) override {
    const int first = ftdi_read_data(ftdi_.get(), into.data(), 1);
    if (first < 0) check_usb(first);
    if (first == 0) return 0;
    const std::size_t rest =
        std::min<std::size_t>(into.size() - 1, ftdi_->readbuffer_remaining);
    if (rest == 0) return 1;
    const int more =
        ftdi_read_data(ftdi_.get(), into.data() + 1, static_cast<int>(rest));
    if (more < 0) check_usb(more);
    return 1 + static_cast<std::size_t>(more);
  }

 private:
  /// A packet of 512 bytes has 2 of status; eight at a time empty an FT2232H's FIFO.
  static constexpr unsigned kReadBytes = 4096;
  static constexpr std::size_t kWriteBytes = 4096;

  /// The channel in vendor requests: 1 for A (ftdi_set_interface()).
  static std::uint16_t index(int channel) {
    return static_cast<std::uint16_t>(channel + 1);
  }

  static void check_usb(int result) {
    if (result >= 0) return;
    if (result == LIBUSB_ERROR_NO_DEVICE) throw UsbError::gone();
    if (result == LIBUSB_ERROR_TIMEOUT) {
      throw UsbError(fmt::format("did not answer within {} ms", milliseconds(kLimit)),
                     "its cable, hub and power");
    }
    throw UsbError(fmt::format("USB transfer failed ({})", libusb_strerror(result)),
                   "its cable, hub and power");
  }

  /// libftdi1's control calls do not say why they failed: asks the device.
  void check(int result, const char* doing) {
    if (result >= 0) return;
    std::uint8_t status[2];
    check_usb(std::min(
        0, libusb_control_transfer(
               ftdi_->usb_dev, LIBUSB_ENDPOINT_IN, LIBUSB_REQUEST_GET_STATUS, 0, 0,
               status, sizeof status, static_cast<unsigned>(ftdi_->usb_read_timeout))));
    throw UsbError(
        fmt::format("{} failed ({})", doing, ftdi_get_error_string(ftdi_.get())),
        "its cable, hub and power");
  }

  /// Results of ftdi_usb_open_dev() and ftdi_usb_open_bus_addr(), libftdi 1.5.
  UsbError refusal(int result, const FtdiDevice& device, int channel) const {
    const char letter = static_cast<char>('A' + channel);
    if (result == -5) {
      const auto place = static_cast<std::size_t>(channel);
      const std::string user =
          place < device.drivers.size() ? device.drivers[place] : "";
      if (user.empty() || user == "usbfs") {
        return UsbError(fmt::format("channel {} is in use by another program", letter),
                        "who else uses the device, by `lsof /dev/bus/usb/" +
                            fmt::format("{:03}/{:03}`", device.bus, device.address));
      }
      return UsbError(
          fmt::format("channel {} is in use by the kernel driver {}", letter, user),
          kRules);
    }
    if (result == -3) return UsbError::gone();
    return UsbError(
        fmt::format("cannot be opened ({})", ftdi_get_error_string(ftdi_.get())),
        "its cable, hub and power, and the permissions of the device");
  }

  std::unique_ptr<ftdi_context, FreeFtdi> ftdi_;
};

}  // namespace

std::unique_ptr<FtdiHandle> make_ftdi_handle() {
  return std::make_unique<LibFtdiHandle>();
}

}  // namespace lockrig::io
