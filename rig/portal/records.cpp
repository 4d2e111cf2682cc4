#include "rig/portal/records.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "rig/portal/fields.hpp"

namespace lockrig::portal {
namespace {

using nlohmann::json;

json parse(std::string_view body) {
  return json::parse(body.begin(), body.end(), nullptr, /*allow_exceptions=*/false);
}

}  // namespace

void Records::add(const std::string& serial, LogEvent event) {
  auto& events = locks[serial].events;
  const auto at = std::lower_bound(
      events.begin(), events.end(), event.sequence,
      [](const LogEvent& e, std::uint32_t sequence) { return e.sequence < sequence; });
  if (at == events.end() || at->sequence != event.sequence) {
    events.insert(at, std::move(event));
  }
}

std::uint32_t Records::newest_event(const std::string& serial) const {
  const auto found = locks.find(serial);
  if (found == locks.end() || found->second.events.empty()) return 0;
  return found->second.events.back().sequence;
}

std::optional<CheckIn> parse_check_in(std::string_view body, Instant at) {
  const json object = parse(body);
  Fields fields(object);
  CheckIn check_in;
  check_in.at = at;
  check_in.serial = fields.text("serial");
  check_in.model = fields.text("model");
  check_in.revision = fields.text("revision");
  check_in.version = fields.text("version");
  check_in.cause = fields.text("cause");
  check_in.refusal = fields.text("refusal");
  check_in.boots = fields.number("boots");
  check_in.trial = fields.flag("trial");
  check_in.locked = fields.flag("locked");
  check_in.log = fields.number("log");
  if (object.contains("battery_mv")) check_in.battery_mv = fields.number("battery_mv");
  if (!fields.good() || check_in.serial.empty()) return std::nullopt;
  return check_in;
}

std::optional<EventReport> parse_events(std::string_view body) {
  const json object = parse(body);
  Fields fields(object);
  EventReport report{fields.text("serial"), {}};
  for (const json& item : fields.list("events")) {
    Fields event(item);
    report.events.push_back(
        {event.number("n"), event.number("boot"), event.text("text")});
    if (!event.good()) return std::nullopt;
  }
  if (!fields.good() || report.serial.empty()) return std::nullopt;
  return report;
}

}  // namespace lockrig::portal
