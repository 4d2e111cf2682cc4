// SCPI as a programmable supply speaks it over a serial line: commands out, answers in,
// no I/O. Sources: SCPI-99 volume 1 (syntax, 7.2.1 numeric values, error queue), volume
// 2 (MEASure, OUTPut, SOURce, SYSTem); IEEE 488.2 8.7 (response data), 10.14 (*IDN?).
//
// What an instrument says is a value: whatever is no such answer parses to nullopt.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "rig/core/units.hpp"

namespace lockrig::scpi {

inline constexpr std::string_view kIdentify = "*IDN?";
inline constexpr std::string_view kClearStatus = "*CLS";
inline constexpr std::string_view kNextError = "SYST:ERR?";
inline constexpr std::string_view kMeasureVoltage = "MEAS:VOLT?";
inline constexpr std::string_view kMeasureCurrent = "MEAS:CURR?";

/// Over-current protection is where supplies differ. The default is GW Instek's PSW;
/// Keysight's E3632A to E3634A say CURR:PROT:TRIP? and CURR:PROT:CLE (their user's
/// guides, "Output Settings and Operation Commands").
struct Protection {
  std::string enable = "CURR:PROT:STAT ON";
  std::string tripped = "OUTP:PROT:TRIP?";
  std::string clear = "OUTP:PROT:CLE";
  bool operator==(const Protection&) const = default;
};

/// "VOLT 6.000", "CURR 0.800": thousandths of the unit. std::invalid_argument below 0.
std::string voltage(int mv);
std::string current(int ma);
std::string output(bool on);

/// With the line feed. std::invalid_argument unless it is one line of printable ASCII.
Bytes to_line(std::string_view command);

/// NR1, NR2 or NR3 ("6", "-0.05", "+6.00000000E+00"), spaces around it allowed. 9.91E37
/// is NaN, 9.9E37 and -9.9E37 are the infinities. nullopt beyond a double's range, too.
std::optional<double> parse_number(std::string_view answer);

/// A number's thousandths, rounded: volts to mV. nullopt unless finite and an int.
std::optional<int> parse_milli(std::string_view answer);

/// "0" or "1", as any of the three kinds of number.
std::optional<bool> parse_bool(std::string_view answer);

struct Error {
  int code = 0;  // 0: none; below: SCPI's own; above: the instrument's
  std::string text;
  bool operator==(const Error&) const = default;
};

/// `-113,"Undefined header"`: the code in 16 bits, a comma, a quoted string to the end;
/// a doubled quote in it is one.
std::optional<Error> parse_error(std::string_view answer);

struct Identity {
  std::string maker, model, serial, firmware;
  bool operator==(const Identity&) const = default;
};

/// Four fields between commas, of which maker and model are not empty; commas behind
/// the third belong to the firmware.
std::optional<Identity> parse_identity(std::string_view answer);

/// Takes a line's bytes in pieces of any size and gives back lines, without LF or CR
/// LF. How the bytes were cut makes no difference. Memory is bounded: of more than
/// kMaxQueued lines the oldest are dropped.
class LineAssembler {
 public:
  static constexpr std::size_t kMaxLine = 255;
  static constexpr std::size_t kMaxQueued = 64;

  struct Line {
    std::string text;  // at most kMaxLine; what is not printable ASCII is '?'
    /// False: it was longer, or something in it was not printable ASCII.
    bool intact = true;
    bool operator==(const Line&) const = default;
  };

  void feed(ByteView bytes);
  std::optional<Line> next();
  /// Forgets the lines nobody took and the one that has no end yet.
  void clear();

 private:
  void add(char c);

  Line line_;
  bool carriage_return_ = false;  // held back: part of the end, or garbage
  std::deque<Line> lines_;
};

}  // namespace lockrig::scpi
