// The doctor: is this station fit to be trusted with a trial? Asked before a run, of
// the rig first and of the board on it second.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rig/trial/rig.hpp"

namespace lockrig::trial {

/// One check with what was measured, in its unit, against its limits.
struct Finding {
  enum class Status { ok, failed, not_asked };

  /// "devices", "outputs", "idle", "power_on", "console", "model", "revision",
  /// "serial", "version", "keypad", "bolt", "bolt_sensors", "power_off_pull",
  /// "power_off_hard", "host".
  std::string check;
  Status status = Status::not_asked;
  /// A failure keeps the station out of a run. Not so an unknown version, which a
  /// baseline mends, and a slow host, which costs precision only.
  bool refuses = true;
  std::optional<double> measured{};
  std::string unit{};
  std::optional<double> low{};
  std::optional<double> high{};
  std::string detail{};
  std::string look_at{};  // what to check on the bench
};

const char* to_string(Finding::Status status);

/// How fast and how surely a station switches, by its own rail sense.
struct Calibration {
  double rise_ms = 0;       // switch closed to rail seen up
  double fall_hard_ms = 0;  // switch opened to rail seen below power-on reset
  double fall_pull_ms = 0;
  /// A waveform asked for to its begin in the chip, in the world's clock.
  double latency_p50_us = 0;
  double latency_p99_us = 0;
  double latency_max_us = 0;
  double jitter_us = 0;       // p99 less p50
  double uncertainty_us = 0;  // of rise and falls: one period of the samples
};

struct Examination {
  std::string station;
  std::vector<Finding> findings;  // every check, in the order above
  /// Where power was seen to come and to go both ways.
  std::optional<Calibration> calibration;

  /// The first failure that keeps the station out of a run; null if it is fit.
  const Finding* refusal() const;
  const Finding& at(std::string_view check) const;
};

/// What a right code, the rail, the keys and the console show on one station. Leaves it
/// switched off. A fault of the rig is a finding; nothing is thrown for it. Two codes
/// are typed at most that may be wrong. REQUIRES: the station is not open yet.
/// On a wall clock it takes under 20 s (a board that starts in 3 s: 12 s).
Task<Examination> examine(Rig& rig);

/// The same in a world of its own; devices that cannot be opened are a finding too.
/// `unplugged`: wires that are pulled first, to show that the doctor notices
/// (std::invalid_argument where nobody can pull them).
Examination examine(Bench& bench, const std::string& station, std::uint64_t seed,
                    const std::vector<std::string>& unplugged = {});

}  // namespace lockrig::trial
