#include "threads.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "rig/trial/reference.hpp"
#include "subject.hpp"

extern char** environ;

namespace lockrig {
namespace {

using trial::Verdict;

constexpr std::size_t kWorkers = 2;
constexpr std::size_t kForks = 400;
constexpr int kPairs = 5;

/// Some forks of a whole update, spread over it.
std::vector<trial::Fork> some_forks() {
  constexpr double kFraction = 0.3;
  const trial::Reference reference =
      trial::take_reference(update(), {}, bench_under_test(), baselines());
  std::vector<trial::Fork> some;
  for (std::size_t i = 0; i < kForks; ++i) {
    const std::size_t moment = i * reference.moments.size() / kForks;
    some.push_back(
        reference.fork(reference.spec(moment, kFraction), moment, kFraction));
  }
  return some;
}

void must_recover(const trial::TrialRecord& record) {
  if (record.verdict != Verdict::recovered) {
    throw std::runtime_error("a trial did not recover: " + record.note);
  }
}

/// A child that works, and the pipes to it.
class Worker {
 public:
  Worker(const std::string& kind, std::size_t first, std::size_t threads) {
    int to[2], from[2];
    if (pipe(to) != 0 || pipe(from) != 0) throw std::runtime_error("no pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
    for (const int end : {to[0], to[1], from[0], from[1]}) {
      posix_spawn_file_actions_addclose(&actions, end);
    }
    std::string arguments[] = {"lockrig_benchmark", kWork, kind, std::to_string(first),
                               std::to_string(threads)};
    std::vector<char*> argv;
    for (std::string& each : arguments) argv.push_back(each.data());
    argv.push_back(nullptr);
    const int failed =
        posix_spawn(&child_, "/proc/self/exe", &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(to[0]);
    close(from[1]);
    to_ = to[1];
    from_ = from[0];
    if (failed != 0) throw std::runtime_error("no process");
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    close(to_);
    close(from_);
    if (child_ > 0) waitpid(child_, nullptr, 0);
  }

  void hear() {
    char byte = 0;
    if (read(from_, &byte, 1) != 1) throw std::runtime_error("a worker has failed");
  }
  void begin() {
    if (write(to_, "b", 1) != 1) throw std::runtime_error("a worker has gone");
  }

 private:
  pid_t child_ = -1;
  int to_ = -1;
  int from_ = -1;
};

double seconds(const std::string& kind, std::size_t processes) {
  const std::size_t threads = kWorkers / processes;
  std::vector<std::unique_ptr<Worker>> workers;
  for (std::size_t i = 0; i < processes; ++i) {
    workers.push_back(std::make_unique<Worker>(kind, i * threads, threads));
  }
  for (const auto& worker : workers) worker->hear();
  const auto began = std::chrono::steady_clock::now();
  for (const auto& worker : workers) worker->begin();
  for (const auto& worker : workers) worker->hear();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began)
      .count();
}

}  // namespace

int work(int argc, char** argv) {
  if (argc != 5) return 2;
  const bool forked = std::string(argv[2]) == "forked";
  const auto first = static_cast<std::size_t>(std::atoi(argv[3]));
  const int threads = std::atoi(argv[4]);
  const std::vector<trial::Fork> forks =
      forked ? some_forks() : std::vector<trial::Fork>{};
  const std::size_t count = forked ? forks.size() : kCuts;
  const auto run = [&](std::size_t i) {
    must_recover(
        forked ? trial::run_fork(forks[i], bench_under_test())
               : trial::run_trial(cut_update(i), bench_under_test(), baselines()));
  };
  // Everybody has run one trial, so that what a thread remembers is there.
  std::barrier gate(threads + 1);
  std::vector<std::jthread> team;
  for (int t = 0; t < threads; ++t) {
    team.emplace_back([&, own = first + static_cast<std::size_t>(t)] {
      run(own);
      gate.arrive_and_wait();
      gate.arrive_and_wait();
      for (std::size_t i = own; i < count; i += kWorkers) run(i);
    });
  }
  gate.arrive_and_wait();
  char byte = 'r';
  if (write(STDOUT_FILENO, &byte, 1) != 1 || read(STDIN_FILENO, &byte, 1) != 1)
    _exit(1);
  gate.arrive_and_wait();
  team.clear();
  return write(STDOUT_FILENO, &byte, 1) == 1 ? 0 : 1;
}

double threads_over_processes(const std::string& kind) {
  std::vector<double> ratios;
  for (int i = 0; i < kPairs; ++i) {
    const double one = seconds(kind, 1);
    const double two = seconds(kind, kWorkers);
    ratios.push_back(two / one);
  }
  std::sort(ratios.begin(), ratios.end());
  return ratios[kPairs / 2];
}

}  // namespace lockrig
