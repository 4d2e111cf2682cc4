// A Network over this host's TCP, for portals that real boards check in to, and for
// clients of them. For wall and paced worlds.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "rig/core/network.hpp"

namespace lockrig::io {

class SocketNetwork final : public Network {
 public:
  using Name = std::pair<std::string, int>;  // host and port, as locks know them
  /// Where a name is on this host: "127.0.0.1:18081" or "[::1]:0". Port 0 is one of the
  /// system's choice, the same for as long as the network lives.
  using Addresses = std::map<Name, std::string>;

  /// std::invalid_argument for an address that is none; only literals, no host names.
  /// `station` names the network in errors. The world outlives the network.
  SocketNetwork(World& world, std::string station, const Addresses& addresses);
  ~SocketNetwork() override;

  /// Null when refused, timed out or the link is down. std::invalid_argument for a name
  /// without an address.
  Task<std::unique_ptr<ByteStream>> connect(std::string host, int port,
                                            Instant until) override;
  /// RigError for an address that another program has or that is not this host's;
  /// std::invalid_argument for a name without one. accept() throws RigError when the
  /// system gives no more connections. The network outlives the listener.
  std::unique_ptr<Listener> listen(std::string host, int port) override;

  /// Down: every connection is reset, and what connects is closed at once.
  void set_link(bool up) override;
  bool link_up() const override;

  /// The TCP port behind a name; 0 before the first listen() to a port 0.
  int port(const std::string& host, int port) const;

 private:
  class Connection;
  class Port;
  struct State;
  std::shared_ptr<State> state_;  // connections may outlive the network
};

}  // namespace lockrig::io
