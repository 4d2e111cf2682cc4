#include "rig/protocol/scpi.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace lockrig::scpi {
namespace {

// SCPI-99 volume 1, 7.2.1.4 and 7.2.1.5.
constexpr double kNotANumber = 9.91e37;
constexpr double kInfinity = 9.9e37;

bool digit(char c) { return c >= '0' && c <= '9'; }

bool printable(char c) { return c >= ' ' && c <= '~'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// Takes leading digits off; false if there are none.
bool take_digits(std::string_view& text) {
  const std::size_t before = text.size();
  while (!text.empty() && digit(text.front())) text.remove_prefix(1);
  return text.size() != before;
}

void take_sign(std::string_view& text) {
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    text.remove_prefix(1);
  }
}

/// from_chars alone would take "inf" and "nan" too.
bool is_number(std::string_view text) {
  take_sign(text);
  bool digits = take_digits(text);
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    digits = take_digits(text) || digits;
  }
  if (!digits) return false;
  if (text.empty()) return true;
  if (text.front() != 'E' && text.front() != 'e') return false;
  text.remove_prefix(1);
  take_sign(text);
  return take_digits(text) && text.empty();
}

std::string setting(const char* header, int thousandths) {
  if (thousandths < 0) {
    throw std::invalid_argument(fmt::format("{} below 0: {}", header, thousandths));
  }
  return fmt::format("{} {}.{:03}", header, thousandths / 1000, thousandths % 1000);
}

}  // namespace

std::string voltage(int mv) { return setting("VOLT", mv); }

std::string current(int ma) { return setting("CURR", ma); }

std::string output(bool on) { return on ? "OUTP ON" : "OUTP OFF"; }

Bytes to_line(std::string_view command) {
  if (command.empty() || !std::all_of(command.begin(), command.end(), printable)) {
    throw std::invalid_argument("a SCPI command is one line of printable ASCII");
  }
  Bytes line(command.begin(), command.end());
  line.push_back('\n');
  return line;
}

std::optional<double> parse_number(std::string_view answer) {
  answer = trim(answer);
  if (!is_number(answer)) return std::nullopt;
  if (answer.front() == '+') answer.remove_prefix(1);
  double value = 0;
  const auto [end, error] =
      std::from_chars(answer.data(), answer.data() + answer.size(), value);
  if (error != std::errc{} || end != answer.data() + answer.size()) return std::nullopt;
  if (value == kNotANumber) return std::numeric_limits<double>::quiet_NaN();
  if (std::abs(value) == kInfinity) {
    return std::copysign(std::numeric_limits<double>::infinity(), value);
  }
  return value;
}

std::optional<int> parse_milli(std::string_view answer) {
  const auto value = parse_number(answer);
  if (!value || !std::isfinite(*value)) return std::nullopt;
  const double milli = std::round(*value * 1000);
  if (std::abs(milli) > std::numeric_limits<int>::max()) return std::nullopt;
  return static_cast<int>(milli);
}

std::optional<bool> parse_bool(std::string_view answer) {
  const auto value = parse_number(answer);
  if (!value || (*value != 0 && *value != 1)) return std::nullopt;
  return *value == 1;
}

std::optional<Error> parse_error(std::string_view answer) {
  answer = trim(answer);
  const std::size_t comma = answer.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  std::string_view number = trim(answer.substr(0, comma));
  if (number.starts_with('+')) {
    number.remove_prefix(1);
    if (number.starts_with('-')) return std::nullopt;
  }
  std::int16_t code = 0;
  const auto [end, problem] =
      std::from_chars(number.data(), number.data() + number.size(), code);
  if (problem != std::errc{} || end != number.data() + number.size()) {
    return std::nullopt;
  }
  std::string_view quoted = trim(answer.substr(comma + 1));
  if (quoted.size() < 2 || !quoted.starts_with('"') || !quoted.ends_with('"')) {
    return std::nullopt;
  }
  quoted = quoted.substr(1, quoted.size() - 2);
  Error error{code, {}};
  while (!quoted.empty()) {
    if (quoted.front() == '"') {
      quoted.remove_prefix(1);
      if (!quoted.starts_with('"')) return std::nullopt;
    }
    error.text += quoted.front();
    quoted.remove_prefix(1);
  }
  return error;
}

std::optional<Identity> parse_identity(std::string_view answer) {
  Identity id;
  for (std::string* field : {&id.maker, &id.model, &id.serial}) {
    const std::size_t comma = answer.find(',');
    if (comma == std::string_view::npos) return std::nullopt;
    *field = trim(answer.substr(0, comma));
    answer.remove_prefix(comma + 1);
  }
  id.firmware = trim(answer);
  if (id.maker.empty() || id.model.empty()) return std::nullopt;
  return id;
}

void LineAssembler::feed(ByteView bytes) {
  for (const std::uint8_t byte : bytes) {
    const char c = static_cast<char>(byte);
    if (c == '\n') {
      carriage_return_ = false;
      if (lines_.size() == kMaxQueued) lines_.pop_front();
      lines_.push_back(std::move(line_));
      line_ = {};
      continue;
    }
    if (carriage_return_) add('\r');
    carriage_return_ = c == '\r';
    if (!carriage_return_) add(c);
  }
}

void LineAssembler::add(char c) {
  if (line_.text.size() == kMaxLine) {
    line_.intact = false;
    return;
  }
  if (!printable(c)) line_.intact = false;
  line_.text += printable(c) ? c : '?';
}

std::optional<LineAssembler::Line> LineAssembler::next() {
  if (lines_.empty()) return std::nullopt;
  Line line = std::move(lines_.front());
  lines_.pop_front();
  return line;
}

void LineAssembler::clear() {
  lines_.clear();
  line_ = {};
  carriage_return_ = false;
}

}  // namespace lockrig::scpi
