// A paced world and a folder, for boards that are programs; and what a test asks of
// processes.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "rig/core/stream.hpp"
#include "rig/core/world.hpp"
#include "rig/io/fd_stream.hpp"

namespace lockrig::program {

class ProgramTest : public testing::Test {
 protected:
  /// A test that goes right never waits so long.
  static constexpr Duration kPatience = 10s;

  ProgramTest() {
    char name[] = "/tmp/lockrig_program.XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~ProgramTest() override { std::filesystem::remove_all(folder_); }

  /// Lets the world go on until it is so.
  bool wait_until(const std::function<bool()>& so) {
    const Instant until = world_.now() + kPatience;
    while (!so()) {
      if (world_.now() > until) return false;
      let_pass(1ms);
    }
    return true;
  }
  void let_pass(Duration time) {
    world_.run(world_.sleep_for(time, "a test that looks on"), 2 * kPatience, "test");
  }

  /// What the stream says up to that text; less if it ends or falls silent before.
  std::string hear(ByteStream& stream, std::string_view up_to) {
    std::string heard;
    while (!heard.ends_with(up_to)) {
      std::uint8_t byte;
      const ReadResult read =
          world_.run(stream.read_some({&byte, 1}, world_.now() + kPatience),
                     2 * kPatience, "hear");
      if (read.status != StreamStatus::ok) break;
      heard += static_cast<char>(byte);
    }
    return heard;
  }
  StreamStatus type(ByteStream& stream, std::string_view text) {
    const Bytes bytes(text.begin(), text.end());
    return world_.run(stream.write(bytes), kPatience, "type");
  }

  std::string file(const char* name) const {
    std::ifstream in(folder_ / name, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }

  World world_{1, Pace::paced};
  std::filesystem::path folder_;
};

/// It runs no more. One that nobody has waited for yet counts as gone.
inline bool is_gone(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(in, text)) return true;
  const char state = text.at(text.rfind(')') + 2);
  return state == 'Z' || state == 'X';
}

inline std::array<int, 2> socket_pair() {
  std::array<int, 2> ends;
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw std::runtime_error("no pair of sockets");
  }
  return ends;
}

/// A client of a Unix socket: what it sends is in the kernel when the call returns.
inline int connect_to(const std::filesystem::path& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
      0) {
    ::close(fd);
    throw std::runtime_error("nobody listens at " + path.string());
  }
  return fd;
}

inline void send_all(int fd, std::string_view text) {
  ASSERT_EQ(::send(fd, text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size()));
}

}  // namespace lockrig::program
