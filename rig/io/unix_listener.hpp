// A Unix socket in the file system that programs of this host connect to. For wall and
// paced worlds; what arrives enters through World::outside().
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "rig/core/network.hpp"

namespace lockrig::io {

class UnixListener final : public Listener {
 public:
  /// Listens when it returns. std::invalid_argument for a path longer than an address
  /// holds (107 bytes) and in a simulated world; RigError where something is there
  /// already or nothing can be made. `station` and `device` name it in errors. The
  /// world outlives the listener.
  UnixListener(World& world, std::filesystem::path path, std::string station,
               std::string device);
  /// Unlinks the path. Streams that were accepted stay.
  ~UnixListener() override;

  /// Null when `until` came first. Who connects between two calls waits in the kernel.
  /// RigError when the system gives no more connections. One caller at a time.
  Task<std::unique_ptr<ByteStream>> accept(Instant until) override;

  /// Closes the connections that wait in the kernel, unheard.
  void refuse_waiting();

  const std::filesystem::path& path() const { return path_; }

 private:
  struct Inner;

  std::filesystem::path path_;
  std::shared_ptr<Inner> inner_;  // kept by the operation in flight, too
};

}  // namespace lockrig::io
