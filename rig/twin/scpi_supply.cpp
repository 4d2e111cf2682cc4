#include "rig/twin/scpi_supply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

namespace lockrig::twin {
namespace {

constexpr Duration kSlewStep = 1ms;
/// Errors that wait; the last place says that there were more. [assumed: 20 is usual]
constexpr std::size_t kErrors = 20;

constexpr std::string_view kWithoutParameter[] = {"*IDN?",
                                                  "*CLS",
                                                  "*RST",
                                                  "SYSTem:ERRor?",
                                                  "VOLTage?",
                                                  "CURRent?",
                                                  "OUTPut?",
                                                  "MEASure:VOLTage?",
                                                  "MEASure:CURRent?",
                                                  "CURRent:PROTection:STATe?",
                                                  "CURRent:PROTection:TRIPped?",
                                                  "CURRent:PROTection:CLEar",
                                                  "OUTPut:PROTection:TRIPped?",
                                                  "OUTPut:PROTection:CLEar"};

// 8N1: ten bits a byte.
Duration byte_period(int baud) { return Duration(10'000'000'000LL / baud); }

char upper(char c) {
  return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
}

bool same(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return upper(x) == upper(y); });
}

/// One word of a header, as "VOLTage": long, or as far as its capitals go.
bool is_word(std::string_view text, std::string_view word) {
  const auto capitals = std::find_if(word.begin(), word.end(), [](char c) {
    return std::islower(static_cast<unsigned char>(c)) != 0;
  });
  return same(text, word) ||
         same(text, word.substr(0, static_cast<std::size_t>(capitals - word.begin())));
}

std::string_view take_word(std::string_view& header) {
  const std::size_t colon = header.find(':');
  const std::string_view word = header.substr(0, colon);
  header =
      colon == std::string_view::npos ? std::string_view{} : header.substr(colon + 1);
  return word;
}

/// "MEASure:VOLTage?" against what came, with or without the root's colon.
bool is(std::string_view header, std::string_view pattern) {
  if (header.starts_with(':')) header.remove_prefix(1);
  const bool query = header.ends_with('?');
  if (query != pattern.ends_with('?')) return false;
  if (query) {
    header.remove_suffix(1);
    pattern.remove_suffix(1);
  }
  while (!header.empty() && !pattern.empty()) {
    if (!is_word(take_word(header), take_word(pattern))) return false;
  }
  return header.empty() && pattern.empty();
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::string nr3(double value) { return fmt::format("{:+.8E}", value); }

}  // namespace

ScpiSupply::ScpiSupply(World& world, std::function<double()> load_ma,
                       std::function<void(int)> feed, ScpiSupplyModel model)
    : world_(world),
      load_ma_(std::move(load_ma)),
      feed_(std::move(feed)),
      model_(model),
      to_instrument_(std::make_shared<Pipe>(world, byte_period(model.baud), 0ns)),
      to_rig_(std::make_shared<Pipe>(world, byte_period(model.baud), 0ns)),
      rig_end_(to_rig_, to_instrument_),
      instrument_end_(to_instrument_, to_rig_),
      slew_(world, "a supply's output to slew", [this] { step(); }),
      life_(world, "supply") {
  reset();
  life_.spawn(serve());
}

void ScpiSupply::plug(bool in) {
  plugged_ = in;
  connect();
}

void ScpiSupply::set_mains(bool on) {
  mains_ = on;
  lines_.clear();
  errors_.clear();
  reset();
  connect();
}

void ScpiSupply::connect() {
  to_instrument_->connect(plugged_ && mains_);
  to_rig_->connect(plugged_ && mains_);
}

void ScpiSupply::reset() {
  on_ = tripped_ = false;
  protect_ = true;
  set_mv_ = 0;
  set_ma_ = model_.max_ma;
  regulate();
}

Task<void> ScpiSupply::serve() {
  for (;;) {
    const ReadResult read = co_await instrument_end_.read_some(buffer_, kNever);
    if (read.status != StreamStatus::ok) co_return;
    lines_.feed(ByteView(buffer_).first(read.count));
    while (auto line = lines_.next()) {
      co_await world_.sleep_for(model_.command_time, "a supply's command");
      if (!mains_) break;
      const std::string answer = obey(*line);
      if (answer.empty()) continue;
      const Bytes bytes = scpi::to_line(answer);
      co_await instrument_end_.write(bytes);
    }
  }
}

std::string ScpiSupply::obey(const scpi::LineAssembler::Line& line) {
  if (!line.intact) {
    error(-101, "Invalid character");
    return {};
  }
  const std::string_view text = trim(line.text);
  if (text.empty()) return {};
  regulate();
  const std::size_t space = text.find(' ');
  std::string answer = carry_out(text.substr(0, space), space == std::string_view::npos
                                                            ? std::string_view{}
                                                            : trim(text.substr(space)));
  regulate();
  return answer;
}

std::string ScpiSupply::carry_out(std::string_view header, std::string_view parameter) {
  if (is(header, "VOLTage")) {
    set_number(set_mv_, parameter, model_.max_mv);
    return {};
  }
  if (is(header, "CURRent")) {
    set_number(set_ma_, parameter, model_.max_ma);
    return {};
  }
  if (is(header, "OUTPut")) {
    bool on = on_;
    set_flag(on, parameter);
    if (on && tripped_) {
      error(-221, "Settings conflict");
    } else {
      on_ = on;
    }
    return {};
  }
  if (is(header, "CURRent:PROTection:STATe")) {
    set_flag(protect_, parameter);
    return {};
  }
  const bool known =
      std::any_of(std::begin(kWithoutParameter), std::end(kWithoutParameter),
                  [&](std::string_view pattern) { return is(header, pattern); });
  if (!known || !parameter.empty()) {
    error(known ? -108 : -113, known ? "Parameter not allowed" : "Undefined header");
    return {};
  }
  if (is(header, "*IDN?")) return "LOCKRIG,EMULATED SUPPLY,0,1.0";
  if (is(header, "*CLS")) {
    errors_.clear();
    return {};
  }
  if (is(header, "*RST")) {
    reset();
    return {};
  }
  if (is(header, "OUTPut:PROTection:CLEar") || is(header, "CURRent:PROTection:CLEar")) {
    tripped_ = false;
    return {};
  }
  if (is(header, "SYSTem:ERRor?")) return next_error();
  if (is(header, "VOLTage?")) return nr3(set_mv_ / 1000.0);
  if (is(header, "CURRent?")) return nr3(set_ma_ / 1000.0);
  if (is(header, "OUTPut?")) return on_ ? "1" : "0";
  if (is(header, "MEASure:VOLTage?")) return nr3(fed_mv_ / 1000.0);
  if (is(header, "MEASure:CURRent?")) return nr3(measured_ma() / 1000.0);
  if (is(header, "CURRent:PROTection:STATe?")) return protect_ ? "1" : "0";
  // The last: OUTPut:PROTection:TRIPped? and CURRent:PROTection:TRIPped?
  return tripped_ ? "1" : "0";
}

void ScpiSupply::set_number(int& setting, std::string_view parameter, int limit) {
  if (parameter.empty()) return error(-109, "Missing parameter");
  const auto milli = scpi::parse_milli(parameter);
  if (!milli) return error(-104, "Data type error");
  if (*milli < 0 || *milli > limit) return error(-222, "Data out of range");
  setting = *milli;
}

void ScpiSupply::set_flag(bool& setting, std::string_view parameter) {
  if (parameter.empty()) return error(-109, "Missing parameter");
  if (same(parameter, "ON") || parameter == "1") {
    setting = true;
  } else if (same(parameter, "OFF") || parameter == "0") {
    setting = false;
  } else {
    error(-224, "Illegal parameter value");
  }
}

void ScpiSupply::error(int code, const char* text) {
  if (errors_.size() < kErrors) {
    errors_.push_back({code, text});
  } else {
    errors_.back() = {-350, "Queue overflow"};
  }
}

std::string ScpiSupply::next_error() {
  scpi::Error next{0, "No error"};
  if (!errors_.empty()) {
    next = errors_.front();
    errors_.pop_front();
  }
  return fmt::format("{:+d},\"{}\"", next.code, next.text);
}

void ScpiSupply::step() {
  const int left = set_mv_ - slewed_mv_;
  slewed_mv_ += std::clamp(left, -model_.slew_mv_per_ms, model_.slew_mv_per_ms);
  regulate();
}

/// Brings the output to what the settings and the load make of it.
void ScpiSupply::regulate() {
  if (on_ && protect_ && load_ma_() > set_ma_) {
    on_ = false;
    tripped_ = true;
  }
  if (!on_) {
    slew_.cancel();
    slewed_mv_ = 0;
  } else if (slewed_mv_ == set_mv_) {
    slew_.cancel();
  } else if (!slew_.armed()) {
    slew_.at(world_.now() + kSlewStep);
  }
  int mv = slewed_mv_;
  // A load is taken as a resistance: at the limit it gets its share of the voltage.
  if (on_ && load_ma_() > set_ma_) {
    mv = static_cast<int>(std::lround(mv * (set_ma_ / load_ma_())));
  }
  if (mv == fed_mv_) return;
  fed_mv_ = mv;
  feed_(mv);
}

double ScpiSupply::measured_ma() const {
  return on_ ? std::min(load_ma_(), static_cast<double>(set_ma_)) : 0;
}

}  // namespace lockrig::twin
