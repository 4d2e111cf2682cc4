// The examination of one station, check by check: the rig first, then the board on it.
// What it asks of a station's lines is in doctor_lines.cpp, of its power and its host
// in doctor_power.cpp, of the board in doctor_board.cpp, and in which order in
// doctor.cpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rig/lock/banner.hpp"
#include "rig/station/output_check.hpp"
#include "rig/trial/doctor.hpp"
#include "rig/trial/hand.hpp"

namespace lockrig::trial {

inline double milliseconds(Duration d) { return to_seconds(d) * 1e3; }
inline double microseconds(Duration d) { return to_seconds(d) * 1e6; }

/// For one examination. The rig outlives it.
class Doctor {
 public:
  /// A board that needs longer is at work on an update, or dead: neither is fit.
  static constexpr Duration kStartLimit = 8s;

  explicit Doctor(Rig& rig);

  /// Pulls these wires first. REQUIRES: called once; somebody there to pull them.
  Task<Examination> whole(const std::vector<std::string>& unplugged);

 private:
  World& world() { return rig_.world(); }
  const Limits& limits() { return rig_.facts().limits; }
  Finding& find(std::string_view check);
  Finding& pass(const char* check, std::string detail = "");
  Finding& fail(const char* check, std::string detail, std::string look_at = "");

  Task<void> under_power();

  // Lines.
  Task<void> drive_the_outputs();
  /// Of what was driven: a failure, if any does not read so.
  void judge_outputs(const std::vector<station::HeldOutput>& held);
  void look_at_idle_levels();
  /// Over all that was seen: a sensor that hangs shows only once the bolt has moved.
  void look_at_bolt_sensors();

  // Power, and the host.
  /// Power on until the board says that it runs, by its banner or its start-up signal.
  Task<bool> start();
  Task<void> feed();
  /// The time until the rail fell; empty if it did not fall in time.
  Task<std::optional<Duration>> cut(station::Power::Style style, const char* check);
  Task<void> time_the_host();

  // The board.
  Task<void> ask_console();
  void identify(const lock::State& state);
  void agree(const char* check, const std::string& says, const std::string& expected);
  Task<void> press_a_key();
  /// By the code that the rig gives a lock, or else the one that it came with.
  Task<void> move_the_bolt();

  Rig& rig_;
  station::Station& station_;
  station::Gpio& gpio_;
  Hand hand_;
  Examination examination_;
  Calibration calibration_;
  const char* failing_ = "devices";
  std::optional<lock::Banner> banner_;
  Duration banner_after_{};
};

}  // namespace lockrig::trial
