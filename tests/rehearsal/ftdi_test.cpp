// The unmodified libftdi1 against the emulated bus.
#include <ftdi.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libusb.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>

#include "rig/core/units.hpp"
#include "tests/rehearsal/program.hpp"

namespace lockrig::rehearsal {
namespace {

using testing::ElementsAre;

constexpr int kVendor = 0x0403;
constexpr int kProduct = 0x6010;

struct Free {
  void operator()(ftdi_context* context) const { ftdi_free(context); }
};

/// Channel A of a chip, in MPSSE mode. Throws where libftdi reports an error.
class Port {
 public:
  explicit Port(const std::string& serial, ftdi_interface channel = INTERFACE_A,
                int product = kProduct)
      : context_(ftdi_new()) {
    check(ftdi_set_interface(context_.get(), channel));
    check(
        ftdi_usb_open_desc(context_.get(), kVendor, product, nullptr, serial.c_str()));
    check(ftdi_set_latency_timer(context_.get(), 1));
  }
  void mpsse() {
    check(ftdi_set_bitmode(context_.get(), 0, BITMODE_RESET));
    check(ftdi_set_bitmode(context_.get(), 0, BITMODE_MPSSE));
  }
  void write(Bytes bytes) {
    EXPECT_EQ(check(ftdi_write_data(context_.get(), bytes.data(), size(bytes))),
              size(bytes));
  }
  /// A read that finds nothing returns after the latency timer.
  Bytes read(std::size_t count, int tries = 1000) {
    Bytes all;
    std::uint8_t buffer[4096];
    while (all.size() < count && tries-- > 0) {
      const int want = static_cast<int>(count - all.size());
      const int got = check(ftdi_read_data(context_.get(), buffer, want));
      all.insert(all.end(), buffer, buffer + got);
    }
    return all;
  }
  int check(int result) {
    if (result < 0) throw std::runtime_error(ftdi_get_error_string(context_.get()));
    return result;
  }
  ftdi_context* context() { return context_.get(); }

 private:
  static int size(const Bytes& bytes) { return static_cast<int>(bytes.size()); }
  std::unique_ptr<ftdi_context, Free> context_;
};

class FtdiTest : public testing::Test {
 protected:
  BusProgram bus{{"chips", "LR0001", "LR0002"}};
};

TEST_F(FtdiTest, a_chip_is_found_by_its_serial_number) {
  const Port port("LR0002");
  EXPECT_THROW(Port("LR0003"), std::runtime_error);
}

TEST_F(FtdiTest, both_chips_are_listed) {
  const std::unique_ptr<ftdi_context, Free> context(ftdi_new());
  ftdi_device_list* list = nullptr;
  ASSERT_EQ(ftdi_usb_find_all(context.get(), &list, kVendor, kProduct), 2);
  std::vector<std::string> serials;
  for (const ftdi_device_list* at = list; at != nullptr; at = at->next) {
    char serial[64], description[64];
    ASSERT_EQ(ftdi_usb_get_strings(context.get(), at->dev, nullptr, 0, description,
                                   sizeof(description), serial, sizeof(serial)),
              0);
    EXPECT_STREQ(description, "FT2232H");
    serials.emplace_back(serial);
  }
  ftdi_list_free(&list);
  EXPECT_THAT(serials, testing::UnorderedElementsAre("LR0001", "LR0002"));
}

TEST_F(FtdiTest, the_kind_of_chip_is_known_by_its_descriptor) {
  Port port("LR0001");
  EXPECT_EQ(port.context()->type, TYPE_2232H);
  EXPECT_EQ(port.context()->max_packet_size, 512u);
}

TEST_F(FtdiTest, an_open_channel_is_refused_to_others_and_the_other_channel_is_not) {
  const Port port("LR0001");
  EXPECT_THROW(Port("LR0001"), std::runtime_error);
  EXPECT_NO_THROW(Port("LR0001", INTERFACE_B));
}

TEST_F(FtdiTest, the_latency_timer_is_16_ms_until_it_is_set) {
  const std::unique_ptr<ftdi_context, Free> context(ftdi_new());
  ftdi_set_interface(context.get(), INTERFACE_B);
  ASSERT_EQ(ftdi_usb_open_desc(context.get(), kVendor, kProduct, nullptr, "LR0001"), 0);
  std::uint8_t latency = 0;
  ASSERT_EQ(ftdi_get_latency_timer(context.get(), &latency), 0);
  EXPECT_EQ(latency, 16);
  ASSERT_EQ(ftdi_set_latency_timer(context.get(), 1), 0);
  ASSERT_EQ(ftdi_get_latency_timer(context.get(), &latency), 0);
  EXPECT_EQ(latency, 1);
}

TEST_F(FtdiTest, a_bad_command_is_answered_by_its_name) {
  Port port("LR0001");
  port.mpsse();
  port.write({0xaa, 0x87});
  EXPECT_THAT(port.read(2), ElementsAre(0xfa, 0xaa));
}

TEST_F(FtdiTest, pins_are_set_and_read_and_seen_from_outside) {
  Port port("LR0001");
  port.mpsse();
  port.write({0x80, 0x02, 0x0a, 0x82, 0x01, 0x01, 0x81, 0x83, 0x87});
  EXPECT_THAT(port.read(2), ElementsAre(0xf7, 0xff));
  EXPECT_EQ(bus.control({"pins", "LR0001", "0"}), "levels=0x0102 driven=0x010a");
  bus.control({"set", "LR0001", "0", "4", "0"});
  port.write({0x81, 0x87});
  EXPECT_THAT(port.read(1), ElementsAre(0xe7));
}

TEST_F(FtdiTest, a_closed_port_leaves_the_pins_as_they_are) {
  {
    Port port("LR0001");
    port.mpsse();
    port.write({0x80, 0x02, 0x02, 0x81, 0x87});
    ASSERT_EQ(port.read(1).size(), 1u);
  }
  EXPECT_EQ(bus.control({"pins", "LR0001", "0"}), "levels=0x0002 driven=0x0002");
  Port port("LR0001");
  port.check(ftdi_set_bitmode(port.context(), 0, BITMODE_RESET));
  EXPECT_EQ(bus.control({"pins", "LR0001", "0"}), "levels=0x1815 driven=0x1915");
}

TEST_F(FtdiTest, answers_of_many_packets_arrive_whole) {
  Port port("LR0001");
  port.mpsse();
  Bytes reads(3000, 0x81);
  reads.push_back(0x87);
  port.write(reads);
  EXPECT_EQ(port.read(3000).size(), 3000u);
}

TEST_F(FtdiTest, a_write_waits_while_the_chips_FIFO_is_full) {
  Port port("LR0001");
  port.mpsse();
  port.check(ftdi_set_latency_timer(port.context(), 255));
  port.write({0x89, 0x81});  // wait until GPIOL1 is low: it is not
  port.context()->usb_write_timeout = 100;
  Bytes fill(4096 - 2, 0x81);
  port.write(fill);
  Bytes more(1024, 0x81);
  EXPECT_LT(ftdi_write_data(port.context(), more.data(), 1024), 1024);
  // A purge gives room again.
  port.check(ftdi_tcoflush(port.context()));
  port.context()->usb_write_timeout = 5000;
  port.check(ftdi_set_bitmode(port.context(), 0, BITMODE_MPSSE));
  port.write({0xab, 0x87});
  EXPECT_THAT(port.read(2), ElementsAre(0xfa, 0xab));
}

TEST_F(FtdiTest, a_read_under_way_fails_when_the_cable_comes_out) {
  Port port("LR0001");
  port.mpsse();
  port.check(ftdi_set_latency_timer(port.context(), 255));
  std::uint8_t buffer[16];
  ftdi_transfer_control* const read =
      ftdi_read_data_submit(port.context(), buffer, sizeof(buffer));
  ASSERT_NE(read, nullptr);
  bus.control({"unplug", "LR0001"});
  EXPECT_LT(ftdi_transfer_data_done(read), 0);
  EXPECT_LT(ftdi_write_data(port.context(), buffer, 1), 0);
}

TEST_F(FtdiTest, a_chip_that_comes_back_is_as_at_power_up) {
  {
    Port port("LR0001");
    port.mpsse();
    port.write({0x80, 0x02, 0x02, 0x81, 0x87});
    ASSERT_EQ(port.read(1).size(), 1u);
  }
  bus.control({"unplug", "LR0001"});
  EXPECT_EQ(bus.control({"pins", "LR0001", "0"}), "levels=0x0000 driven=0x0000");
  EXPECT_THROW(Port("LR0001"), std::runtime_error);
  EXPECT_NO_THROW(Port("LR0002"));
  bus.control({"replug", "LR0001"});
  EXPECT_EQ(bus.control({"pins", "LR0001", "0"}), "levels=0x1815 driven=0x1915");
  Port port("LR0001");
  port.mpsse();
  port.write({0x81, 0x87});
  EXPECT_THAT(port.read(1), ElementsAre(0xff));
}

TEST_F(FtdiTest, a_process_that_is_killed_lets_go_of_its_channel_and_of_no_pin) {
  int told[2];
  ASSERT_EQ(pipe(told), 0);
  const pid_t child = fork();
  if (child == 0) {
    Port port("LR0001");
    port.mpsse();
    port.write({0x80, 0x02, 0x02, 0x81, 0x87});
    port.read(1);
    if (::write(told[1], "x", 1) == 1) port.read(1, 1'000'000);
    _exit(0);
  }
  char byte;
  ASSERT_EQ(::read(told[0], &byte, 1), 1);
  EXPECT_THROW(Port("LR0001"), std::runtime_error);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  bool opened = false;
  for (int i = 0; i < 1000 && !opened; ++i) {
    try {
      const Port port("LR0001");
      opened = true;
    } catch (const std::runtime_error&) {
    }
  }
  EXPECT_TRUE(opened);
  EXPECT_EQ(bus.control({"pins", "LR0001", "0"}), "levels=0x0002 driven=0x0002");
  ::close(told[0]);
  ::close(told[1]);
}

int count_plugs(libusb_context*, libusb_device*, libusb_hotplug_event event,
                void* counts) {
  ++static_cast<int*>(counts)[event == LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED ? 0 : 1];
  return 0;
}

TEST_F(FtdiTest, libusb_is_told_of_what_comes_and_goes) {
  libusb_context* context = nullptr;
  ASSERT_EQ(libusb_init(&context), 0);
  int counts[2] = {0, 0};
  libusb_hotplug_callback_handle handle = 0;
  ASSERT_EQ(
      libusb_hotplug_register_callback(
          context,
          LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED | LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT, 0,
          kVendor, kProduct, LIBUSB_HOTPLUG_MATCH_ANY, count_plugs, counts, &handle),
      0);
  const auto wait_for = [&](int which) {
    timeval limit{0, 100'000};
    for (int i = 0; i < 50 && counts[which] == 0; ++i) {
      libusb_handle_events_timeout(context, &limit);
    }
    return counts[which];
  };
  bus.control({"unplug", "LR0002"});
  EXPECT_EQ(wait_for(1), 1);
  EXPECT_EQ(counts[0], 0);
  bus.control({"replug", "LR0002"});
  EXPECT_EQ(wait_for(0), 1);
  EXPECT_EQ(counts[1], 1);
  libusb_hotplug_deregister_callback(context, handle);
  libusb_exit(context);
}

TEST(Ft4232h, has_an_mpsse_on_either_of_its_first_two_channels) {
  const BusProgram bus({"chips", "--chip", "FT4232H", "LR0004"});
  Port a("LR0004", INTERFACE_A, 0x6011);
  Port b("LR0004", INTERFACE_B, 0x6011);
  a.mpsse();
  b.mpsse();
  a.write({0x80, 0x02, 0x02, 0x81, 0x87});
  b.write({0x80, 0x40, 0x40, 0xac, 0x87});
  EXPECT_EQ(a.read(1).size(), 1u);
  EXPECT_THAT(b.read(2), ElementsAre(0xfa, 0xac));
  EXPECT_EQ(bus.control({"pins", "LR0004", "0"}), "levels=0x0002 driven=0x0002");
  EXPECT_EQ(bus.control({"pins", "LR0004", "1"}), "levels=0x0040 driven=0x0040");
}

}  // namespace
}  // namespace lockrig::rehearsal
