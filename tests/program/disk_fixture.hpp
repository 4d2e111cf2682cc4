// A disk of 64 KiB in a folder of its own, and a client that speaks no more of the
// protocol than a test needs.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "rig/core/world.hpp"
#include "rig/io/fd_stream.hpp"
#include "rig/program/tearing_disk.hpp"

namespace lockrig::program {

/// Bytes that no rotation of themselves looks like.
Bytes pattern(std::size_t size, std::uint64_t seed);

class DiskClient {
 public:
  /// Connects; says nothing yet.
  DiskClient(World& world, const std::filesystem::path& socket);

  /// Greeting, flags, NBD_OPT_EXPORT_NAME: the export's size; 0 when it is silent.
  std::uint64_t shake_hands();

  /// Sends without waiting for an answer.
  void send(ByteView bytes);
  void send_write(std::uint64_t handle, std::uint64_t offset, ByteView data);
  void send_request(std::uint16_t type, std::uint64_t handle, std::uint64_t offset,
                    std::uint32_t length);

  struct Reply {
    std::uint32_t error;
    std::uint64_t handle;
    bool operator==(const Reply&) const = default;
  };
  /// nullopt: nothing for a long time, or the end.
  std::optional<Reply> reply();
  /// What follows; shorter when no more comes.
  Bytes receive(std::size_t size);
  /// Neither a byte nor the end for a while.
  bool hears_silence();
  bool hears_the_end();

  /// With its answer, which is to be without error.
  void write(std::uint64_t offset, ByteView data);
  Bytes read(std::uint64_t offset, std::uint32_t length);

 private:
  ReadResult read_some(std::span<std::uint8_t> into, Duration patience);

  World& world_;
  std::unique_ptr<io::FdStream> stream_;
};

class DiskTest : public testing::Test {
 protected:
  static constexpr std::size_t kSize = 64 * 1024;

  explicit DiskTest(std::size_t size = kSize);
  ~DiskTest() override;

  TearingDisk::Setup setup() const;
  /// As it is on the host.
  Bytes image() const;
  /// Lets the world go on until it is so, for ten seconds at most.
  bool wait_until(const std::function<bool()>& so);
  bool dies(const TearingDisk& disk) {
    return wait_until([&] { return disk.dead(); });
  }

  World world_{1, Pace::wall};
  std::filesystem::path folder_;
  Bytes before_;  // the image at the beginning
};

}  // namespace lockrig::program
