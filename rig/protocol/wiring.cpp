#include "rig/protocol/wiring.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "rig/protocol/wiring_csv.hpp"

namespace lockrig::mpsse {
namespace {

enum class Need { always, shift_register, multiplexer, optional };

struct KnownLine {
  std::string_view name;
  bool output;
  Need need;
};

constexpr std::array kKnownLines{
    KnownLine{"power", true, Need::always},
    KnownLine{"discharge", true, Need::always},
    KnownLine{"isolate", true, Need::always},
    KnownLine{"rail", false, Need::always},
    KnownLine{"bolt_extended", false, Need::always},
    KnownLine{"bolt_retracted", false, Need::always},
    KnownLine{"keypad_data", true, Need::shift_register},
    KnownLine{"keypad_clock", true, Need::shift_register},
    KnownLine{"keypad_latch", true, Need::shift_register},
    KnownLine{"keypad_enable", true, Need::shift_register},
    KnownLine{"key_a0", true, Need::multiplexer},
    KnownLine{"key_a1", true, Need::multiplexer},
    KnownLine{"key_a2", true, Need::multiplexer},
    KnownLine{"key_a3", true, Need::multiplexer},
    KnownLine{"key_strobe", true, Need::multiplexer},
    KnownLine{"dip", true, Need::optional},
    KnownLine{"led_red", false, Need::optional},
    KnownLine{"led_green", false, Need::optional},
    KnownLine{"beeper", false, Need::optional},
    KnownLine{"busy", false, Need::optional},
};

const KnownLine* known(std::string_view name) {
  const auto it = std::find_if(kKnownLines.begin(), kKnownLines.end(),
                               [&](const KnownLine& k) { return k.name == name; });
  return it == kKnownLines.end() ? nullptr : &*it;
}

bool choice(const CsvRow& row, const std::string& key, const std::string& text,
            const std::string& yes, const std::string& no) {
  if (text != yes && text != no) {
    row.reject(key, "'" + text + "' is neither " + yes + " nor " + no);
  }
  return text == yes;
}

void check_place(const CsvRow& row, const Chip& chip, const KnownLine& kind,
                 const Line& line) {
  const Pin& pin = chip.pin(line.bit);
  const std::string where = chip.pin_name(line.bit);
  if (line.output != kind.output) {
    row.reject("direction", line.name + " must be " + (kind.output ? "out" : "in"));
  }
  if (pin.is_clock()) {
    row.reject("bit", line.name + " on " + where + ", which is the MPSSE clock");
  }
  if (line.output && pin.is_uart_output()) {
    row.reject("bit", "output " + line.name + " on " + where +
                          ", which the UART drives outside MPSSE mode");
  }
  if (line.name == "busy" && chip.is_pair()) {
    row.reject("line", "the two channels of an " + std::string(chip.name) +
                           " cannot wait for busy together: leave it out");
  }
  if (line.name == "busy" && line.bit != kGpiol1Bit) {
    row.reject("bit", "busy must be on ADBUS5, the pin the chip can wait for");
  }
}

void check_complete(const std::string& path, const Wiring& wiring) {
  const auto uses = [&](Need need) {
    return std::any_of(kKnownLines.begin(), kKnownLines.end(), [&](const KnownLine& k) {
      return k.need == need && wiring.has(k.name);
    });
  };
  const bool multiplexer = uses(Need::multiplexer);
  if (multiplexer && uses(Need::shift_register)) {
    throw BadInput(path, 0, "", "lines of two kinds of keypad (keypad_*, key_*)");
  }
  const Need keypad = multiplexer ? Need::multiplexer : Need::shift_register;
  for (const KnownLine& kind : kKnownLines) {
    const bool needed = kind.need == Need::always || kind.need == keypad;
    if (needed && !wiring.has(kind.name)) {
      throw BadInput(path, 0, std::string(kind.name), "line is missing");
    }
  }
}

}  // namespace

Wiring::Wiring(std::vector<Line> lines, const Chip& chip)
    : lines_(std::move(lines)), chip_(&chip) {
  for (const Line& line : lines_) {
    if (!line.output) continue;
    direction_ |= line.mask();
    idle_ = with(idle_, line, false);
  }
}

const Line& Wiring::at(std::string_view name) const {
  const auto it = std::find_if(lines_.begin(), lines_.end(),
                               [&](const Line& line) { return line.name == name; });
  if (it == lines_.end()) {
    throw std::invalid_argument("the board has no line '" + std::string(name) + "'");
  }
  return *it;
}

bool Wiring::has(std::string_view name) const {
  return std::any_of(lines_.begin(), lines_.end(),
                     [&](const Line& line) { return line.name == name; });
}

Wiring load_wiring(const std::string& path, const Chip& chip) {
  const std::string high_bus(chip.high_bus);
  std::vector<Line> lines;
  const auto add = [&](const CsvRow& row, const std::string& name,
                       const std::string& bus, const std::string& bit,
                       const std::string& direction, const std::string& active,
                       const std::string&) {
    const KnownLine* const kind = known(name);
    if (kind == nullptr) row.reject("line", "unknown line '" + name + "'");
    Line line{.name = name};
    const int first = choice(row, "bus", bus, "ADBUS", high_bus) ? 0 : 8;
    line.bit = first + row.number("bit", bit, 7);
    line.output = choice(row, "direction", direction, "out", "in");
    line.active_high = choice(row, "active", active, "high", "low");
    check_place(row, chip, *kind, line);
    for (const Line& other : lines) {
      if (other.name == name) row.reject("line", "'" + name + "' is there twice");
      if (other.bit == line.bit) {
        row.reject("bit", chip.pin_name(line.bit) + " already carries " + other.name);
      }
    }
    lines.push_back(std::move(line));
  };
  for_each_csv_row(path, add, "line", "bus", "bit", "direction", "active", "purpose");
  Wiring wiring(std::move(lines), chip);
  check_complete(path, wiring);
  return wiring;
}

}  // namespace lockrig::mpsse
