// A board that is a program: power starts it, loss of power kills it, files survive,
// its console is a stream and its lines a socket. docs/program-boards.md says what a
// program may expect.
//
// The rig models what is around the processor: the rail (what holds a board up for some
// milliseconds, and when it is down) and the bolt with its motor. Power is never fed
// through the console or a key.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rig/core/board.hpp"
#include "rig/program/announced_flash.hpp"
#include "rig/program/child.hpp"
#include "rig/program/console_port.hpp"
#include "rig/program/lines_port.hpp"
#include "rig/twin/bolt.hpp"
#include "rig/twin/rail.hpp"

namespace lockrig::program {

/// none: the program's standard input and output lead nowhere.
enum class ConsoleKind { none, stdio, pty, socket };

struct ProgramConfig {
  std::string station;  // for errors
  /// In the arguments {state}, {console}, {lines} and {disk} stand for paths, as the
  /// variables LOCKRIG_STATE, LOCKRIG_CONSOLE, LOCKRIG_LINES and LOCKRIG_DISK do in its
  /// environment; {station} and LOCKRIG_STATION for the station's name.
  Command command;
  ConsoleKind console = ConsoleKind::stdio;
  bool lines = false;            // it takes part in the lines socket
  bool flash_ops = false;        // it announces its flash operations there
  bool tears = false;            // and can leave one half done
  std::filesystem::path folder;  // this board's own: state, sockets, what it prints
  std::string portal;            // LOCKRIG_PORTAL, "" for none
  twin::RailModel rail;
  Duration bolt_travel = twin::BoltMechanics::kTravel;
};

class ProgramBoard final : public Board {
 public:
  /// For paced and wall worlds. Sockets are there from now on; the program is started
  /// when power comes. RigError where a socket cannot be made.
  ProgramBoard(World& world, ProgramConfig config);
  ~ProgramBoard() override;

  void set_supply(Supply supply) override;
  void set_contact(int contact, bool closed) override;
  void set_console_isolated(bool) override {}
  bool output(Output output) const override {
    return outputs_[static_cast<std::size_t>(output)];
  }
  void watch_outputs(std::function<void(Output, bool)> callback) override {
    watcher_ = std::move(callback);
  }
  ByteStream& console() override { return console_; }
  void interrupt_console() override { console_.interrupt(); }
  void block_bolt(double at) override { bolt_.block(at); }
  void unblock_bolt() override { bolt_.unblock(); }
  /// Null where it announces none and no other probe was given.
  FlashProbe* flash_probe() override;

  /// A probe of another kind, of a disk.
  void set_flash_probe(FlashProbe* probe) { other_probe_ = probe; }
  /// At once, and held away until the station has switched its own switch off.
  void trip();
  /// Called before the program is started and after it is killed.
  void watch_power(std::function<void(bool on)> callback) {
    power_watcher_ = std::move(callback);
  }

  double bolt_position() const { return bolt_.position(); }
  void set_bolt_position(double position) { bolt_.set_position(position); }
  bool running() const { return child_ != nullptr; }
  /// How it ended, if it did so by itself since power came; 128 and more: by a signal.
  std::optional<int> exit_status() const { return exit_status_; }

 private:
  Task<void> welcome_console();
  void start();
  void ended(int status);
  void kill();
  void set_output(Output output, bool active);
  void greet();
  void tell_bolt();
  void motor(board_lines::Drive drive);
  void supply_changed();
  Command command() const;
  std::string path(const char* name) const { return (config_.folder / name).string(); }

  World& world_;
  ProgramConfig config_;
  Trace::Channel note_;
  ConsolePort console_;
  std::unique_ptr<io::UnixListener> console_listener_;
  std::unique_ptr<Life> console_door_;
  std::unique_ptr<LinesPort> lines_;
  AnnouncedFlash flash_;
  FlashProbe* other_probe_ = nullptr;
  twin::BoltMechanics bolt_;
  twin::Rail rail_;
  std::unique_ptr<Child> child_;
  std::optional<int> exit_status_;
  int starts_ = 0;
  Instant started_{};
  Supply supply_ = Supply::open;
  bool tripped_ = false;
  std::array<bool, kOutputs> outputs_{};
  std::uint32_t closed_ = 0;  // contacts of the keypad
  std::function<void(Output, bool)> watcher_;
  std::function<void(bool)> power_watcher_;
};

}  // namespace lockrig::program
