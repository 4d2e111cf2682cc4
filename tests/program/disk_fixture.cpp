#include "tests/program/disk_fixture.hpp"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>

namespace lockrig::program {
namespace {

/// A test that goes right never waits so long.
constexpr Duration kPatience = 10s;

void append(Bytes& out, std::uint64_t value, int size) {
  for (int i = size - 1; i >= 0; --i) {
    out.push_back(static_cast<std::uint8_t>(value >> 8 * i));
  }
}

std::uint64_t number(const Bytes& bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | bytes[at + i];
  return value;
}

Task<Bytes> receive_from(ByteStream& stream, std::size_t size, Instant until) {
  Bytes bytes(size);
  std::size_t count = 0;
  while (count < size) {
    const ReadResult heard =
        co_await stream.read_some(std::span(bytes).subspan(count), until);
    if (heard.status != StreamStatus::ok) break;
    count += heard.count;
  }
  bytes.resize(count);
  co_return bytes;
}

}  // namespace

Bytes pattern(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() >> 56);
  return bytes;
}

DiskClient::DiskClient(World& world, const std::filesystem::path& socket)
    : world_(world) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket.string().copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
      0) {
    ::close(fd);
    throw std::runtime_error("nobody listens at " + socket.string());
  }
  stream_ = std::make_unique<io::FdStream>(world_, fd);
}

std::uint64_t DiskClient::shake_hands() {
  Bytes hello;
  append(hello, 3, 4);
  append(hello, 0x49484156454f5054, 8);
  append(hello, 1, 4);
  append(hello, 0, 4);
  send(hello);
  const Bytes heard = receive(18 + 10);
  return heard.size() == 28 ? number(heard, 18, 8) : 0;
}

void DiskClient::send(ByteView bytes) {
  world_.run(stream_->write(bytes), kPatience, "a client to write");
}

void DiskClient::send_write(std::uint64_t handle, std::uint64_t offset, ByteView data) {
  send_request(1, handle, offset, static_cast<std::uint32_t>(data.size()));
  send(data);
}

void DiskClient::send_request(std::uint16_t type, std::uint64_t handle,
                              std::uint64_t offset, std::uint32_t length) {
  Bytes request;
  append(request, 0x25609513, 4);
  append(request, 0, 2);
  append(request, type, 2);
  append(request, handle, 8);
  append(request, offset, 8);
  append(request, length, 4);
  send(request);
}

Bytes DiskClient::receive(std::size_t size) {
  return world_.run(receive_from(*stream_, size, world_.now() + kPatience),
                    2 * kPatience, "a client to read");
}

std::optional<DiskClient::Reply> DiskClient::reply() {
  const Bytes heard = receive(16);
  if (heard.size() != 16) return std::nullopt;
  EXPECT_EQ(number(heard, 0, 4), 0x67446698u);
  return Reply{static_cast<std::uint32_t>(number(heard, 4, 4)), number(heard, 8, 8)};
}

ReadResult DiskClient::read_some(std::span<std::uint8_t> into, Duration patience) {
  return world_.run(stream_->read_some(into, world_.now() + patience),
                    patience + kPatience, "a client to read");
}

bool DiskClient::hears_silence() {
  std::uint8_t byte;
  return read_some({&byte, 1}, 30ms).status == StreamStatus::timed_out;
}

bool DiskClient::hears_the_end() {
  std::uint8_t byte;
  const StreamStatus status = read_some({&byte, 1}, kPatience).status;
  return status == StreamStatus::closed || status == StreamStatus::failed;
}

void DiskClient::write(std::uint64_t offset, ByteView data) {
  send_write(offset, offset, data);
  EXPECT_EQ(reply(), (Reply{0, offset}));
}

Bytes DiskClient::read(std::uint64_t offset, std::uint32_t length) {
  send_request(0, offset, offset, length);
  EXPECT_EQ(reply(), (Reply{0, offset}));
  return receive(length);
}

DiskTest::DiskTest(std::size_t size) : before_(pattern(size, 1)) {
  char name[] = "/tmp/lockrig_disk.XXXXXX";
  folder_ = ::mkdtemp(name);
  std::ofstream(folder_ / "image", std::ios::binary)
      .write(reinterpret_cast<const char*>(before_.data()),
             static_cast<std::streamsize>(before_.size()));
}

DiskTest::~DiskTest() { std::filesystem::remove_all(folder_); }

TearingDisk::Setup DiskTest::setup() const {
  TearingDisk::Setup setup;
  setup.station = "A1";
  setup.file = folder_ / "image";
  setup.socket = folder_ / "socket";
  return setup;
}

Bytes DiskTest::image() const {
  std::ifstream file(folder_ / "image", std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

bool DiskTest::wait_until(const std::function<bool()>& so) {
  const Instant until = world_.now() + kPatience;
  while (!so()) {
    if (world_.now() > until) return false;
    world_.run(world_.sleep_for(1ms, "a test that looks on"), kPatience, "look on");
  }
  return true;
}

}  // namespace lockrig::program
