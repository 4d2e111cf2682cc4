// A board with a long log: a process that writes to a PTY as fast as it is read.
#pragma once

#include <string>

#include "rig/core/units.hpp"

namespace lockrig::hardware_path {

class TalkingBoard {
 public:
  /// Silent until begin(); then so many bytes or a few more, in whole lines. On the
  /// cores that its maker may run on.
  /// std::runtime_error where the system has no PTY or process to spare.
  explicit TalkingBoard(std::size_t bytes);
  TalkingBoard(const TalkingBoard&) = delete;
  TalkingBoard& operator=(const TalkingBoard&) = delete;
  ~TalkingBoard();

  /// A symbolic link to the PTY, which libserialport takes for a port. It stays raw,
  /// and keeps what is not read yet, while nobody has it open.
  const std::string& path() const { return path_; }
  void begin();

 private:
  void talk(std::size_t bytes) const;

  int near_end_ = -1;
  int far_end_ = -1;
  int begin_ = -1;
  int child_ = -1;
  std::string folder_;
  std::string path_;
};

/// What such a board says, made as it is asked for. Each line has its number, so that
/// no other can stand in its place.
class SaidByBoard {
 public:
  /// These are the next bytes of it, which are then behind us.
  bool continues(ByteView bytes);

 private:
  std::string ahead_;
  std::size_t at_ = 0;
  std::size_t next_ = 0;
};

}  // namespace lockrig::hardware_path
