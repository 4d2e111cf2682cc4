// The station's programmable supply, in the place of the battery: SCPI over a serial
// line. It stands before the power switch, which goes on cutting the power as ever.
//
// An instrument that does not answer, answers nonsense or refuses is the rig's fault:
// RigError, naming the station, "supply" and what it said. A trip is a value. Both the
// voltages asked for and the trips seen are notes in the trace, "<station>/supply".
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "rig/core/mutex.hpp"
#include "rig/core/stream.hpp"
#include "rig/protocol/scpi.hpp"

namespace lockrig::station {

struct SupplyConfig {
  int max_mv = 0;         // no request above this reaches the instrument
  int max_ma = 0;         // likewise
  int battery_mv = 6000;  // what a full battery gives: 4 x AA (domain.md, "Power")
  scpi::Protection protection{};
};

/// One call at a time has the line; others wait for their turn, also between the steps
/// of a ramp.
class Supply {
 public:
  /// Assumed: a bench supply answers within 0.2 s; a measurement averages for longer.
  static constexpr Duration kAnswerLimit = 2s;
  /// One step of a ramp takes 80 characters both ways, which 9600 baud carries in 83
  /// ms.
  static constexpr Duration kShortestStep = 100ms;

  struct Measured {
    int mv = 0;
    int ma = 0;
  };

  struct Ramp {
    int reached_mv = 0;  // the last step that was set
    bool tripped = false;
    Duration late{};  // how far the worst step came after its moment
  };

  /// The stream outlives the supply; its bytes are the supply's alone. Nothing is sent
  /// yet. std::invalid_argument for a battery_mv above max_mv, for a max_ma of 0, and
  /// for a protection command that is no line.
  Supply(World& world, ByteStream& stream, std::string station, SupplyConfig config);

  /// Before all else: forgets old errors, asks who it is, and turns its over-current
  /// protection on. The output stays as it is.
  Task<scpi::Identity> identify();

  /// identify(), and then a full battery: battery_mv, max_ma, any trip cleared, on.
  Task<void> open();

  /// std::invalid_argument below 0, above the configured limit, and before identify().
  Task<void> set_voltage(int mv);
  Task<void> set_current_limit(int ma);
  Task<void> output(bool on);

  Task<Measured> measure();

  /// Over-current has switched the output off, and nobody cleared it since.
  Task<bool> tripped();
  /// The output stays off until output(true).
  Task<void> clear_trip();

  /// Sets from_mv now and to_mv after `duration`, and between them `steps` - 1 equal
  /// steps at equal times; after each it asks for a trip, which ends the ramp there.
  /// std::invalid_argument for a voltage as in set_voltage(), for no steps, and for
  /// steps shorter than kShortestStep.
  Task<Ramp> ramp(int from_mv, int to_mv, Duration duration, int steps);

 private:
  [[noreturn]] void fail(const std::string& what) const;
  void require_mv(int mv) const;
  void require_identified() const;
  void note(const std::string& text);

  // Their arguments outlive the call.
  Task<void> send(std::string_view command);
  /// A line that is not empty; nullopt if none came in time.
  Task<std::optional<std::string>> hear();
  Task<scpi::Error> next_error(std::string_view after);
  Task<void> refuse_errors(std::string_view command);
  /// The command, and SYST:ERR? after it.
  Task<void> tell(std::string_view command);
  /// The query's answer, and SYST:ERR? after it.
  Task<std::string> ask(std::string_view query);
  Task<void> drop_stale();
  Task<int> measure_milli(std::string_view query);
  Task<bool> trip_seen();

  World& world_;
  ByteStream& stream_;
  std::string station_;
  SupplyConfig config_;
  Trace::Channel notes_;
  Mutex turn_;
  scpi::LineAssembler lines_;
  std::array<std::uint8_t, 64> buffer_{};
  bool identified_ = false;
  bool trip_noted_ = false;
};

}  // namespace lockrig::station
