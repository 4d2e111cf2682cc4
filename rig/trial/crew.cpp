#include "rig/trial/crew.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace lockrig::trial {
namespace {

// A batch is committed at least this often (design: 0.2 s).
constexpr auto kBatchEvery = std::chrono::milliseconds(150);
// Some seconds of two cores' work; a writer that is slower than that holds them up.
constexpr std::size_t kMostWaiting = 4096;

class Crew {
 public:
  Crew(std::uint64_t jobs, const Judge& judge) : jobs_(jobs), judge_(judge) {}

  void work() {
    try {
      for (std::uint64_t i = next_++; i < jobs_ && !stop_; i = next_++) {
        Finished finished{i, judge_(i)};
        std::unique_lock guard(mutex_);
        room_.wait(guard, [this] { return finished_.size() < kMostWaiting || stop_; });
        finished_.push_back(std::move(finished));
        if (++done_ == jobs_) changed_.notify_one();
      }
    } catch (...) {
      const std::lock_guard guard(mutex_);
      failure_ = std::current_exception();
      stop();
      changed_.notify_one();
    }
  }

  /// The batch that has come together; `more` says whether another will.
  std::vector<Finished> take(bool& more) {
    std::unique_lock guard(mutex_);
    changed_.wait_for(guard, kBatchEvery, [&] { return done_ == jobs_ || failure_; });
    more = done_ < jobs_ && !failure_;
    room_.notify_all();
    return std::exchange(finished_, {});
  }

  void stop() {
    stop_ = true;
    room_.notify_all();
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  const std::uint64_t jobs_;
  const Judge& judge_;
  std::atomic<std::uint64_t> next_ = 0;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable room_;
  std::vector<Finished> finished_;
  std::uint64_t done_ = 0;
  std::exception_ptr failure_;
};

}  // namespace

bool work(std::uint64_t jobs, unsigned workers, const Judge& judge,
          const HandIn& hand_in) {
  Crew crew(jobs, judge);
  bool more = jobs > 0;
  bool go_on = true;
  {
    std::vector<std::jthread> threads;
    // Joined before the crew goes, whatever ends the round.
    struct Stop {
      Crew& crew;
      ~Stop() { crew.stop(); }
    } const stop{crew};
    const std::uint64_t most = std::min<std::uint64_t>(std::max(workers, 1u), jobs);
    for (std::uint64_t i = 0; i < most; ++i) {
      threads.emplace_back([&crew] { crew.work(); });
    }
    while (more && go_on) go_on = hand_in(crew.take(more));
  }
  crew.rethrow();
  if (!more) return true;
  // What was under way when it was ended has been judged, and counts.
  hand_in(crew.take(more));
  return false;
}

}  // namespace lockrig::trial
