#include "tests/benchmark/hardware_path/talking_board.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string_view>

namespace lockrig::hardware_path {
namespace {

constexpr std::size_t kPiece = 4096;
constexpr std::size_t kKept = 64 * 1024;

void append_line(std::string& text, std::size_t number) {
  text +=
      fmt::format("{:012} log of a lock that has nothing to say for hours\n", number);
}

}  // namespace

TalkingBoard::TalkingBoard(std::size_t bytes) {
  near_end_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  char name[64];
  if (near_end_ < 0 || ::grantpt(near_end_) != 0 || ::unlockpt(near_end_) != 0 ||
      ::ptsname_r(near_end_, name, sizeof name) != 0) {
    throw std::runtime_error("there are no PTYs");
  }
  far_end_ = ::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  termios settings{};
  if (far_end_ < 0 || ::tcgetattr(far_end_, &settings) != 0) {
    throw std::runtime_error("a PTY cannot be opened");
  }
  cfmakeraw(&settings);
  ::tcsetattr(far_end_, TCSANOW, &settings);
  char folder[] = "/tmp/lockrig-log-XXXXXX";
  if (::mkdtemp(folder) == nullptr) throw std::runtime_error("/tmp has no room");
  folder_ = folder;
  path_ = folder_ + "/console";
  std::filesystem::create_symlink(name, path_);
  int begin[2];
  if (::pipe2(begin, O_CLOEXEC) != 0) throw std::runtime_error("there are no pipes");
  child_ = ::fork();
  if (child_ < 0) throw std::runtime_error("there is no process to spare");
  if (child_ == 0) {
    char go = 0;
    ::close(begin[1]);
    if (::read(begin[0], &go, 1) == 1) talk(bytes);
    ::pause();
  }
  ::close(begin[0]);
  begin_ = begin[1];
}

TalkingBoard::~TalkingBoard() {
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
  ::close(begin_);
  ::close(far_end_);
  ::close(near_end_);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void TalkingBoard::begin() {
  if (::write(begin_, "g", 1) != 1) throw std::runtime_error("the board has gone");
}

void TalkingBoard::talk(std::size_t bytes) const {
  std::string text;
  std::size_t line = 0;
  for (std::size_t sent = 0; sent < bytes;) {
    text.clear();
    while (text.size() < kPiece) append_line(text, line++);
    for (std::string_view rest = text; !rest.empty();) {
      const ssize_t took = ::write(near_end_, rest.data(), rest.size());
      if (took <= 0) ::_exit(1);
      rest.remove_prefix(static_cast<std::size_t>(took));
    }
    sent += text.size();
  }
}

bool SaidByBoard::continues(ByteView bytes) {
  if (at_ > kKept) {
    ahead_.erase(0, at_);
    at_ = 0;
  }
  while (ahead_.size() - at_ < bytes.size()) append_line(ahead_, next_++);
  const bool same =
      std::equal(bytes.begin(), bytes.end(),
                 reinterpret_cast<const std::uint8_t*>(ahead_.data()) + at_);
  at_ += bytes.size();
  return same;
}

}  // namespace lockrig::hardware_path
