// Whose fault a failure is decides its type. A lock's misbehaviour is a value and ends
// in a verdict; it is never thrown.
#pragma once

#include <stdexcept>
#include <string>

namespace lockrig {

/// The rig's own fault: cable, chip, sensor, host. Ends as inconclusive. Thrown by the
/// station and trial layers; the message names who, with what, and where to look.
class RigError : public std::runtime_error {
 public:
  RigError(std::string station, std::string device, const std::string& what,
           const std::string& check)
      : std::runtime_error("station " + station + ", " + device + ": " + what +
                           " (check " + check + ")"),
        station_(std::move(station)),
        device_(std::move(device)) {}

  const std::string& station() const { return station_; }
  const std::string& device() const { return device_; }

 private:
  std::string station_;
  std::string device_;
};

/// The caller's fault, found in a file: "bench.toml:12: stations.A1.model: ...".
/// Line 0 means that the whole file is meant.
class BadInput : public std::invalid_argument {
 public:
  BadInput(const std::string& file, int line, const std::string& key,
           const std::string& what)
      : std::invalid_argument(file + (line > 0 ? ":" + std::to_string(line) : "") +
                              ": " + (key.empty() ? "" : key + ": ") + what) {}
};

}  // namespace lockrig
