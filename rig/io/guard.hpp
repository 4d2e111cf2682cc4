// The rig's end of its guard: the small process that makes a station safe when the rig
// itself no longer can (SIGKILL, a crash, the host out of memory).
//
// The guard has its own session and blocks the signals that end a rig, so that Ctrl-C
// or a killed process group leaves it alive. It waits on a socket. 'q' ends it, without
// a touch; the end of the stream without 'q', or the rig's death, makes it act at once:
// see guard_duty.hpp.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace lockrig::io {

struct GuardConfig {
  std::string station;
  std::string usb_serial;
  std::string chip = "FT2232H";  // mpsse::Chip::name
  std::uint16_t idle = 0;        // Wiring::idle()
  std::uint16_t direction = 0;   // Wiring::direction()
  std::uint16_t power_mask = 0;
  bool keep_power = false;  // on_exit = "keep"
  std::filesystem::path state_file{};
  /// Instead of touching a chip, adds a line per step to this file; for tests.
  std::filesystem::path dry_run{};

  bool operator==(const GuardConfig&) const = default;
};

/// The command line of lockrig_guard, without the program; and back.
/// std::invalid_argument, one line, for what is not one.
std::vector<std::string> to_arguments(const GuardConfig& config, pid_t rig);
struct GuardArguments {
  GuardConfig config;
  pid_t rig = 0;
};
GuardArguments parse_guard_arguments(const std::vector<std::string>& arguments);

/// Start it when the station is locked and before its chip is opened; release it when
/// the chip is closed and safe. Destroyed without release(), by an exception, the guard
/// acts as if the rig had died, and the destructor waits until it has.
class Guard {
 public:
  /// Longer than the guard takes to act.
  static constexpr int kExitLimitMs = 2500;
  static constexpr int kStartLimitMs = 5000;

  /// Returns when the guard is on watch. `lock` is StationLock::descriptor(): the guard
  /// holds the station with the rig, and past its death until the station is safe.
  /// RigError if there is no guard to be had.
  Guard(const std::filesystem::path& program, const GuardConfig& config, int lock);
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard();

  /// Say `true` before the power goes on: from then on the rig's death leaves the board
  /// marked unknown, and `keep` keeps the power lines as they are. Say `false` when the
  /// power is off and it is known what the board holds; not for a cut in a trial.
  /// RigError if the guard is gone: then do not power the station.
  void power(bool on);

  /// The rig made all safe by itself. Does nothing when called again.
  void release() noexcept;

  pid_t process() const { return process_; }

 private:
  bool tell(char word) const;
  void reap() noexcept;

  std::string station_;
  int line_ = -1;
  pid_t process_ = -1;
};

}  // namespace lockrig::io
