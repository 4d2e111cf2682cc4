#include "rig/journal/trace_lines.hpp"

#include <nlohmann/json.hpp>
#include <string_view>

namespace lockrig::journal {
namespace {

std::string hex(std::string_view data) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(data.size() * 2);
  for (const char c : data) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

std::string trace_lines(const Trace& trace) {
  using Json = nlohmann::json;
  std::string lines;
  for (const Trace::Event& event : trace.events()) {
    Json json = {{"at_ns", event.at.time_since_epoch().count()},
                 {"channel", trace.channels().at(event.channel)}};
    switch (event.kind) {
      case Trace::Kind::edge:
        json["level"] = event.level;
        break;
      case Trace::Kind::bytes:
        json["byte_ns"] = event.byte_period.count();
        json["bytes"] = hex(event.data);
        break;
      case Trace::Kind::note:
        json["note"] = event.data;
        break;
    }
    lines += json.dump(-1, ' ', false, Json::error_handler_t::replace);
    lines += '\n';
  }
  return lines;
}

}  // namespace lockrig::journal
