// One station made ready for a trial, in a world of its own, and the bench that makes
// it. The trial layer sees a station only through these.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rig/core/flash_probe.hpp"
#include "rig/core/network.hpp"
#include "rig/core/operator.hpp"
#include "rig/lock/firmware.hpp"
#include "rig/portal/portal.hpp"
#include "rig/protocol/image.hpp"
#include "rig/station/station.hpp"
#include "rig/station/supply.hpp"
#include "rig/trial/limits.hpp"
#include "rig/trial/spec.hpp"

namespace lockrig::trial {

/// How a station's lock gets back to where trials start from.
enum class Return {
  snapshot,  // all that survives in it is put back: a twin's, or by a debug probe
  ladder,    // it goes on from where it is, with images of rising version
  none,      // it goes on from where it is: one way, nothing can be swept
};

constexpr const char* to_string(Return returns) {
  return returns == Return::snapshot ? "snapshot"
         : returns == Return::ladder ? "ladder"
                                     : "none";
}

/// What the rig knows of one unit: from its label, and of its kind.
struct LockFacts {
  std::string station;
  std::string board;  // "6000i-A"
  std::string serial;
  std::string slip_user;  // the codes it came with
  std::string slip_programming;
  std::vector<std::string> default_users;  // presets known for the kind
  std::vector<std::string> default_programming;
  /// Keypad functions by name: add, delete, change, programming, mute, unmute, contact.
  std::map<std::string, std::string> functions;
  /// The codes on its slip are those that it is to have: the rig programs none.
  bool keeps_slip_codes = false;
  /// A set-up begins with the lock as it came. Else (a real board that nothing brings
  /// back) it may have been set up before, with the codes that the rig gives it.
  bool from_factory = true;
  Return returns = Return::snapshot;
  Duration heartbeat{};      // between two check-ins
  Duration entry_timeout{};  // programming ends after this without a key
  Limits limits;
};

/// What a lock must keep over a fault, as the rig saw it last.
struct Known {
  std::string user_code;
  /// While a change is under way either may hold, but not both; empty otherwise.
  std::string other_user_code;
  std::string programming_code;
  std::string version;
  /// A factory reset may have been made: it then has the codes on its slip again.
  bool may_be_reset = false;
  /// The images that it may run; the last is the one that it must still take. Empty:
  /// those that were released for the board.
  std::vector<std::string> released{};
  std::uint32_t boots = 0;
  std::uint32_t codes = 0;
  std::vector<lock::LogEvent> log;
};

/// A state to start from: what survives in the lock, and what the rig knows of it.
struct Snapshot {
  std::shared_ptr<const Durable> board;  // null: as it leaves the factory
  portal::Records portal;
  Known known;
  Consulted consulted{};  // while it was made
};

/// The images of a run, by name: "6000i-A/2.4.0" and what can be derived from it
/// (docs of bench/image_library.hpp). May be asked from any thread.
class Images {
 public:
  virtual ~Images() = default;
  /// Throws std::invalid_argument for a name that makes no sense.
  virtual std::shared_ptr<const Bytes> get(const std::string& name) = 0;
  /// The versions that were ever released for a board, oldest first: the baseline, the
  /// update and the one after it.
  virtual std::vector<std::string> released(const std::string& board) = 0;
};

/// Everything a trial may use of one station.
class Rig {
 public:
  virtual ~Rig() = default;

  virtual World& world() = 0;
  virtual station::Station& station() = 0;
  virtual lock::Firmware* client() = 0;  // null without a console
  virtual portal::Portal& portal() = 0;
  virtual Network& network() = 0;
  virtual FlashProbe* probe() = 0;        // null without that side door
  virtual Operator* person() = 0;         // null without that side door
  virtual station::Supply* supply() = 0;  // null where none is fitted
  virtual const LockFacts& facts() = 0;
  virtual Images& images() = 0;
  /// What survives in the board now. REQUIRES: its power is off.
  virtual std::shared_ptr<const Durable> durable() = 0;
  /// What this lock was asked about so far; a real one has no such points.
  virtual Consulted consulted() { return {}; }
};

/// What the station can do, by the names that scenarios use.
inline bool has(Rig& rig, const std::string& capability) {
  return rig.station().capabilities().contains(capability);
}

/// Makes stations ready. May be asked from any thread.
class Bench {
 public:
  virtual ~Bench() = default;
  virtual std::unique_ptr<Rig> set_up(const std::string& station, std::uint64_t seed,
                                      const std::vector<std::string>& defects,
                                      const Snapshot* start) = 0;
  virtual Images& images() = 0;
  virtual Return returns(const std::string& station) const {
    (void)station;
    return Return::snapshot;
  }
};

}  // namespace lockrig::trial
