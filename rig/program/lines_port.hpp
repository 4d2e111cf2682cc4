// The lines of a board that is a program, over a Unix socket: keys in, LEDs, motor and
// BUSY out, flash operations announced. docs/program-boards.md is its document.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "rig/io/unix_listener.hpp"
#include "rig/protocol/board_lines.hpp"

namespace lockrig::program {

class LinesPort {
 public:
  /// Each is called at the moment a message came.
  struct Events {
    std::function<void()> greeted;  // the program takes part from now on
    std::function<void(board_lines::Show)> show;
    std::function<void(board_lines::Drive)> motor;
    std::function<void(board_lines::FlashBegins)> flash;
    std::function<void()> torn;
  };

  /// Listens at `path`. A program that breaks the protocol is a RigError, thrown out of
  /// the world's run(): it is part of the rig there. `station` names it.
  LinesPort(World& world, std::string station, const std::string& path, Events events);
  ~LinesPort();

  /// One program at a time: what another of before still says is not heard, nor what it
  /// said and nobody has heard yet.
  void disconnect();
  bool connected() const { return greeted_; }
  /// Dropped where nobody is connected. Never waits: messages are some bytes each.
  void say(const std::string& text);

 private:
  Task<void> welcome();
  void connect(std::shared_ptr<ByteStream> stream);
  void hang_up();
  Task<void> listen(std::shared_ptr<ByteStream> from);
  Task<void> speak(std::shared_ptr<ByteStream> to);
  void take(const std::string& line);
  [[noreturn]] void refuse(const std::string& what) const;

  World& world_;
  std::string station_;
  Events events_;
  io::UnixListener listener_;
  Signal said_;
  std::string waiting_;  // to be said
  bool greeted_ = false;
  std::shared_ptr<ByteStream> stream_;  // of the program that is heard
  std::unique_ptr<Life> life_;          // of the connection
  Life door_;
};

}  // namespace lockrig::program
