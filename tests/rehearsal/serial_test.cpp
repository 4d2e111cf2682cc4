// The unmodified libserialport against a console of the emulated bus, and SMP against a
// twin's service port.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libserialport.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "rig/protocol/smp_line.hpp"
#include "rig/protocol/smp_message.hpp"
#include "tests/rehearsal/program.hpp"

namespace lockrig::rehearsal {
namespace {

constexpr unsigned kLimitMs = 5000;

struct FreePort {
  void operator()(sp_port* port) const { sp_free_port(port); }
};
using SerialPort = std::unique_ptr<sp_port, FreePort>;

/// The port of a USB device by its serial number, as libserialport lists it.
SerialPort find(const std::string& serial) {
  sp_port** list = nullptr;
  SerialPort found;
  if (sp_list_ports(&list) != SP_OK) return found;
  for (sp_port** at = list; *at != nullptr; ++at) {
    const char* const its = sp_get_port_usb_serial(*at);
    sp_port* copy = nullptr;
    if (its != nullptr && serial == its && sp_copy_port(*at, &copy) == SP_OK) {
      found.reset(copy);
    }
  }
  sp_free_port_list(list);
  return found;
}

class SerialTest : public testing::Test {
 protected:
  BusProgram bus{{"chips", "LR0001", "LR0002"}};
};

TEST_F(SerialTest, a_console_is_a_usb_port_with_the_chips_identity) {
  const SerialPort port = find("LR0002");
  ASSERT_NE(port, nullptr);
  EXPECT_EQ(sp_get_port_transport(port.get()), SP_TRANSPORT_USB);
  int vendor = 0, product = 0;
  ASSERT_EQ(sp_get_port_usb_vid_pid(port.get(), &vendor, &product), SP_OK);
  EXPECT_EQ(vendor, 0x0403);
  EXPECT_EQ(product, 0x6010);
  EXPECT_STREQ(sp_get_port_usb_product(port.get()), "FT2232H");
}

TEST_F(SerialTest, its_interface_stands_in_sysfs) {
  const SerialPort port = find("LR0001");
  ASSERT_NE(port, nullptr);
  const std::string name = sp_get_port_name(port.get());
  // .../1-1:1.1/ttyUSB0/tty/ttyUSB0; "device" leads to the first ttyUSB0.
  const std::string path =
      "/sys/class/tty/" + name.substr(5) + "/device/../bInterfaceNumber";
  char text[3] = {};
  const int fd = ::open(path.c_str(), O_RDONLY);
  ASSERT_GE(fd, 0) << path;
  EXPECT_EQ(::read(fd, text, 2), 2);
  ::close(fd);
  EXPECT_STREQ(text, "01");
}

TEST_F(SerialTest, bytes_go_both_ways_and_modem_lines_can_be_asked_for) {
  const SerialPort port = find("LR0001");
  ASSERT_NE(port, nullptr);
  ASSERT_EQ(sp_open(port.get(), SP_MODE_READ_WRITE), SP_OK) << sp_last_error_message();
  EXPECT_EQ(sp_set_baudrate(port.get(), 921600), SP_OK);
  EXPECT_EQ(sp_set_flowcontrol(port.get(), SP_FLOWCONTROL_NONE), SP_OK);
  EXPECT_EQ(sp_set_dtr(port.get(), SP_DTR_ON), SP_OK);
  const char sent[] = "\x06\x09 hello\r\n";
  char back[sizeof(sent)] = {};
  // Counts come in an enumeration that does not have them.
  const int written = sp_blocking_write(port.get(), sent, sizeof(sent), kLimitMs);
  ASSERT_EQ(written, static_cast<int>(sizeof(sent)));
  const int got = sp_blocking_read(port.get(), back, sizeof(back), kLimitMs);
  ASSERT_EQ(got, static_cast<int>(sizeof(back)));
  EXPECT_STREQ(back, sent);
  sp_close(port.get());
}

TEST_F(SerialTest, a_port_that_went_ends_and_comes_back_under_another_name) {
  const SerialPort port = find("LR0001");
  ASSERT_NE(port, nullptr);
  const std::string before = sp_get_port_name(port.get());
  ASSERT_EQ(sp_open(port.get(), SP_MODE_READ_WRITE), SP_OK);
  bus.control({"unplug", "LR0001"});
  EXPECT_EQ(find("LR0001"), nullptr);
  char byte = 'x';
  EXPECT_LT(sp_blocking_write(port.get(), &byte, 1, kLimitMs), 0);
  sp_close(port.get());
  bus.control({"replug", "LR0001"});
  const SerialPort again = find("LR0001");
  ASSERT_NE(again, nullptr);
  EXPECT_NE(sp_get_port_name(again.get()), before);
  EXPECT_EQ(sp_open(again.get(), SP_MODE_READ_WRITE), SP_OK);
  sp_close(again.get());
}

/// What a client of a twin's service port hears: one message, or nothing for a while.
std::optional<smp::Message> hear(int fd, smp::LineDecoder& decoder) {
  constexpr int kTryMs = 250;
  std::uint8_t buffer[256];
  for (;;) {
    if (const auto message = decoder.next_message()) return smp::decode(*message);
    pollfd ready{fd, POLLIN, 0};
    if (poll(&ready, 1, kTryMs) <= 0) return std::nullopt;
    const ssize_t got = ::read(fd, buffer, sizeof(buffer));
    if (got <= 0) return std::nullopt;
    decoder.feed(ByteView(buffer, static_cast<std::size_t>(got)));
  }
}

class TwinTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove(path); }
  std::vector<std::string> arguments() const {
    return {"twin",       "--model",  "6000i",
            "--revision", "A",        "--pty",
            path,         "--boards", LOCKRIG_ROOT "/fixtures/boards"};
  }
  const std::string path =
      testing::TempDir() + "lockrig-twin-" + std::to_string(::getpid());
};

TEST_F(TwinTest, answers_an_echo_on_its_pty) {
  Program twin(arguments());
  const int fd = ::open(path.c_str(), O_RDWR | O_NOCTTY);
  ASSERT_GE(fd, 0);
  smp::Message echo;
  echo.header.op = smp::Op::write;
  echo.header.group = 0;
  echo.header.id = 0;
  echo.header.sequence = 7;
  echo.body = {{"d", "hello"}};
  const Bytes frame = smp::encode_frame(smp::encode(echo));
  smp::LineDecoder decoder(4096);
  std::optional<smp::Message> answer;
  // It may still be starting: as a client does, ask again.
  for (int i = 0; i < 40 && !answer; ++i) {
    ASSERT_EQ(::write(fd, frame.data(), frame.size()),
              static_cast<ssize_t>(frame.size()));
    answer = hear(fd, decoder);
  }
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->header.sequence, 7);
  EXPECT_EQ(answer->body["r"], "hello");
  ::close(fd);
}

TEST_F(TwinTest, removes_its_pty_when_it_is_ended) {
  Program twin(arguments());
  EXPECT_TRUE(std::filesystem::is_symlink(path));
  EXPECT_EQ(twin.end(SIGTERM), 0);
  EXPECT_FALSE(std::filesystem::is_symlink(path));
}

TEST_F(TwinTest, does_not_take_a_path_that_is_there) {
  Program first(arguments());
  EXPECT_THROW(Program{arguments()}, std::runtime_error);
  EXPECT_TRUE(std::filesystem::is_symlink(path));
}

}  // namespace
}  // namespace lockrig::rehearsal
