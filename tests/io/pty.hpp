// A pseudo-terminal for tests: the master stands for the board, the slave for the port.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include "rig/core/world.hpp"

namespace lockrig::io {

class Pty {
 public:
  Pty() : master_(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    if (master_ < 0 || grantpt(master_) != 0 || unlockpt(master_) != 0) std::abort();
    path_ = ptsname(master_);
    termios settings{};
    tcgetattr(master_, &settings);
    cfmakeraw(&settings);
    tcsetattr(master_, TCSANOW, &settings);
  }
  Pty(const Pty&) = delete;
  Pty& operator=(const Pty&) = delete;
  ~Pty() { unplug(); }

  const std::string& path() const { return path_; }
  int open_slave() const {
    return ::open(path_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  }
  int master() const { return master_; }
  /// For a stream that owns it.
  int take_master() { return std::exchange(master_, -1); }
  void unplug() {
    if (master_ >= 0) ::close(std::exchange(master_, -1));
  }
  /// What the board says. Small enough for the kernel's buffer.
  void say(const std::string& text) const {
    ASSERT_EQ(::write(master_, text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
  }

 private:
  int master_;
  std::string path_;
};

/// A folder of this test's own, with everything in it gone at the end.
class TempFolder {
 public:
  TempFolder() {
    std::string name = std::filesystem::temp_directory_path() / "lockrig_io_XXXXXX";
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() { std::filesystem::remove_all(path_); }

  const std::filesystem::path& path() const { return path_; }
  /// A port's name that can be moved to another PTY, as a device that comes back.
  std::string link(const std::string& name, const std::string& target) const {
    std::filesystem::remove(path_ / name);
    std::filesystem::create_symlink(target, path_ / name);
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

/// Lets the world run until something holds that no stream reports.
template <typename Condition>
bool wait_until(World& world, Condition condition, Duration limit = 10s) {
  const auto task = [](World& w, Condition met, Instant until) -> Task<bool> {
    while (!met() && w.now() < until) co_await w.sleep_for(1ms, "a condition");
    co_return met();
  };
  return world.run(task(world, condition, world.now() + limit), limit + 1s, "wait");
}

inline Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  std::uint32_t state = 1;
  for (auto& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<std::uint8_t>(state >> 24);
  }
  return bytes;
}

}  // namespace lockrig::io
