// Who listens to a log that holds no pattern, and what it costs him.
#pragma once

#include <array>
#include <string>

#include "rig/io/serial_port.hpp"
#include "rig/station/console.hpp"
#include "tests/benchmark/hardware_path/pattern_watch.hpp"
#include "tests/benchmark/hardware_path/talking_board.hpp"

namespace lockrig::hardware_path {

/// Some reads one after the other.
struct Window {
  double us = 0;  // of the thread's processor time, all of the rig's work included
  std::size_t bytes = 0;
  std::size_t reads = 0;

  double us_a_read() const { return us / static_cast<double>(reads); }
  double us_a_byte() const { return us / static_cast<double>(bytes); }
  double bytes_a_read() const {
    return static_cast<double>(bytes) / static_cast<double>(reads);
  }
};

/// SerialPort, Console and PatternWatch in a world of their own.
class LogListener {
 public:
  /// At the path of a board; one listener to a board at a time. RigError as SerialPort.
  explicit LogListener(const std::string& path);

  /// So many bytes or up to a read more; fewer once the board is silent for 2 s.
  Window hear(std::size_t bytes);

  /// Over all that was heard. Whoever did not hear the board from its beginning finds
  /// every read wrong.
  std::size_t received() const { return received_; }
  std::size_t reads() const { return reads_; }
  std::size_t reads_wrong() const { return wrong_; }  // not what the board said
  bool matched() const { return matched_; }
  Duration took() const { return took_; }

 private:
  Task<Window> listen(std::size_t bytes);

  World world_{1, Pace::wall};
  io::SerialPort port_;
  station::Console console_;
  PatternWatch watch_{"#REACT#"};
  SaidByBoard said_;
  std::array<std::uint8_t, 4096> buffer_;
  std::size_t received_ = 0;
  std::size_t reads_ = 0;
  std::size_t wrong_ = 0;
  bool matched_ = false;
  Duration took_{};
};

}  // namespace lockrig::hardware_path
