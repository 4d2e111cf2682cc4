#include "rig/io/unix_listener.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "rig/core/error.hpp"

namespace lockrig::io {
namespace {

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/lockrig_socket.XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

int connect_to(const std::filesystem::path& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
      0) {
    ::close(fd);
    return -1;
  }
  return fd;
}

TEST(UnixListener, gives_a_stream_to_who_connects) {
  World world(1, Pace::wall);
  Folder folder;
  UnixListener listener(world, folder / "s", "A1", "disk");
  const int fd = connect_to(listener.path());
  ASSERT_EQ(::write(fd, "hello", 5), 5);
  const auto stream = world.run(listener.accept(world.now() + 5s), 6s, "accept");
  ASSERT_NE(stream, nullptr);
  std::array<std::uint8_t, 16> heard;
  EXPECT_EQ(world.run(stream->read_some(heard, world.now() + 5s), 6s, "read").count,
            5u);
  ::close(fd);
}

TEST(UnixListener, waits_no_longer_than_it_is_told) {
  World world(1, Pace::wall);
  Folder folder;
  UnixListener listener(world, folder / "s", "A1", "disk");
  const Instant until = world.now() + 20ms;
  EXPECT_EQ(world.run(listener.accept(until), 6s, "accept"), nullptr);
  EXPECT_GE(world.now(), until);
}

TEST(UnixListener, refuses_who_waits_and_nobody_after) {
  World world(1, Pace::wall);
  Folder folder;
  UnixListener listener(world, folder / "s", "A1", "disk");
  const int early = connect_to(listener.path());
  const int early_too = connect_to(listener.path());
  listener.refuse_waiting();
  char c;
  EXPECT_EQ(::recv(early, &c, 1, 0), 0);
  EXPECT_EQ(::recv(early_too, &c, 1, 0), 0);
  const int later = connect_to(listener.path());
  EXPECT_NE(world.run(listener.accept(world.now() + 5s), 6s, "accept"), nullptr);
  for (const int fd : {early, early_too, later}) ::close(fd);
}

TEST(UnixListener, leaves_no_socket_behind) {
  World world(1, Pace::wall);
  Folder folder;
  const auto path = folder / "s";
  {
    UnixListener listener(world, path, "A1", "disk");
    EXPECT_TRUE(std::filesystem::exists(path));
    EXPECT_THROW(UnixListener(world, path, "A1", "disk"), RigError);
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(connect_to(path), -1);
}

TEST(UnixListener, says_what_is_wrong_with_a_path) {
  World world(1, Pace::wall);
  Folder folder;
  EXPECT_THROW(UnixListener(world, folder / "none/s", "A1", "disk"), RigError);
  EXPECT_THROW(UnixListener(world, std::string(108, 's'), "A1", "disk"),
               std::invalid_argument);
  World simulated(1);
  EXPECT_THROW(UnixListener(simulated, folder / "s", "A1", "disk"),
               std::invalid_argument);
}

}  // namespace
}  // namespace lockrig::io
