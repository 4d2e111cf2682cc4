// Debian's lrzsz at the other end of a socket: another's reading of the same protocol,
// and how it recovers. Not of a pseudo-terminal, which loses the last ACK when its
// program leaves. In wall time, several transfers at once.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rig/core/random.hpp"
#include "rig/io/fd_stream.hpp"
#include "rig/lock/block_push.hpp"
#include "tests/io/pty.hpp"
#include "tests/lock/block_line.hpp"

namespace lockrig::lock {
namespace {

using Damage = DamagedStream::Damage;
using ymodem::Protocol;

/// How long a whole test may take. They take some seconds.
constexpr Duration kLimit = 20s;

bool installed() {
  for (const char* program : {"rb", "sb", "rx", "sx"}) {
    if (access((std::string("/usr/bin/") + program).c_str(), X_OK) != 0) return false;
  }
  return true;
}

/// Recovers within a second where its user would wait for ten.
ymodem::ReceiverLimits quick() {
  ymodem::ReceiverLimits limits;
  limits.block = 2s;
  limits.byte = 300ms;
  limits.purge = 100ms;
  return limits;
}

Bytes read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// One of lrzsz's programs in a folder of its own, on a line of its own.
class Program {
 public:
  Program(World& world, std::vector<std::string> command)
      : stream_(std::make_unique<io::FdStream>(world)), command_(std::move(command)) {}
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    if (slave_ >= 0) ::close(slave_);
  }

  /// A line that is held stays when the program ends, as a port does.
  void start(bool held) {
    int ends[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
    const int slave = ends[1];
    std::vector<char*> arguments;
    for (std::string& word : command_) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      const int nowhere = open("/dev/null", O_WRONLY);
      if (chdir(folder_.path().c_str()) == 0 && dup2(slave, 0) == 0 &&
          dup2(slave, 1) == 1 && dup2(nowhere, 2) == 2) {
        execvp(arguments[0], arguments.data());
      }
      _exit(127);
    }
    slave_ = slave;
    if (!held) ::close(std::exchange(slave_, -1));
    stream_->attach(ends[0]);
  }

  /// Its exit status; -1 if it did not end by itself.
  Task<int> ended(World& world) {
    const Instant limit = world.now() + 20s;
    for (;;) {
      int status = 0;
      if (waitpid(pid_, &status, WNOHANG) == pid_) {
        pid_ = -1;
        co_return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
      }
      if (world.now() > limit) co_return -1;
      co_await world.sleep_for(5ms, "lrzsz to end");
    }
  }

  std::filesystem::path file(const std::string& name) const {
    return folder_.path() / name;
  }
  ByteStream& stream() { return *stream_; }

 private:
  io::TempFolder folder_;
  std::unique_ptr<io::FdStream> stream_;
  std::vector<std::string> command_;
  pid_t pid_ = -1;
  int slave_ = -1;
};

/// One transfer, in whichever direction.
struct Transfer {
  Transfer(World& world, std::vector<std::string> command, Protocol with,
           std::size_t size, std::string what)
      : program(world, std::move(command)),
        protocol(with),
        image(io::pattern(size)),
        name(std::move(what)) {}

  void damage(DamagedStream::Places written, DamagedStream::Places read) {
    line.emplace(program.stream(), std::move(written), std::move(read));
  }
  ByteStream& stream() {
    return line ? static_cast<ByteStream&>(*line) : program.stream();
  }

  void expect_same(Bytes got) const {
    Bytes expected = image;
    if (protocol == Protocol::xmodem_1k && got.size() > expected.size() &&
        got.size() - expected.size() < ymodem::kLongBlock) {
      expected.resize(got.size(), ymodem::kPadding);
    }
    EXPECT_EQ(got.size(), expected.size()) << name;
    EXPECT_EQ(got == expected, true) << name;
  }

  Program program;
  Protocol protocol;
  Bytes image;
  std::string name;
  std::optional<DamagedStream> line;
  Push push;
  std::optional<ymodem::Receiver> receiver;
  int status = -1;
  bool done = false;
};

Task<void> send_to_lrzsz(World& world, Transfer& t) {
  t.program.start(true);
  ymodem::Offer offer{t.protocol, "image.bin"};
  // rb asks for another file after a second.
  offer.limits.farewell = 3s;
  offer.limits.eot = 3s;
  t.push = co_await push_by_blocks(world, t.stream(), "A1", t.image, std::move(offer),
                                   nullptr);
  t.status = co_await t.program.ended(world);
  t.done = true;
}

Task<void> take_from_lrzsz(World& world, Transfer& t) {
  std::ofstream(t.program.file("image.bin"), std::ios::binary)
      .write(reinterpret_cast<const char*>(t.image.data()),
             static_cast<std::streamsize>(t.image.size()));
  t.program.start(false);
  ymodem::Demand demand{t.protocol};
  demand.limits = quick();
  t.receiver.emplace(demand, world.now());
  co_await take_by_blocks(world, t.stream(), *t.receiver);
  t.status = co_await t.program.ended(world);
  t.done = true;
}

using Transfers = std::vector<std::unique_ptr<Transfer>>;

void run_all(World& world, Transfers& transfers,
             Task<void> (*direction)(World&, Transfer&)) {
  Life life(world, "transfers");
  for (auto& t : transfers) life.spawn(direction(world, *t));
  io::wait_until(
      world,
      [&] {
        return std::all_of(transfers.begin(), transfers.end(),
                           [](const auto& t) { return t->done; });
      },
      kLimit);
}

void expect_sent(const Transfer& t) {
  EXPECT_TRUE(t.push.accepted)
      << t.name << ": " << (t.push.failure ? t.push.failure->what : "");
  EXPECT_EQ(t.push.acknowledged, t.image.size()) << t.name;
  EXPECT_EQ(t.status, 0) << t.name;
  t.expect_same(read_file(t.program.file("image.bin")));
}

void expect_taken(const Transfer& t) {
  ASSERT_TRUE(t.receiver) << t.name;
  EXPECT_EQ(t.receiver->state(), ymodem::State::done)
      << t.name << ": " << ymodem::to_string(t.receiver->reason());
  EXPECT_EQ(t.status, 0) << t.name;
  t.expect_same(t.receiver->file());
}

std::vector<std::string> receiving(Protocol protocol, bool crc) {
  // In tenths of a second: it recovers after one instead of ten.
  if (protocol == Protocol::ymodem) return {"rb", "-b", "-y", "-t", "10"};
  if (crc) return {"rx", "-c", "-b", "-y", "-t", "10", "image.bin"};
  return {"rx", "-b", "-y", "-t", "10", "image.bin"};
}

std::vector<std::string> sending(Protocol protocol, bool long_blocks) {
  std::vector<std::string> command = {protocol == Protocol::ymodem ? "sb" : "sx", "-b"};
  if (long_blocks) command.push_back("-k");
  command.push_back("image.bin");
  return command;
}

class Lrzsz : public testing::Test {
 protected:
  void SetUp() override {
    if (!installed()) GTEST_SKIP() << "lrzsz is not installed (rb, sb, rx, sx)";
  }
};

const std::size_t kSizes[] = {1, 128, 129, 1024, 1025, 40000};

TEST_F(Lrzsz, takes_what_is_pushed) {
  World world(1, Pace::wall);
  Transfers all;
  for (const std::size_t size : kSizes) {
    for (const auto& [protocol, crc] :
         {std::pair(Protocol::ymodem, true), std::pair(Protocol::xmodem_1k, true),
          std::pair(Protocol::xmodem_1k, false)}) {
      all.push_back(std::make_unique<Transfer>(
          world, receiving(protocol, crc), protocol, size,
          std::string(ymodem::to_string(protocol)) + (crc ? " " : " checksum ") +
              std::to_string(size)));
    }
  }
  all.push_back(std::make_unique<Transfer>(world, receiving(Protocol::ymodem, true),
                                           Protocol::ymodem, 0, "an empty file"));
  run_all(world, all, send_to_lrzsz);
  for (const auto& t : all) expect_sent(*t);
}

TEST_F(Lrzsz, gives_what_is_taken) {
  World world(1, Pace::wall);
  Transfers all;
  for (const std::size_t size : kSizes) {
    for (const Protocol protocol : {Protocol::ymodem, Protocol::xmodem_1k}) {
      for (const bool long_blocks : {true, false}) {
        all.push_back(std::make_unique<Transfer>(
            world, sending(protocol, long_blocks), protocol, size,
            std::string(ymodem::to_string(protocol)) + (long_blocks ? " -k " : " ") +
                std::to_string(size)));
      }
    }
  }
  run_all(world, all, take_from_lrzsz);
  for (const auto& t : all) expect_taken(*t);
}

constexpr std::uint64_t kSeed = 2026;

/// Two places of the data, and one of the answers: behind the 'C's, since rb takes 14 s
/// to send one again, whatever its -t says (0.12.21, measured).
void damage(Transfer& t, std::uint64_t seed, bool sends) {
  Random random(seed);
  const auto what = [&] {
    return random.below(2) == 0 ? Damage::flipped : Damage::dropped;
  };
  DamagedStream::Places data, answers;
  for (int i = 0; i < 2; ++i) data[random.below(t.image.size())] = what();
  answers[3 + random.below(7)] = what();
  t.damage(sends ? data : answers, sends ? answers : data);
  std::printf("  %s: damage of seed %llu\n", t.name.c_str(),
              static_cast<unsigned long long>(seed));
}

TEST_F(Lrzsz, recovers_as_a_receiver_from_damaged_and_dropped_bytes) {
  World world(1, Pace::wall);
  Transfers all;
  for (int i = 0; i < 12; ++i) {
    const Protocol protocol = i % 3 == 0 ? Protocol::xmodem_1k : Protocol::ymodem;
    all.push_back(std::make_unique<Transfer>(world, receiving(protocol, true), protocol,
                                             10000, "push " + std::to_string(i)));
    damage(*all.back(), kSeed + static_cast<std::uint64_t>(i), true);
  }
  run_all(world, all, send_to_lrzsz);
  for (const auto& t : all) {
    EXPECT_GE(t->line->done(), 2) << t->name;
    expect_sent(*t);
  }
}

TEST_F(Lrzsz, recovers_as_a_sender_from_damaged_and_dropped_bytes) {
  World world(1, Pace::wall);
  Transfers all;
  for (int i = 0; i < 12; ++i) {
    const Protocol protocol = i % 3 == 0 ? Protocol::xmodem_1k : Protocol::ymodem;
    all.push_back(std::make_unique<Transfer>(world, sending(protocol, i % 2 == 0),
                                             protocol, 10000,
                                             "take " + std::to_string(i)));
    damage(*all.back(), kSeed + 100 + static_cast<std::uint64_t>(i), false);
  }
  run_all(world, all, take_from_lrzsz);
  for (const auto& t : all) {
    EXPECT_GE(t->line->done(), 2) << t->name;
    EXPECT_GE(t->receiver->complaints(), 1) << t->name;
    expect_taken(*t);
  }
}

TEST_F(Lrzsz, hears_that_a_transfer_is_cancelled) {
  World world(1, Pace::wall);
  Transfers all;
  all.push_back(std::make_unique<Transfer>(world, sending(Protocol::ymodem, true),
                                           Protocol::ymodem, 10000, "too big"));
  Transfer& t = *all.back();
  const auto task = [](World& w, Transfer& transfer) -> Task<void> {
    std::ofstream(transfer.program.file("image.bin")) << std::string(10000, 'x');
    transfer.program.start(false);
    ymodem::Demand demand{Protocol::ymodem, 5000};
    transfer.receiver.emplace(demand, w.now());
    co_await take_by_blocks(w, transfer.stream(), *transfer.receiver);
    transfer.status = co_await transfer.program.ended(w);
    transfer.done = true;
  };
  run_all(world, all, task);
  EXPECT_EQ(t.receiver->reason(), ymodem::Reason::too_big);
  EXPECT_GT(t.status, 0);
}

}  // namespace
}  // namespace lockrig::lock
