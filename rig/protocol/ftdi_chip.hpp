// The three FTDI chips with an MPSSE that a station may have, as tables: what each pin
// does outside MPSSE mode and in it, and so where an output of ours may sit.
//
// Sources: FT232H: data sheet FT_000288 version 2.1, chapter 3.2 (pins), features
// (FIFO). FT2232H (FT_000061) and FT4232H (FT_000060): second-hand: protocols.md, the
// pin-out of the UM-FT2232H module (RXLED#, TXLED#), pyftdi's pin-out table (which
// channels have an MPSSE and which pins). BCBUS7 as PWRSAV# is second-hand and not
// confirmed. Product ids, release numbers and interfaces: libftdi's
// ftdi_usb_open_dev() and ftdi_eeprom_initdefaults().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace lockrig::mpsse {

struct Pin {
  enum class Use : std::uint8_t { in, out, open };

  std::string_view uart;   // signal outside MPSSE mode; "" for none
  Use uart_use;            // open: an input with a weak pull, or by EEPROM only
  std::string_view mpsse;  // signal in MPSSE mode; "" where it has none

  /// Toggles while a waveform waits: no line of ours may hang on it.
  constexpr bool is_clock() const { return mpsse == "TCK/SK"; }
  constexpr bool is_uart_output() const { return uart_use == Use::out; }
  /// The pin keeps still until our command, and obeys it.
  constexpr bool may_be_output() const {
    return !mpsse.empty() && !is_clock() && !is_uart_output();
  }
};

/// One of the chip's functions on USB, an interface of its own there.
struct Channel {
  char letter;                   // of its pins: ADBUS0, BCBUS3
  std::span<const Pin> data;     // xDBUS
  std::span<const Pin> control;  // xCBUS; empty on the FT4232H
  constexpr bool has_mpsse() const { return !data[0].mpsse.empty(); }
};

struct Chip {
  std::string_view name;
  std::uint16_t product_id;  // on USB, under FTDI's vendor id
  std::uint16_t release;     // bcdDevice, which tells two chips of one id apart
  std::size_t fifo_bytes;    // each way and channel
  std::span<const Channel> channels;
  /// The bus that bits 8-15 of a wiring are. The FT4232H has 8 pins a channel, so a
  /// station takes both of its MPSSE channels: BDBUS.
  std::string_view high_bus;

  /// Channels with an MPSSE; they come first.
  constexpr int mpsse_channels() const {
    int count = 0;
    for (const Channel& channel : channels) count += channel.has_mpsse() ? 1 : 0;
    return count;
  }
  /// That one MPSSE drives and reads.
  constexpr int gpio_pins() const { return channels[0].control.empty() ? 8 : 16; }
  constexpr bool is_pair() const { return gpio_pins() == 8; }

  /// The pin behind a wiring's bit, 0-15.
  constexpr const Pin& pin(int bit) const {
    const auto place = static_cast<std::size_t>(bit % 8);
    if (bit < 8) return channels[0].data[place];
    return is_pair() ? channels[1].data[place] : channels[0].control[place];
  }
  /// "ADBUS5".
  std::string pin_name(int bit) const;
  /// Bits of a wiring that the chip drives while it is not in MPSSE mode.
  constexpr std::uint16_t uart_outputs() const {
    unsigned mask = 0;
    for (int bit = 0; bit < 16; ++bit) {
      if (pin(bit).is_uart_output()) mask |= 1u << bit;
    }
    return static_cast<std::uint16_t>(mask);
  }
};

inline constexpr std::uint16_t kFtdiVendorId = 0x0403;

namespace detail {

inline constexpr Pin::Use kIn = Pin::Use::in;
inline constexpr Pin::Use kOut = Pin::Use::out;
inline constexpr Pin::Use kOpen = Pin::Use::open;

inline constexpr std::array<Pin, 8> kData{{
    {"TXD", kOut, "TCK/SK"},
    {"RXD", kIn, "TDI/DO"},
    {"RTS#", kOut, "TDO/DI"},
    {"CTS#", kIn, "TMS/CS"},
    {"DTR#", kOut, "GPIOL0"},
    {"DSR#", kIn, "GPIOL1"},
    {"DCD#", kIn, "GPIOL2"},
    {"RI#", kIn, "GPIOL3"},
}};

// The EEPROM may make RI# the output TXDEN (RS485): then no output of ours may sit
// there. It leaves the factory without that.
inline constexpr std::array<Pin, 8> kDataNoMpsse{{
    {"TXD", kOut, ""},
    {"RXD", kIn, ""},
    {"RTS#", kOut, ""},
    {"CTS#", kIn, ""},
    {"DTR#", kOut, ""},
    {"DSR#", kIn, ""},
    {"DCD#", kIn, ""},
    {"RI#", kIn, ""},
}};

inline constexpr std::array<Pin, 8> kControlFt2232hA{{
    {"TXDEN", kOut, "GPIOH0"},
    {"", kOpen, "GPIOH1"},
    {"", kOpen, "GPIOH2"},
    {"RXLED#", kOut, "GPIOH3"},
    {"TXLED#", kOut, "GPIOH4"},
    {"", kOpen, "GPIOH5"},
    {"", kOpen, "GPIOH6"},
    {"", kOpen, "GPIOH7"},
}};

inline constexpr std::array<Pin, 8> kControlFt2232hB{{
    {"TXDEN", kOut, "GPIOH0"},
    {"", kOpen, "GPIOH1"},
    {"", kOpen, "GPIOH2"},
    {"RXLED#", kOut, "GPIOH3"},
    {"TXLED#", kOut, "GPIOH4"},
    {"", kOpen, "GPIOH5"},
    {"", kOpen, "GPIOH6"},
    {"PWRSAV#", kIn, "GPIOH7"},
}};

// TXDEN, RXLED# and TXLED# need an EEPROM that assigns them, which many modules have:
// counted as outputs, so that one wiring serves an FT2232H and an FT232H. ACBUS8 and 9
// are not the MPSSE's.
inline constexpr std::array<Pin, 10> kControlFt232h{{
    {"TXDEN", kOut, "GPIOH0"},
    {"", kOpen, "GPIOH1"},
    {"", kOpen, "GPIOH2"},
    {"RXLED#", kOut, "GPIOH3"},
    {"TXLED#", kOut, "GPIOH4"},
    {"", kOpen, "GPIOH5"},
    {"", kOpen, "GPIOH6"},
    {"PWRSAV#", kIn, "GPIOH7"},
    {"", kOpen, ""},
    {"", kOpen, ""},
}};

inline constexpr std::array<Channel, 2> kChannelsFt2232h{{
    {'A', kData, kControlFt2232hA},
    {'B', kData, kControlFt2232hB},
}};

inline constexpr std::array<Channel, 1> kChannelsFt232h{{
    {'A', kData, kControlFt232h},
}};

inline constexpr std::array<Channel, 4> kChannelsFt4232h{{
    {'A', kData, {}},
    {'B', kData, {}},
    {'C', kDataNoMpsse, {}},
    {'D', kDataNoMpsse, {}},
}};

}  // namespace detail

/// GPIO on channel A, the console on B: one chip a station.
inline constexpr Chip kFt2232h{
    "FT2232H", 0x6010, 0x0700, 4096, detail::kChannelsFt2232h, "ACBUS"};
/// GPIO only; the console is another device. A waveform of more than about 170 steps
/// is streamed (1024 bytes of FIFO).
inline constexpr Chip kFt232h{"FT232H", 0x6014, 0x0900, 1024, detail::kChannelsFt232h,
                              "ACBUS"};
/// GPIO on channels A and B together, the console on C or D.
inline constexpr Chip kFt4232h{
    "FT4232H", 0x6011, 0x0800, 2048, detail::kChannelsFt4232h, "BDBUS"};

inline constexpr std::array<const Chip*, 3> kChips{&kFt2232h, &kFt232h, &kFt4232h};

/// By name, exactly as above; null for any other. The chip lives for ever.
const Chip* find_chip(std::string_view name);
/// By what USB says of the device.
const Chip* find_chip(std::uint16_t product_id, std::uint16_t release);

}  // namespace lockrig::mpsse
