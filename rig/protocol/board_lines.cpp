#include "rig/protocol/board_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace lockrig::board_lines {
namespace {

constexpr std::array<std::pair<std::string_view, Output>, 4> kOutputs{
    {{"led_red", Output::led_red},
     {"led_green", Output::led_green},
     {"beeper", Output::beeper},
     {"busy", Output::busy}}};

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    const std::size_t space = line.find(' ');
    fields.push_back(line.substr(0, space));
    if (space == std::string_view::npos) return fields;
    line.remove_prefix(space + 1);
  }
}

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::optional<FromProgram> parse_two(std::string_view name, std::string_view value) {
  if (name == "hello" && value == "1") return Hello{1};
  if (name == "motor") {
    if (value == "off") return MotorTo{Drive::off};
    if (value == "retract") return MotorTo{Drive::retract};
    if (value == "extend") return MotorTo{Drive::extend};
    return std::nullopt;
  }
  for (const auto& [output_name, output] : kOutputs) {
    if (name != output_name || (value != "on" && value != "off")) continue;
    return Show{output, value == "on"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<FromProgram> parse(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  const std::vector<std::string_view> fields = fields_of(line);
  if (fields.size() == 1 && fields[0] == "torn") return Torn{};
  if (fields.size() == 2) return parse_two(fields[0], fields[1]);
  if (fields.size() != 4 || fields[0] != "flash") return std::nullopt;
  if (fields[1] != "erase" && fields[1] != "program") return std::nullopt;
  if (!is_word(fields[2]) || !is_word(fields[3])) return std::nullopt;
  return FlashBegins{
      fields[1] == "erase" ? FlashOp::Kind::erase : FlashOp::Kind::program,
      std::string(fields[2]), std::string(fields[3])};
}

std::string welcome() { return "welcome 1\n"; }

std::string key(int contact, bool closed) {
  return fmt::format("key {} {}\n", contact, closed ? "close" : "open");
}

std::string bolt(bool extended, bool retracted) {
  return extended    ? "bolt extended\n"
         : retracted ? "bolt retracted\n"
                     : "bolt between\n";
}

std::string go() { return "go\n"; }

std::string tear(double fraction) { return fmt::format("tear {}\n", fraction); }

void Splitter::push(ByteView bytes) {
  if (overrun_) return;
  text_.append(bytes.begin(), bytes.end());
}

std::optional<std::string> Splitter::next() {
  const std::size_t end = text_.find('\n');
  if (std::min(end, text_.size()) > kLongest) overrun_ = true;
  if (overrun_ || end == std::string::npos) return std::nullopt;
  std::string line = text_.substr(0, end);
  text_.erase(0, end + 1);
  return line;
}

}  // namespace lockrig::board_lines
