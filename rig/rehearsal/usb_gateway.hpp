// From the usbfs requests of other processes, as umockdev hands them over, to FTDI
// twins of a paced world, and back.
//
// umockdev calls on a thread of its own: there requests are read and the queues of URBs
// kept. The devices are called in the world's thread alone.
// Sources: linux/usbdevice_fs.h; umockdev 0.17.16, src/umockdev-ioctl.vala (an ioctl
// may be completed later and from another thread; memory of the client may be read only
// while it waits).
#pragma once

#include <memory>
#include <string>

#include "rig/twin/ftdi_usb.hpp"

typedef struct _UMockdevTestbed UMockdevTestbed;

namespace lockrig::rehearsal {

class UsbGateway {
 public:
  /// A poll for finished URBs (REAPURBNDELAY) that finds none is held back that long:
  /// the node cannot be polled, and libusb would spin. Another thread that submits by
  /// the same descriptor waits as long at worst.
  static constexpr Duration kHold = 150us;

  UsbGateway(World& world, UMockdevTestbed* test_bed);
  UsbGateway(const UsbGateway&) = delete;
  UsbGateway& operator=(const UsbGateway&) = delete;
  ~UsbGateway();

  /// Requests to a node ("/dev/bus/usb/001/002") go to `device` from now on. A node is
  /// never used again.
  void open(const std::string& node, twin::FtdiUsb& device);
  /// The device has been unplugged: every request fails with ENODEV.
  void close(const std::string& node);

 private:
  struct State;
  UMockdevTestbed* test_bed_;
  std::shared_ptr<State> state_;
  std::unique_ptr<Life> server_;
};

}  // namespace lockrig::rehearsal
