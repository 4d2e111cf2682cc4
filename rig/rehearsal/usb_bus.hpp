// An emulated USB bus: FTDI twins of a paced world, as the unmodified libusb and
// libserialport of other processes find them under umockdev.
//
// A process sees the bus with UMOCKDEV_DIR=directory() and LD_PRELOAD=
// libumockdev-preload.so.0 in its environment; for the ttys also lockrig_tty.so before
// it.
// Known limits of umockdev 0.17: processes that listen for hot-plug on the same
// descriptor number take each other's events; a process opens at most 50 nodes at once.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rig/rehearsal/uevent.hpp"
#include "rig/rehearsal/usb_gateway.hpp"
#include "rig/twin/ftdi_usb.hpp"

namespace lockrig::rehearsal {

class UsbBus {
 public:
  /// std::runtime_error if there is no room for the test bed.
  explicit UsbBus(World& world);
  /// Removes the test bed. Devices that are plugged in are not touched.
  ~UsbBus();

  /// What UMOCKDEV_DIR must be.
  const std::string& directory() const { return directory_; }

  /// The device appears, with the next address, on a port that stays its own. `ttys`
  /// by interface: the PTY behind it, or "" for none; each becomes the next ttyUSB.
  /// Replugs the device where need be. It outlives its time on the bus.
  void plug(twin::FtdiUsb& device, const std::vector<std::string>& ttys = {});
  /// The device is gone at once: requests under way fail, those that follow too.
  /// REQUIRES: it is plugged in. Called in a task of the world, or while none runs.
  void unplug(twin::FtdiUsb& device);
  bool plugged(twin::FtdiUsb& device) const { return places_.contains(&device); }

 private:
  struct Place {
    std::string node;                // "/dev/bus/usb/001/002"
    std::vector<UEvent> devices;     // as they were added: parents first
    std::vector<std::string> links;  // ttys in the test bed's dev/
  };
  struct TestBedDeleter {
    void operator()(UMockdevTestbed* test_bed) const;
  };

  void add(Place& place, const UEvent& device, const std::string& attributes);

  std::unique_ptr<UMockdevTestbed, TestBedDeleter> test_bed_;
  std::string directory_;
  UsbGateway gateway_;
  UEventSender events_;
  std::map<twin::FtdiUsb*, Place> places_;
  std::map<twin::FtdiUsb*, int> ports_;
  int addresses_ = 1;  // 1 is the root hub
  int ttys_ = 0;
};

}  // namespace lockrig::rehearsal
