// A program that runs as a board: started when power comes, killed when it goes, with
// all that it started itself.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rig/core/world.hpp"

namespace lockrig::program {

struct Command {
  /// The first is looked for in $PATH unless it has a slash.
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;  // on top of the rig's own
  std::filesystem::path folder;                    // that it runs in
};

/// For paced and wall worlds. Should the rig die, the kernel kills the program.
class Child {
 public:
  /// `in_out` becomes its standard input and output, `errors` its standard error; both
  /// stay the caller's. With `terminal`, `in_out` is its controlling terminal. It leads
  /// a session and a process group of its own. `ended` is called when it ends by
  /// itself, out of World::outside(), with its exit status, or 128 and the number of
  /// the signal that killed it.
  /// std::system_error if it cannot be started.
  Child(World& world, const Command& command, int in_out, int errors, bool terminal,
        std::function<void(int status)> ended);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  /// SIGKILL to the whole group; returns when the program is no more.
  ~Child();

  pid_t pid() const { return pid_; }

 private:
  struct Watch;
  int reap();

  pid_t pid_ = -1;
  bool reaped_ = false;
  std::shared_ptr<Watch> watch_;
};

}  // namespace lockrig::program
