#include "tests/rehearsal/program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "rig/rehearsal/control.hpp"

extern char** environ;

namespace lockrig::rehearsal {

Program::Program(const std::vector<std::string>& arguments) {
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) {
    throw std::runtime_error("no pipes");
  }
  std::vector<std::string> words = {LOCKRIG_PROGRAMS "/lockrig_rehearsal"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  // The emulator itself must see the real /dev.
  std::vector<char*> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!text.starts_with("LD_PRELOAD=") && !text.starts_with("UMOCKDEV_DIR=")) {
      environment.push_back(*entry);
    }
  }
  environment.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  const int error = posix_spawn(&pid_, words[0].c_str(), &actions, nullptr, argv.data(),
                                environment.data());
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  input_ = in[1];
  output_ = out[0];
  if (error != 0) throw std::runtime_error(words[0] + " does not start");
  for (char c; ::read(output_, &c, 1) == 1 && c != '\n';) first_line_ += c;
  if (first_line_.empty()) throw std::runtime_error(words[0] + " says nothing");
}

Program::~Program() {
  ::close(input_);
  if (pid_ > 0) end(SIGTERM);
  ::close(output_);
}

int Program::wait() {
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int Program::end(int signal) {
  kill(pid_, signal);
  return wait();
}

BusProgram::BusProgram(const std::vector<std::string>& arguments)
    : program_(arguments) {
  const auto line = nlohmann::json::parse(program_.first_line());
  control_ = line["control"];
  setenv("UMOCKDEV_DIR", line["umockdev_dir"].get<std::string>().c_str(), 1);
}

BusProgram::~BusProgram() { unsetenv("UMOCKDEV_DIR"); }

std::string BusProgram::control(const std::vector<std::string>& command) const {
  const std::string answer = ask(control_, command);
  if (!answer.starts_with("ok")) throw std::runtime_error(answer);
  return answer.size() > 3 ? answer.substr(3) : "";
}

}  // namespace lockrig::rehearsal
