// The dozen calls that a port makes of libftdi1, as an interface: a scripted device
// stands behind it in tests. Internal to rig/io.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

#include "rig/core/units.hpp"
#include "rig/protocol/ftdi_chip.hpp"

namespace lockrig::io {

/// What went wrong on USB, and where to look. The port makes a RigError of it.
class UsbError : public std::runtime_error {
 public:
  UsbError(const std::string& what, std::string check, bool vanished = false)
      : std::runtime_error(what), check_(std::move(check)), vanished_(vanished) {}
  static UsbError gone() {
    return UsbError("vanished from USB", "its cable, hub and power", true);
  }

  const std::string& check() const { return check_; }
  bool vanished() const { return vanished_; }

 private:
  std::string check_;
  bool vanished_;
};

/// One channel of one device. read() may be called by one thread and write() by another
/// at the same time; every other call stands alone. Every call but close() throws
/// UsbError, and returns or throws within kLimit, write() within its own limit.
class FtdiHandle {
 public:
  static constexpr Duration kLimit = std::chrono::seconds(1);

  virtual ~FtdiHandle() = default;

  /// Finds the device by its serial number, checks that it is that chip, claims the
  /// channel's interface (0 is A) and resets it.
  virtual void open(const mpsse::Chip& chip, const std::string& usb_serial,
                    int channel) = 0;
  /// Also of a handle that is not open or whose device is gone. The bit mode stays.
  virtual void close() = 0;

  /// Of any channel of the device, also one that somebody else has.
  virtual void set_latency_ms(int channel, int latency_ms) = 0;
  virtual int latency_ms(int channel) = 0;

  /// MPSSE or reset; every pin an input either way.
  virtual void set_bit_mode(bool mpsse) = 0;
  /// Drops what is in the chip's and the host's buffers.
  virtual void purge() = 0;

  /// How many bytes the chip took within the limit: less than all while its FIFO is
  /// full.
  virtual std::size_t write(ByteView data, Duration limit) = 0;
  /// What the chip has, at most the latency timer's time from now; 0 for nothing.
  virtual std::size_t read(std::span<std::uint8_t> into) = 0;
};

/// Over the real libftdi1.
std::unique_ptr<FtdiHandle> make_ftdi_handle();

}  // namespace lockrig::io
