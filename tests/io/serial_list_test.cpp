#include "rig/io/serial_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdlib>
#include <fstream>

#include "rig/io/serial_port.hpp"
#include "tests/io/pty.hpp"

namespace lockrig::io {
namespace {

namespace fs = std::filesystem;

// An FT2232H and a meter that is a modem (CDC ACM), as sysfs shows them.
constexpr const char* kDevices = R"(P: /devices/pci0000:00/0000:00:14.0/usb1/1-4
E: SUBSYSTEM=usb
E: DEVTYPE=usb_device
A: busnum=1
A: devnum=7
A: idVendor=0403
A: idProduct=6010
A: serial=LR0001
A: product=Dual RS232-HS
A: manufacturer=FTDI

P: /devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4:1.0
E: SUBSYSTEM=usb
E: DEVTYPE=usb_interface
A: bInterfaceNumber=00

P: /devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4:1.0/ttyUSB0
E: SUBSYSTEM=usb-serial

P: /devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4:1.0/ttyUSB0/tty/ttyUSB0
E: SUBSYSTEM=tty
L: device=../../../ttyUSB0

P: /devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4:1.1
E: SUBSYSTEM=usb
E: DEVTYPE=usb_interface
A: bInterfaceNumber=01

P: /devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4:1.1/ttyUSB1
E: SUBSYSTEM=usb-serial

P: /devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4:1.1/ttyUSB1/tty/ttyUSB1
E: SUBSYSTEM=tty
L: device=../../../ttyUSB1

P: /devices/pci0000:00/0000:00:14.0/usb1/1-5
E: SUBSYSTEM=usb
E: DEVTYPE=usb_device
A: busnum=1
A: devnum=8
A: idVendor=1ab1
A: idProduct=0e11
A: serial=PS0001
A: product=DP832

P: /devices/pci0000:00/0000:00:14.0/usb1/1-5/1-5:1.10
E: SUBSYSTEM=usb
E: DEVTYPE=usb_interface
A: bInterfaceNumber=0a

P: /devices/pci0000:00/0000:00:14.0/usb1/1-5/1-5:1.10/tty/ttyACM0
E: SUBSYSTEM=tty
L: device=../../../1-5:1.10

)";

/// Tests that need devices run in a process of their own, under umockdev, which a
/// process cannot turn on for itself. The process that runs all tests starts it.
class SerialListTest : public testing::Test {
 protected:
  static const char* root() { return std::getenv("UMOCKDEV_DIR"); }

  /// True in the process that sees kDevices.
  static bool under_umockdev() {
    if (root() != nullptr) return true;
    const TempFolder folder;
    std::ofstream(folder.path() / "devices") << kDevices;
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    const std::string command =
        "ASAN_OPTIONS=verify_asan_link_order=0 GTEST_OUTPUT= "
        "umockdev-run -d '" +
        (folder.path() / "devices").string() + "' -- '" +
        fs::read_symlink("/proc/self/exe").string() + "' --gtest_filter='" +
        test->test_suite_name() + "." + test->name() + "'";
    const int status = std::system(command.c_str());
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << command;
    return false;
  }
  static fs::path dev(const std::string& name) {
    return fs::path(root()) / "dev" / name;
  }
  static fs::path tty(const std::string& name) {
    return fs::path(root()) / "sys/class/tty" / name;
  }
};

TEST_F(SerialListTest, tells_each_ports_identity) {
  if (!under_umockdev()) return;
  const auto ports = list_serial_ports();
  ASSERT_EQ(ports.size(), 3u);
  EXPECT_EQ(ports[0].path, "/dev/ttyACM0");
  EXPECT_EQ(ports[0].vid, 0x1ab1);
  EXPECT_EQ(ports[0].usb_serial, "PS0001");
  EXPECT_EQ(ports[0].manufacturer, "");
  EXPECT_EQ(ports[0].interface, 10) << "a hexadecimal attribute";
  EXPECT_EQ(ports[1].path, "/dev/ttyUSB0");
  EXPECT_EQ(ports[1].interface, 0);
  EXPECT_EQ(ports[2].path, "/dev/ttyUSB1");
  EXPECT_EQ(ports[2].interface, 1);
  EXPECT_EQ(ports[2].vid, 0x0403);
  EXPECT_EQ(ports[2].pid, 0x6010);
  EXPECT_EQ(ports[2].usb_serial, "LR0001");
  EXPECT_EQ(ports[2].product, "Dual RS232-HS");
  EXPECT_EQ(ports[2].manufacturer, "FTDI");
  EXPECT_THAT(ports[2].description, testing::HasSubstr("Dual RS232-HS"));
}

TEST_F(SerialListTest, finds_a_port_by_serial_number_and_interface) {
  if (!under_umockdev()) return;
  const auto console = find_serial_port("LR0001", 1);
  ASSERT_TRUE(console);
  EXPECT_EQ(console->path, "/dev/ttyUSB1");
  EXPECT_FALSE(find_serial_port("LR0001", 2));
  EXPECT_FALSE(find_serial_port("LR0002", 1));
}

TEST_F(SerialListTest, a_port_that_comes_back_under_another_name_is_found_again) {
  if (!under_umockdev()) return;
  World world(1, Pace::wall);
  Pty board;
  fs::create_directories(dev(""));
  fs::create_symlink(board.path(), dev("ttyUSB1"));
  SerialConfig config;
  config.station = "A1";
  config.usb_serial = "LR0001";
  config.interface = 1;
  config.comeback = 5s;
  SerialPort port(world, config);
  EXPECT_EQ(port.path(), "/dev/ttyUSB1");
  std::array<std::uint8_t, 16> buffer;
  const auto hear = [&] {
    const ReadResult read =
        world.run(port.read_some(buffer, world.now() + 10s), 11s, "read");
    return std::string(buffer.begin(), buffer.begin() + read.count);
  };
  board.say("before");
  EXPECT_EQ(hear(), "before");

  fs::remove(dev("ttyUSB1"));
  const fs::path device = fs::read_symlink(tty("ttyUSB1"));
  fs::remove(tty("ttyUSB1"));
  board.unplug();
  EXPECT_TRUE(wait_until(world, [&] { return port.gone_since().has_value(); }));

  Pty again;
  fs::create_symlink(again.path(), dev("ttyUSB7"));
  fs::create_symlink(device, tty("ttyUSB7"));
  again.say("after");
  EXPECT_EQ(hear(), "after");
  EXPECT_EQ(port.path(), "/dev/ttyUSB7");
  EXPECT_EQ(port.reopened(), 1);
}

}  // namespace
}  // namespace lockrig::io
