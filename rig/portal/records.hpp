// What the portal remembers of the locks that called it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rig/core/units.hpp"

namespace lockrig::portal {

/// What a lock reported of itself, and when.
struct CheckIn {
  Instant at{};
  std::string serial;
  std::string model;
  std::string revision;
  std::string version;
  std::string cause;    // of its newest boot: "power_on", "watchdog", ...
  std::string refusal;  // of an image, in this boot: "MODEL 2.5.0"; empty for none
  std::uint32_t boots = 0;
  bool trial = false;
  bool locked = false;
  std::uint32_t log = 0;         // sequence of its newest event
  std::uint32_t battery_mv = 0;  // of one that runs low; 0: it does not say so

  bool operator==(const CheckIn&) const = default;
};

/// One event of a lock's audit log.
struct LogEvent {
  std::uint32_t sequence = 0;
  std::uint32_t boot = 0;
  std::string text;

  bool operator==(const LogEvent&) const = default;
};

/// A plain value: part of what a trial's snapshot holds.
struct Records {
  struct Lock {
    std::vector<CheckIn> check_ins;  // in order of arrival
    std::vector<LogEvent> events;    // by sequence, each once

    bool operator==(const Lock&) const = default;
  };
  std::map<std::string, Lock, std::less<>> locks;  // by serial number

  /// An event whose sequence is there already changes nothing.
  void add(const std::string& serial, LogEvent event);
  /// The highest sequence held of that lock; 0 for none.
  std::uint32_t newest_event(const std::string& serial) const;

  bool operator==(const Records&) const = default;
};

/// The body of POST /v1/check-in; nullopt unless every field is there and of its type.
std::optional<CheckIn> parse_check_in(std::string_view body, Instant at);

struct EventReport {
  std::string serial;
  std::vector<LogEvent> events;
};

/// The body of POST /v1/events; nullopt unless all of it is right.
std::optional<EventReport> parse_events(std::string_view body);

}  // namespace lockrig::portal
