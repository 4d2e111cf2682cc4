// The third seam: who can reach whom. Locks connect, the portal accepts; connections
// are plain streams, and faults are decorators over them.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rig/core/stream.hpp"

namespace lockrig {

/// Waits for connections to one port. Closing it refuses new ones.
class Listener {
 public:
  virtual ~Listener() = default;
  /// Null when `until` came first.
  virtual Task<std::unique_ptr<ByteStream>> accept(Instant until) = 0;
};

class Network {
 public:
  virtual ~Network() = default;
  /// Null when nobody answered: link down, refused or timed out.
  virtual Task<std::unique_ptr<ByteStream>> connect(std::string host, int port,
                                                    Instant until) = 0;
  virtual std::unique_ptr<Listener> listen(std::string host, int port) = 0;
  /// The access point of the bench: taking it down breaks what is connected.
  virtual void set_link(bool up) = 0;
  virtual bool link_up() const = 0;
};

/// A network inside one simulated world.
class SimNetwork final : public Network {
 public:
  /// A home access point as a lock sees it: 1 Mbit/s and 5 ms one way, assumed; the
  /// rig's verdicts do not depend on either.
  static constexpr Duration kBytePeriod = 8us;
  static constexpr Duration kLatency = 5ms;

  explicit SimNetwork(World& world) : world_(world) {}

  Task<std::unique_ptr<ByteStream>> connect(std::string host, int port,
                                            Instant until) override;
  std::unique_ptr<Listener> listen(std::string host, int port) override;
  void set_link(bool up) override;
  bool link_up() const override { return up_; }

 private:
  class Port;
  using Address = std::pair<std::string, int>;

  World& world_;
  bool up_ = true;
  std::map<Address, Port*> ports_;
  std::vector<std::weak_ptr<Pipe>> pipes_;
};

}  // namespace lockrig
