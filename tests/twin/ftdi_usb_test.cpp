#include "rig/twin/ftdi_usb.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace lockrig::twin {
namespace {

using testing::ElementsAre;

struct Result {
  UsbStatus status;
  std::size_t count;
  Bytes data;
  Instant at;
};

class FtdiUsbTest : public testing::Test {
 protected:
  struct Request {
    std::shared_ptr<UsbTransfer> transfer = std::make_shared<UsbTransfer>();
    std::shared_ptr<std::optional<Result>> result =
        std::make_shared<std::optional<Result>>();
    const Result& operator*() const { return result->value(); }
    const Result* operator->() const { return &result->value(); }
    bool done() const { return result->has_value(); }
  };

  Request submit(UsbTransfer::Kind kind, Bytes data, std::size_t length,
                 int channel = 0) {
    Request request;
    UsbTransfer& transfer = *request.transfer;
    transfer.kind = kind;
    transfer.channel = channel;
    transfer.data = std::move(data);
    transfer.length = length;
    transfer.done = [this, to = request.result](UsbStatus status, std::size_t count,
                                                ByteView bytes) {
      EXPECT_FALSE(to->has_value()) << "completed twice";
      *to = Result{status, count, Bytes(bytes.begin(), bytes.end()), world.now()};
    };
    usb.submit(request.transfer);
    return request;
  }
  Request out(Bytes data) { return submit(UsbTransfer::Kind::out, std::move(data), 0); }
  Request in(std::size_t length, int channel = 0) {
    return submit(UsbTransfer::Kind::in, {}, length, channel);
  }
  /// A vendor request; `index` is the channel from 1.
  Result vendor(std::uint8_t request, unsigned value, std::uint8_t index = 1,
                std::uint8_t length = 0) {
    const std::uint8_t type = length > 0 ? 0xc0 : 0x40;
    const auto low = static_cast<std::uint8_t>(value);
    const auto high = static_cast<std::uint8_t>(value >> 8);
    return *submit(UsbTransfer::Kind::control,
                   {type, request, low, high, index, 0, length, 0}, 8u + length);
  }
  void pass(Duration time) {
    world.run(world.sleep_for(time, "time"), time + 1s, "pass");
  }
  void mpsse() {
    EXPECT_EQ(vendor(0x0b, 0x0200).status, UsbStatus::ok);
    vendor(0x09, 1);
  }

  World world{1};
  Ft2232h chip{world};
  FtdiUsb usb{world, kFt2232h, "LR0001", {&chip}};
};

TEST_F(FtdiUsbTest, says_who_it_is) {
  EXPECT_THAT(usb.device_descriptor(), ElementsAre(18, 1, 0, 2, 0, 0, 0, 64, 0x03, 0x04,
                                                   0x10, 0x60, 0, 7, 1, 2, 3, 1));
  const Bytes configuration = usb.configuration_descriptor();
  EXPECT_EQ(configuration.size(), 55u);
  EXPECT_EQ(configuration[2], 55);
  EXPECT_EQ(configuration[4], 2);  // interfaces
}

TEST_F(FtdiUsbTest, has_its_serial_number_as_a_string) {
  const auto request =
      submit(UsbTransfer::Kind::control, {0x80, 6, 3, 3, 9, 4, 255, 0}, 263);
  EXPECT_THAT(request->data,
              ElementsAre(14, 3, 'L', 0, 'R', 0, '0', 0, '0', 0, '0', 0, '1', 0));
}

TEST_F(FtdiUsbTest, a_string_is_cut_to_what_the_host_asked_for) {
  const auto request =
      submit(UsbTransfer::Kind::control, {0x80, 6, 3, 3, 9, 4, 4, 0}, 12);
  EXPECT_THAT(request->data, ElementsAre(14, 3, 'L', 0));
}

TEST_F(FtdiUsbTest, an_unknown_request_is_stalled) {
  EXPECT_EQ(vendor(0x55, 0).status, UsbStatus::stall);
  EXPECT_EQ(vendor(0x0b, 0x0100).status, UsbStatus::stall);   // bit-bang
  EXPECT_EQ(vendor(0x0a, 0, 3, 1).status, UsbStatus::stall);  // no channel C
}

TEST_F(FtdiUsbTest, the_latency_timer_is_each_channels_own) {
  EXPECT_EQ(vendor(0x09, 1, 1).status, UsbStatus::ok);
  EXPECT_THAT(vendor(0x0a, 0, 1, 1).data, ElementsAre(1));
  EXPECT_THAT(vendor(0x0a, 0, 2, 1).data, ElementsAre(16));
  EXPECT_EQ(vendor(0x09, 0, 1).status, UsbStatus::stall);
}

TEST_F(FtdiUsbTest, an_idle_channel_sends_its_status_when_the_latency_timer_runs_out) {
  const auto a = in(512);
  const auto b = in(512, 1);
  pass(15999us);
  EXPECT_FALSE(a.done());
  pass(1us);
  EXPECT_THAT(a->data, ElementsAre(0x32, 0x60));
  EXPECT_THAT(b->data, ElementsAre(0x32, 0x60));
  EXPECT_EQ(a->at, Instant(16ms));
}

TEST_F(FtdiUsbTest, flushed_answers_come_at_once_behind_the_status) {
  mpsse();
  const auto read = in(512);
  out({0xaa, 0x87});
  pass(1us);
  ASSERT_TRUE(read.done());
  EXPECT_EQ(read->at, Instant(0s));
  EXPECT_THAT(read->data, ElementsAre(0x32, 0x60, 0xfa, 0xaa));
}

TEST_F(FtdiUsbTest, answers_that_are_not_flushed_wait_for_the_latency_timer) {
  mpsse();
  vendor(0x09, 2);
  const auto read = in(512);
  out({0x8a, 0x86, 29, 0, 0x81, 0x8f, 0xff, 0xff});  // one read, then 0.5 s of clocks
  pass(1999us);
  EXPECT_FALSE(read.done());
  pass(1us);
  ASSERT_TRUE(read.done());
  EXPECT_THAT(read->data, ElementsAre(0x32, 0x60, 0xff));
}

TEST_F(FtdiUsbTest, a_full_packet_is_followed_by_another_in_the_same_transfer) {
  mpsse();
  Bytes commands(600, 0x81);
  commands.push_back(0x87);
  out(commands);
  const auto read = in(4096);
  pass(1us);
  ASSERT_TRUE(read.done());
  ASSERT_EQ(read->data.size(), 512u + 2 + 90);
  EXPECT_EQ(read->data[512], 0x32);
  EXPECT_EQ(read->data[513], 0x60);
  EXPECT_EQ(read->data[514], 0xff);
}

TEST_F(FtdiUsbTest, a_transfer_ends_when_the_host_has_no_more_room) {
  mpsse();
  Bytes commands(600, 0x81);
  commands.push_back(0x87);
  out(commands);
  const auto first = in(512);
  const auto second = in(512);
  pass(1us);
  ASSERT_TRUE(second.done());
  EXPECT_EQ(first->data.size(), 512u);
  EXPECT_EQ(second->data.size(), 92u);
}

TEST_F(FtdiUsbTest, a_write_is_pending_while_the_FIFO_is_full) {
  mpsse();
  out({0x89});  // waits until GPIOL1 is low
  const auto fits = out(Bytes(4095, 0x8a));
  const auto waits = out(Bytes(1, 0x8a));
  pass(1s);
  EXPECT_TRUE(fits.done());
  EXPECT_FALSE(waits.done());
  chip.set_input(5, false);
  pass(1us);
  ASSERT_TRUE(waits.done());
  EXPECT_EQ(waits->status, UsbStatus::ok);
  EXPECT_EQ(waits->count, 1u);
}

TEST_F(FtdiUsbTest, a_cancelled_write_says_what_was_taken) {
  mpsse();
  const auto stuck = out(Bytes(1, 0x89));
  const auto write = out(Bytes(8192, 0x8a));
  const auto behind = out(Bytes(1, 0x8a));
  pass(1s);
  EXPECT_FALSE(write.done());
  usb.cancel(behind.transfer);
  EXPECT_EQ(behind->status, UsbStatus::cancelled);
  EXPECT_EQ(behind->count, 0u);
  usb.cancel(write.transfer);
  pass(1us);
  EXPECT_EQ(write->status, UsbStatus::cancelled);
  EXPECT_GE(write->count, 4095u);
  EXPECT_LE(write->count, 4096u + 512);
  usb.cancel(write.transfer);  // it is complete: nothing happens
}

TEST_F(FtdiUsbTest, a_purge_drops_commands_and_keeps_the_pins) {
  mpsse();
  out({0x80, 0x02, 0x02, 0x89, 0x80, 0x00, 0x02});
  pass(1ms);
  EXPECT_EQ(vendor(0x00, 1).status, UsbStatus::ok);
  chip.set_input(5, false);
  pass(1ms);
  EXPECT_EQ(chip.levels(), 0x0002);
  out({0x80, 0x00, 0x02});
  pass(1ms);
  EXPECT_EQ(chip.levels(), 0x0000);
}

TEST_F(FtdiUsbTest, a_purge_drops_answers) {
  mpsse();
  out({0x81, 0x81, 0x87});
  pass(1us);
  EXPECT_EQ(vendor(0x00, 2).status, UsbStatus::ok);
  const auto read = in(512);
  pass(2ms);
  EXPECT_THAT(read->data, ElementsAre(0x32, 0x60));
}

TEST_F(FtdiUsbTest, a_reset_leaves_the_bit_mode_and_the_pins) {
  mpsse();
  out({0x80, 0x02, 0x02});
  pass(1us);
  EXPECT_EQ(vendor(0x00, 0).status, UsbStatus::ok);
  EXPECT_EQ(chip.levels(), 0x0002);
  EXPECT_EQ(chip.mode(), BitMode::mpsse);
}

TEST_F(FtdiUsbTest, reads_its_pins_outside_mpsse_too) {
  chip.set_input(1, false);
  EXPECT_THAT(vendor(0x0c, 0, 1, 1).data, ElementsAre(0xfd));
}

TEST_F(FtdiUsbTest, its_eeprom_has_identity_and_checksum) {
  std::uint16_t checksum = 0xaaaa;
  for (std::uint8_t word = 0; word < 128; ++word) {
    const Bytes bytes = vendor(0x90, 0, word, 2).data;
    ASSERT_EQ(bytes.size(), 2u);
    const int value = bytes[0] | bytes[1] << 8;
    if (word == 2) {
      EXPECT_EQ(value, 0x6010);
    }
    if (word == 127) {
      EXPECT_EQ(value, checksum);
    }
    const int mixed = value ^ checksum;
    checksum = static_cast<std::uint16_t>(mixed << 1 | mixed >> 15);
  }
}

TEST_F(FtdiUsbTest, without_its_cable_everything_fails_and_nothing_is_driven) {
  mpsse();
  out({0x80, 0x02, 0x02, 0x89});
  const auto write = out(Bytes(8192, 0x8a));
  vendor(0x09, 255);
  const auto read = in(512);
  pass(1ms);
  usb.unplug();
  pass(1ms);
  EXPECT_EQ(write->status, UsbStatus::gone);
  EXPECT_EQ(read->status, UsbStatus::gone);
  EXPECT_EQ(chip.driven(), 0);
  EXPECT_EQ(out({0x81})->status, UsbStatus::gone);
  EXPECT_EQ(vendor(0x0a, 0, 1, 1).status, UsbStatus::gone);
}

TEST_F(FtdiUsbTest, comes_back_as_at_power_up) {
  mpsse();
  out({0x80, 0x02, 0x02});
  pass(1us);
  usb.unplug();
  usb.replug();
  EXPECT_EQ(chip.driven(), Ft2232h::kUartOutputs);
  EXPECT_THAT(vendor(0x0a, 0, 1, 1).data, ElementsAre(16));
  mpsse();
  const auto read = in(512);
  out({0x81, 0x87});
  pass(1us);
  EXPECT_THAT(read->data, ElementsAre(0x32, 0x60, 0xff));
}

}  // namespace
}  // namespace lockrig::twin
