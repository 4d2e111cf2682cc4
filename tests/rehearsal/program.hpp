// lockrig_rehearsal as a child process of a test.
#pragma once

#include <string>
#include <vector>

namespace lockrig::rehearsal {

class Program {
 public:
  /// Runs until it has printed its first line. std::runtime_error, with what it said,
  /// if it ends before.
  explicit Program(const std::vector<std::string>& arguments);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  /// Ends it, and waits.
  ~Program();

  const std::string& first_line() const { return first_line_; }
  /// Sends a signal and waits; the exit status.
  int end(int signal);

 private:
  int wait();

  int pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  std::string first_line_;
};

/// The same with its bus, which this process is on as long as it lives.
class BusProgram {
 public:
  explicit BusProgram(const std::vector<std::string>& arguments);
  ~BusProgram();
  /// What stands behind "ok". std::runtime_error for an error.
  std::string control(const std::vector<std::string>& command) const;
  const std::string& control_path() const { return control_; }

 private:
  Program program_;
  std::string control_;
};

}  // namespace lockrig::rehearsal
