// A programmable supply at its serial line, as the rig's SCPI finds it: one output with
// slew, current limit and over-current protection, an error queue, and no patience with
// what it does not know. The headers it takes are listed in scpi_supply.cpp, in short
// and long form; the numbers of its errors are SCPI-99 volume 2, 21.8.
//
// Event-driven: the load is looked at when a command comes, while the output slews, and
// when load_changed() says so.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "rig/core/stream.hpp"
#include "rig/protocol/scpi.hpp"

namespace lockrig::twin {

/// A bench supply of the 15 V class. [assumed, but the line's speed: 9600 baud 8N1 is
/// what Keysight's E3632A leaves the factory with]
struct ScpiSupplyModel {
  int baud = 9600;
  int max_mv = 15000;
  int max_ma = 3000;
  int slew_mv_per_ms = 120;
  Duration command_time = 2ms;  // to carry one out
};

class ScpiSupply {
 public:
  /// `load_ma`: what the board draws at its present state. `feed`: takes the voltage at
  /// the output, in mV, at each change; 0 while the output is off. Neither may call
  /// back into the supply before it returns; both outlive it.
  ScpiSupply(World& world, std::function<double()> load_ma,
             std::function<void(int mv)> feed, ScpiSupplyModel model = {});
  ScpiSupply(const ScpiSupply&) = delete;
  ScpiSupply& operator=(const ScpiSupply&) = delete;

  /// The rig's end of the serial line.
  ByteStream& line() { return rig_end_; }

  /// Over the limit, the output trips with the protection on and folds back without.
  void load_changed() { regulate(); }

  /// The serial cable. While it is out, bytes vanish both ways.
  void plug(bool in);
  /// The instrument's own mains switch. Off: no output, no answers, and all settings
  /// are those of *RST when it comes back.
  void set_mains(bool on);

  bool output_on() const { return on_; }
  bool tripped() const { return tripped_; }
  /// At the output terminals.
  int output_mv() const { return fed_mv_; }

 private:
  Task<void> serve();
  std::string obey(const scpi::LineAssembler::Line& line);
  std::string carry_out(std::string_view header, std::string_view parameter);
  void set_number(int& setting, std::string_view parameter, int limit);
  void set_flag(bool& setting, std::string_view parameter);
  void error(int code, const char* text);
  std::string next_error();
  void reset();
  void connect();
  void step();
  void regulate();
  double measured_ma() const;

  World& world_;
  std::function<double()> load_ma_;
  std::function<void(int)> feed_;
  ScpiSupplyModel model_;

  bool mains_ = true;
  bool plugged_ = true;
  bool on_ = false;
  bool protect_ = false;
  bool tripped_ = false;
  int set_mv_ = 0;
  int set_ma_ = 0;
  int slewed_mv_ = 0;  // on its way to set_mv_
  int fed_mv_ = -1;
  std::deque<scpi::Error> errors_;

  scpi::LineAssembler lines_;
  std::array<std::uint8_t, 64> buffer_{};
  std::shared_ptr<Pipe> to_instrument_;
  std::shared_ptr<Pipe> to_rig_;
  PipeEnd rig_end_;
  PipeEnd instrument_end_;
  Timer slew_;
  Life life_;
};

}  // namespace lockrig::twin
