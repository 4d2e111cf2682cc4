// What the lines socket of a board that is a program says, both ways, as values:
// docs/program-boards.md is the document that programs are written by.
//
// One line of ASCII a message, ended by LF, fields parted by one space.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "rig/core/flash_probe.hpp"
#include "rig/core/output.hpp"
#include "rig/core/units.hpp"

namespace lockrig::board_lines {

/// The first word of a program: "hello 1".
struct Hello {
  int version;
};
/// "led_red on", "led_green off", "beeper on", "busy off".
struct Show {
  Output output;
  bool active;
};
enum class Drive { off, retract, extend };
/// "motor retract", "motor extend", "motor off".
struct MotorTo {
  Drive drive;
};
/// "flash erase slot1 staging": begins when it is answered.
struct FlashBegins {
  FlashOp::Kind kind;
  std::string region;
  std::string phase;
};
/// "torn": what was asked of the operation under way is done, and no more.
struct Torn {};

using FromProgram = std::variant<Hello, Show, MotorTo, FlashBegins, Torn>;

/// nullopt for a line that is none of these; `line` without its LF.
std::optional<FromProgram> parse(std::string_view line);

// What the rig says, with the LF.

std::string welcome();
/// A contact of the keypad's own numbering.
std::string key(int contact, bool closed);
/// "bolt extended", "bolt retracted", "bolt between".
std::string bolt(bool extended, bool retracted);
/// The announced operation may be made.
std::string go();
/// So much of it, more than 0 and at most 1, and then "torn".
std::string tear(double fraction);

/// Bytes to lines. A line has at most kLongest bytes; a longer one is an error for
/// good.
class Splitter {
 public:
  static constexpr std::size_t kLongest = 256;

  void push(ByteView bytes);
  /// The oldest whole line that was not taken.
  std::optional<std::string> next();
  bool overrun() const { return overrun_; }

 private:
  std::string text_;
  bool overrun_ = false;
};

}  // namespace lockrig::board_lines
