#include "rig/protocol/ftdi_chip.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "rig/protocol/mpsse.hpp"

namespace lockrig::mpsse {
namespace {

TEST(FtdiChip, is_found_by_its_exact_name_only) {
  for (const Chip* chip : kChips) EXPECT_EQ(find_chip(chip->name), chip);
  EXPECT_EQ(find_chip("ft2232h"), nullptr);
  EXPECT_EQ(find_chip("FT2232"), nullptr);
  EXPECT_EQ(find_chip(""), nullptr);
}

TEST(FtdiChip, is_told_on_usb_from_the_older_chip_of_the_same_id) {
  EXPECT_EQ(find_chip(0x6010, 0x0700), &kFt2232h);
  EXPECT_EQ(find_chip(0x6014, 0x0900), &kFt232h);
  EXPECT_EQ(find_chip(0x6011, 0x0800), &kFt4232h);
  EXPECT_EQ(find_chip(0x6010, 0x0500), nullptr);  // FT2232D
}

TEST(FtdiChip, has_the_published_sizes) {
  EXPECT_EQ(kFt2232h.mpsse_channels(), 2);
  EXPECT_EQ(kFt232h.mpsse_channels(), 1);
  EXPECT_EQ(kFt4232h.mpsse_channels(), 2);
  EXPECT_EQ(kFt2232h.gpio_pins(), 16);
  EXPECT_EQ(kFt232h.gpio_pins(), 16);
  EXPECT_EQ(kFt4232h.gpio_pins(), 8);
  EXPECT_EQ(kFt2232h.fifo_bytes, 4096u);
  EXPECT_EQ(kFt232h.fifo_bytes, 1024u);
  EXPECT_EQ(kFt4232h.fifo_bytes, 2048u);
  EXPECT_EQ(kFt4232h.channels.size(), 4u);
}

TEST(FtdiChip, drives_these_pins_while_it_is_a_uart) {
  EXPECT_EQ(kFt2232h.uart_outputs(), 0x1915);  // ADBUS0, 2, 4, ACBUS0, 3, 4
  EXPECT_EQ(kFt232h.uart_outputs(), 0x1915);
  EXPECT_EQ(kFt4232h.uart_outputs(), 0x1515);  // 0, 2 and 4 of both channels
}

TEST(FtdiChip, keeps_outputs_off_clock_and_uart_and_allows_all_others) {
  for (const Chip* chip : kChips) {
    for (int bit = 0; bit < 16; ++bit) {
      const bool uart = (chip->uart_outputs() >> bit & 1) != 0;
      const bool clock = bit == 0 || (chip->is_pair() && bit == 8);
      EXPECT_EQ(chip->pin(bit).is_clock(), clock) << chip->pin_name(bit);
      EXPECT_EQ(chip->pin(bit).may_be_output(), !uart && !clock) << chip->pin_name(bit);
    }
  }
}

TEST(FtdiChip, waits_for_the_pin_called_gpiol1) {
  for (const Chip* chip : kChips) {
    EXPECT_EQ(chip->pin(kGpiol1Bit).mpsse, "GPIOL1");
    EXPECT_EQ(chip->pin_name(kGpiol1Bit), "ADBUS5");
  }
}

TEST(FtdiChip, names_bits_8_to_15_after_their_bus) {
  EXPECT_EQ(kFt2232h.pin_name(14), "ACBUS6");
  EXPECT_EQ(kFt232h.pin_name(8), "ACBUS0");
  EXPECT_EQ(kFt4232h.pin_name(8), "BDBUS0");
}

TEST(FtdiChip, has_a_whole_row_for_every_pin) {
  for (const Chip* chip : kChips) {
    int with_mpsse = 0;
    char letter = 'A';
    for (const Channel& channel : chip->channels) {
      EXPECT_EQ(channel.letter, letter++);
      ASSERT_EQ(channel.data.size(), 8u);
      for (const Pin& pin : channel.data) {
        EXPECT_FALSE(pin.uart.empty());
        EXPECT_EQ(pin.mpsse.empty(), !channel.has_mpsse());
      }
      for (const Pin& pin : channel.control) {
        EXPECT_EQ(pin.uart.empty(), pin.uart_use == Pin::Use::open);
      }
      with_mpsse += channel.has_mpsse() ? 1 : 0;
    }
    EXPECT_EQ(with_mpsse, chip->mpsse_channels());
  }
  EXPECT_EQ(kFt232h.channels[0].control.size(), 10u);
  EXPECT_FALSE(kFt232h.channels[0].control[8].may_be_output());
}

// --- docs/wiring.md ----------------------------------------------------------------

std::string guide() {
  std::ifstream file(LOCKRIG_ROOT "/docs/wiring.md");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string outside_mpsse(const Pin& pin) {
  if (pin.uart.empty()) return "-";
  return std::string(pin.uart) + (pin.is_uart_output() ? ", out" : ", in");
}

const char* may_be_output(const Pin& pin) {
  if (pin.is_clock()) return "no: clock";
  return pin.may_be_output() ? "yes" : "no";
}

TEST(WiringGuide, has_the_data_pins_as_the_tables_have_them) {
  const std::string text = guide();
  for (std::size_t i = 0; i < 8; ++i) {
    const Pin& pin = kFt2232h.channels[0].data[i];
    EXPECT_THAT(text,
                testing::HasSubstr("| xDBUS" + std::to_string(i) + " | " +
                                   outside_mpsse(pin) + " | " + std::string(pin.mpsse) +
                                   " | " + may_be_output(pin) + " |\n"));
    for (const Chip* chip : kChips) {
      for (const Channel& channel : chip->channels) {
        EXPECT_EQ(channel.data[i].uart, pin.uart);
        EXPECT_EQ(channel.data[i].uart_use, pin.uart_use);
        EXPECT_EQ(channel.data[i].mpsse, channel.has_mpsse() ? pin.mpsse : "");
      }
    }
  }
}

TEST(WiringGuide, has_the_control_pins_as_the_tables_have_them) {
  const std::string text = guide();
  const auto& a = kFt2232h.channels[0].control;
  const auto& b = kFt2232h.channels[1].control;
  const auto& single = kFt232h.channels[0].control;
  for (std::size_t i = 0; i < single.size(); ++i) {
    const auto of_ft2232h = [&](const auto& pins) {
      return i < pins.size() ? " " + outside_mpsse(pins[i]) + " " : "  ";
    };
    const std::string mpsse(single[i].mpsse);
    EXPECT_THAT(
        text, testing::HasSubstr("| xCBUS" + std::to_string(i) + " |" + of_ft2232h(a) +
                                 "|" + of_ft2232h(b) + "| " + outside_mpsse(single[i]) +
                                 " |" + (mpsse.empty() ? "  " : " " + mpsse + " ") +
                                 "| " + may_be_output(single[i]) + " |\n"));
    if (i >= a.size()) continue;
    EXPECT_EQ(a[i].may_be_output(), single[i].may_be_output());
    EXPECT_EQ(b[i].may_be_output(), single[i].may_be_output());
  }
}

}  // namespace
}  // namespace lockrig::mpsse
