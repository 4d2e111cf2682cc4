// The disk meets clients that no one here wrote: Debian's qemu-utils, nbd-client and
// libnbd-bin. Skipped where they are not installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "rig/program/tearing_disk.hpp"
#include "tests/program/disk_fixture.hpp"

extern char** environ;

namespace lockrig::program {
namespace {

using testing::Each;
using testing::HasSubstr;

using Words = std::vector<std::string>;

/// A program as a child of the test. What it prints comes through the world, so that
/// the disk is served meanwhile.
class Peer {
 public:
  Peer(World& world, Words words) : world_(world) {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
      throw std::runtime_error("no sockets");
    }
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fds[1], STDERR_FILENO);
    const int error =
        posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(fds[1]);
    output_ = std::make_unique<io::FdStream>(world_, fds[0]);
    if (error != 0) throw std::runtime_error(words[0] + " does not start");
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() {
    kill();
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
  }

  void kill() {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
  }

  struct End {
    int status = -1;  // below 0: the signal that ended it
    std::string said{};
  };
  End wait() {
    End end;
    end.said = world_.run(hear_all(*output_), 60s, "a peer to end");
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    end.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    return end;
  }

 private:
  static Task<std::string> hear_all(ByteStream& stream) {
    std::string said;
    std::array<std::uint8_t, 4096> buffer;
    for (;;) {
      const ReadResult heard = co_await stream.read_some(buffer, kNever);
      if (heard.status != StreamStatus::ok) break;
      said.append(buffer.begin(), buffer.begin() + heard.count);
    }
    co_return said;
  }

  World& world_;
  pid_t pid_ = -1;
  std::unique_ptr<io::FdStream> output_;
};

/// Empty when it is not installed.
std::string find_tool(const std::string& name) {
  for (const char* folder : {"/usr/bin/", "/usr/sbin/"}) {
    if (std::filesystem::exists(folder + name)) return folder + name;
  }
  return "";
}

class NbdPeers : public DiskTest {
 protected:
  static constexpr std::size_t kDisk = 4 << 20;

  NbdPeers() : DiskTest(kDisk), disk_(world_, setup()) {
    disk_.on_write([this](const DiskWrite& write) { writes_.push_back(write); });
  }

  std::string uri() const {
    return "nbd+unix:///disk?socket=" + disk_.socket().string();
  }
  /// False, and the test is to return, when it is not installed.
  bool needs(const std::string& name) { return !(tool_ = find_tool(name)).empty(); }

  Peer::End run(Words words) {
    words.insert(words.begin(), tool_);
    Peer peer(world_, std::move(words));
    Peer::End end = peer.wait();
    EXPECT_NO_THROW(disk_.check());
    return end;
  }
  Words qemu_io(const Words& commands) const {
    Words words = {"-f", "raw"};
    for (const std::string& command : commands) {
      words.insert(words.end(), {"-c", command});
    }
    words.push_back(uri());
    return words;
  }
  ByteView part(const Bytes& bytes, std::size_t offset, std::size_t size) const {
    return ByteView(bytes).subspan(offset, size);
  }

  TearingDisk disk_;
  std::vector<DiskWrite> writes_;
  std::string tool_;
};

#define NEEDS(tool, package)                                \
  if (!needs(tool)) {                                       \
    GTEST_SKIP() << tool " is not installed (" package ")"; \
  }

TEST_F(NbdPeers, qemu_io_reads_back_what_it_wrote) {
  NEEDS("qemu-io", "qemu-utils");
  const auto end =
      run(qemu_io({"write -P 0xab 4096 8192", "read -P 0xab 4096 8192",
                   "write -f -P 0xcd 1000 3", "read -P 0xcd 1000 3", "flush"}));
  EXPECT_EQ(end.status, 0) << end.said;
  EXPECT_THAT(end.said, HasSubstr("wrote 8192/8192 bytes at offset 4096"));
  EXPECT_THAT(end.said, Not(HasSubstr("failed")));
  const Bytes after = image();
  EXPECT_THAT(part(after, 4096, 8192), Each(0xab));
  EXPECT_THAT(part(after, 1000, 3), Each(0xcd));
  EXPECT_EQ(Bytes(after.begin() + 12288, after.end()),
            Bytes(before_.begin() + 12288, before_.end()));
  ASSERT_EQ(writes_.size(), 2u);
  EXPECT_EQ(writes_[0].offset, 4096u);
  EXPECT_EQ(writes_[0].length, 8192u);
  // A disk without a smallest block: nobody pads.
  EXPECT_EQ(writes_[1].offset, 1000u);
  EXPECT_EQ(writes_[1].length, 3u);
}

TEST_F(NbdPeers, qemu_io_makes_zeroes_and_trims) {
  NEEDS("qemu-io", "qemu-utils");
  const auto end = run(qemu_io({"write -z 0 65536", "write -z -u 65536 65536",
                                "discard 131072 65536", "read -P 0 0 196608"}));
  EXPECT_EQ(end.status, 0) << end.said;
  EXPECT_THAT(end.said, Not(HasSubstr("failed")));
  EXPECT_THAT(part(image(), 0, 196608), Each(0));
  ASSERT_EQ(writes_.size(), 3u);
  EXPECT_EQ(writes_[0].kind, DiskWrite::Kind::zeroes);
  EXPECT_EQ(writes_[1].kind, DiskWrite::Kind::zeroes);
  EXPECT_EQ(writes_[2].kind, DiskWrite::Kind::trim);
}

TEST_F(NbdPeers, a_qemu_io_that_is_cut_leaves_the_asked_part) {
  NEEDS("qemu-io", "qemu-utils");
  for (const double fraction : {0.0, 0.3, 1.0}) {
    disk_.reset_count();
    const Bytes was = image();
    Words words = qemu_io({"write -P 0x11 0 4096", "write -P 0x22 8192 4096",
                           "write -P 0x33 16384 4096"});
    words.insert(words.begin(), tool_);
    Peer peer(world_, std::move(words));
    disk_.cut_at(2, fraction, [&](const DiskWrite&) { peer.kill(); });
    EXPECT_EQ(peer.wait().status, -SIGKILL);
    EXPECT_TRUE(disk_.dead());
    EXPECT_EQ(disk_.count(), 2u);
    const Bytes after = image();
    const auto kept = static_cast<std::size_t>(4096 * fraction);
    EXPECT_THAT(part(after, 0, 4096), Each(0x11));
    EXPECT_THAT(part(after, 8192, kept), Each(0x22));
    EXPECT_TRUE(std::equal(after.begin() + 8192 + static_cast<long>(kept), after.end(),
                           was.begin() + 8192 + static_cast<long>(kept)));
    disk_.power_on();
    const auto end = run(qemu_io({"read -P 0x11 0 4096", "write 1M 512"}));
    EXPECT_EQ(end.status, 0) << end.said;
  }
}

TEST_F(NbdPeers, qemu_img_knows_the_size) {
  NEEDS("qemu-img", "qemu-utils");
  const auto end = run({"info", "--output=json", "-f", "raw", uri()});
  ASSERT_EQ(end.status, 0) << end.said;
  EXPECT_EQ(nlohmann::json::parse(end.said).at("virtual-size"), kDisk);
}

TEST_F(NbdPeers, qemu_img_copies_a_disk_out_and_in) {
  NEEDS("qemu-img", "qemu-utils");
  const auto copy = folder_ / "copy";
  const auto out = run({"convert", "-f", "raw", "-O", "raw", uri(), copy});
  ASSERT_EQ(out.status, 0) << out.said;
  Bytes wanted = pattern(kDisk, 5);
  std::fill(wanted.begin() + (1 << 20), wanted.begin() + (3 << 20), 0);
  {
    std::ifstream file(copy, std::ios::binary);
    EXPECT_EQ(Bytes(std::istreambuf_iterator<char>(file), {}), before_);
    std::ofstream(copy, std::ios::binary)
        .write(reinterpret_cast<const char*>(wanted.data()),
               static_cast<std::streamsize>(wanted.size()));
  }
  const auto in = run({"convert", "-n", "-f", "raw", "-O", "raw", copy, uri()});
  ASSERT_EQ(in.status, 0) << in.said;
  EXPECT_EQ(image(), wanted);
  EXPECT_FALSE(writes_.empty());
  const auto same = run({"compare", "-f", "raw", "-F", "raw", copy, uri()});
  EXPECT_EQ(same.status, 0) << same.said;
}

TEST_F(NbdPeers, qemu_nbd_lists_the_export) {
  NEEDS("qemu-nbd", "qemu-utils");
  const auto end = run({"--list", "-k", disk_.socket()});
  EXPECT_EQ(end.status, 0) << end.said;
  EXPECT_THAT(end.said, HasSubstr("export: 'disk'"));
  EXPECT_THAT(end.said, HasSubstr("size:  4194304"));
  EXPECT_THAT(end.said, HasSubstr("max block: 33554432"));
}

TEST_F(NbdPeers, nbd_client_lists_the_export) {
  NEEDS("nbd-client", "nbd-client");
  const auto end = run({"-l", "-unix", disk_.socket()});
  EXPECT_EQ(end.status, 0) << end.said;
  EXPECT_THAT(end.said, HasSubstr("disk"));
}

TEST_F(NbdPeers, nbdinfo_knows_the_size) {
  NEEDS("nbdinfo", "libnbd-bin");
  const auto end = run({"--size", uri()});
  EXPECT_EQ(end.status, 0) << end.said;
  EXPECT_EQ(end.said, std::to_string(kDisk) + "\n");
  const auto all = run({"--list", "--json", uri()});
  EXPECT_EQ(all.status, 0) << all.said;
  EXPECT_THAT(all.said, HasSubstr("\"export-name\": \"disk\""));
}

TEST_F(NbdPeers, nbdcopy_copies_a_disk_out_and_in) {
  NEEDS("nbdcopy", "libnbd-bin");
  const auto copy = folder_ / "copy";
  const auto out = run({uri(), copy});
  ASSERT_EQ(out.status, 0) << out.said;
  std::filesystem::resize_file(folder_ / "image", 0);
  std::filesystem::resize_file(folder_ / "image", kDisk);
  const auto in = run({copy, uri()});
  ASSERT_EQ(in.status, 0) << in.said;
  EXPECT_EQ(image(), before_);
}

}  // namespace
}  // namespace lockrig::program
