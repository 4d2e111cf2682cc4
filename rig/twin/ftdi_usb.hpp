// An FTDI chip as the host's USB sees it: descriptors, vendor requests, and one bulk
// pipe each way a channel. Behind a channel stands an Ft2232h, or nothing.
//
// Sources: libftdi 1.5 ftdi.h (requests), Linux drivers/usb/serial/ftdi_sio.h (what a
// reset does, the status bytes), FTDI AN232B-04 (latency timer, packets of 62 or 510
// bytes behind 2 status bytes), FT2232H data sheet (endpoints).
// What is modelled: a bulk OUT stays pending while the chip's FIFO is full (NAK); a
// bulk IN ends with the first packet that is not full, which the chip sends when
// answers were flushed or the latency timer has run out. What is not: the bus's own
// time, the UART (a channel that is not in MPSSE mode swallows what it gets), the other
// bit modes.
// The host that goes away changes nothing: the chip goes on driving its pins.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "rig/twin/ft2232h.hpp"

namespace lockrig::twin {

/// What tells one kind of chip from another on the bus.
struct FtdiProduct {
  const char* name;
  std::uint16_t product_id;  // vendor 0x0403
  std::uint16_t bcd_device;
  int channels;
};
inline constexpr FtdiProduct kFt2232h{"FT2232H", 0x6010, 0x0700, 2};
inline constexpr FtdiProduct kFt4232h{"FT4232H", 0x6011, 0x0800, 4};
inline constexpr FtdiProduct kFt232h{"FT232H", 0x6014, 0x0900, 1};
inline constexpr std::uint16_t kFtdiVendor = 0x0403;

enum class UsbStatus { ok, stall, cancelled, gone };

/// One request of the host. The device completes it exactly once, in a task of its
/// world or within the call that made it complete; never once the device is destroyed.
struct UsbTransfer {
  enum class Kind { control, out, in };
  Kind kind;
  int channel = 0;         // of a bulk transfer
  Bytes data;              // out: the bytes; control: set-up packet and data
  std::size_t length = 0;  // in: room
  /// Out: `count` bytes were taken, `data` is empty. In and control: what came.
  std::function<void(UsbStatus, std::size_t count, ByteView data)> done;
};

class FtdiUsb {
 public:
  static constexpr std::size_t kPacketBytes = 512;  // high-speed bulk
  static constexpr std::size_t kStatusBytes = 2;
  /// Clear to send, data set ready, high speed; transmitter empty: what an idle channel
  /// answers. [assumed: the usual capture]
  static constexpr std::array<std::uint8_t, kStatusBytes> kStatus{0x32, 0x60};
  static constexpr Duration kLatencyAtPowerUp = 16ms;

  /// `chips` are by channel; null, or left out, is a channel with nothing behind it.
  /// They outlive it.
  FtdiUsb(World& world, const FtdiProduct& product, std::string serial,
          std::vector<Ft2232h*> chips);
  FtdiUsb(const FtdiUsb&) = delete;
  FtdiUsb& operator=(const FtdiUsb&) = delete;
  ~FtdiUsb();

  const FtdiProduct& product() const { return product_; }
  const std::string& serial() const { return serial_; }
  /// Of a bulk endpoint: channel 0 has 0x81 and 0x02, channel 1 0x83 and 0x04.
  static int channel_of(std::uint8_t endpoint) { return ((endpoint & 0x7f) - 1) / 2; }
  Bytes device_descriptor() const;
  Bytes configuration_descriptor() const;

  /// REQUIRES: called in a task of the world, or while nothing runs.
  void submit(std::shared_ptr<UsbTransfer> transfer);
  /// Completes it as `cancelled`, with what was taken so far; nothing if it is
  /// complete.
  void cancel(const std::shared_ptr<UsbTransfer>& transfer);

  /// The cable: the chips lose their power, transfers under way end as `gone`, as do
  /// all later ones until it is plugged in again.
  void unplug();
  void replug();
  bool plugged() const { return plugged_; }

 private:
  struct Pipe {
    explicit Pipe(World& world) : changed(world) {}
    std::deque<std::shared_ptr<UsbTransfer>> queue;  // the front is under way
    Bytes received;                                  // in: so far
    std::size_t taken = 0;                           // out: so far
    Signal changed;
    std::unique_ptr<Life> life;
  };
  struct Channel {
    explicit Channel(World& world) : out(world), in(world) {}
    Ft2232h* chip = nullptr;
    Duration latency = kLatencyAtPowerUp;
    Pipe out;
    Pipe in;
  };

  Task<void> take_out(Channel& channel);
  Task<void> give_in(Channel& channel);
  void start(Channel& channel, Pipe& pipe);
  void finish(Pipe& pipe, UsbStatus status);
  void control(UsbTransfer& transfer);
  bool vendor(ByteView setup, Bytes& answer);
  bool standard(ByteView setup, Bytes& answer) const;
  bool set_bit_mode(Channel& channel, int mode);
  std::uint16_t eeprom(std::size_t word) const;

  World& world_;
  const FtdiProduct product_;
  std::string serial_;
  bool plugged_ = true;
  std::vector<std::unique_ptr<Channel>> channels_;
};

}  // namespace lockrig::twin
