// The hand on a rehearsal: a Unix socket that takes one command a line and answers each
// with one line, "ok ..." or "error ...".
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "rig/io/fd_stream.hpp"

namespace lockrig::rehearsal {

class ControlServer {
 public:
  using Words = std::vector<std::string>;
  /// What stands behind "ok"; throws what stands behind "error". Runs in a task of the
  /// world.
  using Command = std::function<std::string(const Words&)>;

  /// Listens from now on. std::system_error if the path cannot be bound.
  ControlServer(World& world, std::string path, Command command);
  /// Removes the socket.
  ~ControlServer();

  const std::string& path() const { return path_; }

 private:
  struct Listener;
  struct Connection;
  void accept();
  Task<void> serve(Connection& connection);

  World& world_;
  std::string path_;
  Command command_;
  std::shared_ptr<Listener> listener_;
  std::list<Connection> connections_;
};

/// The other side: sends one command and returns the answer's line.
/// std::system_error if nobody listens there.
std::string ask(const std::string& path, const ControlServer::Words& command);

}  // namespace lockrig::rehearsal
