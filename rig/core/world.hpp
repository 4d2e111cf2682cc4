// The executor, the clock and the trace of one bench, and everything that waits in it.
//
// Simulated time: the world runs what is ready, then jumps to the earliest wake-up.
// Ties resolve by order of insertion, so that the same seed gives the same trace. Paced
// time is simulated time that never runs ahead of the wall. Wall time is the host's.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rig/core/trace.hpp"
#include "rig/core/units.hpp"

namespace boost::asio {
class io_context;
}

namespace lockrig {

template <typename T = void>
using Task = boost::asio::awaitable<T>;

class Life;
class Signal;
class World;

/// Says what a wait is for, so that a limit that is hit can list who waits for what.
struct Label {
  // NOLINTNEXTLINE(google-explicit-constructor): written at every call site.
  Label(const char* text, std::source_location at = std::source_location::current())
      : what(text), where(at) {}

  const char* what;
  std::source_location where;
};

/// A call into a world ran into its limit. The message lists every wait of the world.
class LimitReached : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// One sleeper: a coroutine or a timer, in the world's queue. Used by World, Signal,
/// Life.
class Wait {
 public:
  Wait(World& world, Label label) : world_(world), label_(label) {}
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;
  virtual ~Wait();

 protected:
  friend class World;
  friend class Signal;
  friend class Life;
  friend class Suspension;

  /// Called once, off the queue; a coroutine's wait deletes itself here.
  virtual void resume(bool notified) = 0;

  void join(Life& life);
  void enqueue(Instant due);
  void dequeue();
  void leave_signal();

  World& world_;
  Label label_;
  Instant due_ = kNever;
  std::uint64_t order_ = 0;
  bool queued_ = false;  // not while it waits for ever
  bool notified_ = false;
  Life* life_ = nullptr;
  Wait* life_prev_ = nullptr;
  Wait* life_next_ = nullptr;
  Signal* signal_ = nullptr;
  Wait* signal_prev_ = nullptr;
  Wait* signal_next_ = nullptr;
};

/// A suspended coroutine. Owned by the life it waits in.
template <typename Handler>
class CoroutineWait final : public Wait {
 public:
  CoroutineWait(World& world, Label label, Handler handler)
      : Wait(world, label), handler_(std::move(handler)) {}

  // There are some thousand waits in a simulated minute, all of one size: the world
  // keeps their memory.
  static void* operator new(std::size_t size, World& world);
  static void operator delete(void* wait, World& world);
  static void operator delete(CoroutineWait* wait, std::destroying_delete_t);

 private:
  void resume(bool notified) override {
    Handler handler = std::move(handler_);
    delete this;
    std::move(handler)(notified);
  }
  Handler handler_;
};

/// What a coroutine awaits, at once: an asynchronous operation in Asio's sense, which
/// takes no frame of its own. True when notified, false when `until` came first.
class [[nodiscard]] Suspension {
 public:
  /// Of no signal when that is nullptr.
  Suspension(World& world, Signal* signal, Instant until, Label label)
      : world_(world), signal_(signal), until_(until), label_(label) {}

  template <boost::asio::completion_token_for<void(bool)> Token>
  auto operator()(Token&& token) const {
    return boost::asio::async_initiate<Token, void(bool)>(
        [](auto handler, const Suspension* self) {
          self->place(*new (self->world_) CoroutineWait<decltype(handler)>(
              self->world_, self->label_, std::move(handler)));
        },
        token, this);
  }

 private:
  void place(Wait& wait) const;

  World& world_;
  Signal* signal_;
  Instant until_;
  Label label_;
};

/// Coroutines that live and die together: the boot of a board, one call from outside.
/// Destroying it destroys whatever waits in it: nothing is cancelled, thrown or caught.
class Life {
 public:
  Life(World& world, std::string name);
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;
  ~Life();

  /// Starts a task at the current time, after what is ready already. An exception that
  /// leaves the task is the rig's own mistake and leaves the world's run().
  void spawn(Task<void> task);

  /// Keeps an object (the RAM that the tasks refer to) until the tasks are gone.
  void keep(std::shared_ptr<void> ram) { ram_.push_back(std::move(ram)); }

  World& world() { return world_; }
  const std::string& name() const { return name_; }

 private:
  friend class Wait;
  friend class World;
  void silence();

  World& world_;
  std::string name_;
  std::vector<std::shared_ptr<void>> ram_;
  std::unique_ptr<boost::asio::io_context> context_;
  Wait* waits_ = nullptr;
  Life* prev_ = nullptr;
  Life* next_ = nullptr;
};

/// The host's calendar, "2026-11-22 21:04:05 UTC": for people and for files that
/// outlive a run, never for what happens in a world.
std::string utc_text();

/// How the world's time passes.
enum class Pace { simulated, paced, wall };

/// The one source of time. Belongs to its World, which alone moves it.
class Clock {
 public:
  explicit Clock(Pace pace);

  Pace pace() const { return pace_; }
  Instant now() const { return pace_ == Pace::wall ? wall() : now_; }
  /// How late the world woke at worst, in paced and wall time. Reported, never
  /// modelled.
  Duration worst_lateness() const { return worst_lateness_; }

 private:
  friend class World;
  Instant wall() const;

  Pace pace_;
  Duration wall_start_;
  Instant now_{};
  Duration worst_lateness_{};
};

/// REQUIRES: used by one thread at a time; the thread inside a call owns it.
/// Independent worlds run in parallel threads.
class World {
 public:
  explicit World(std::uint64_t seed, Pace pace = Pace::simulated);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  Instant now() const { return clock_.now(); }
  const Clock& clock() const { return clock_; }
  Trace& trace() { return trace_; }
  /// The seed of everything random in this world; printed with every failure.
  std::uint64_t seed() const { return seed_; }

  /// Runs a task from outside to its end, and returns what it returns.
  /// Throws LimitReached after `limit` of the world's time; the task is then destroyed.
  template <typename T>
  T run(Task<T> task, Duration limit, Label label) {
    std::optional<T> result;
    run_until_done(store(std::move(task), result), limit, label);
    return std::move(*result);
  }
  void run(Task<void> task, Duration limit, Label label) {
    run_until_done(std::move(task), limit, label);
  }

  /// Suspends the caller. Only inside a task of this world.
  Task<void> sleep_until(Instant due, Label label);
  Task<void> sleep_for(Duration d, Label label) {
    return sleep_until(now() + d, label);
  }
  /// The same for a moment that skip_to() has refused, without a frame of its own:
  /// `if (!world.skip_to(due)) co_await world.wake_at(due, "...");`
  Suspension wake_at(Instant due, Label label) { return {*this, nullptr, due, label}; }
  /// Suspends the caller for good: a boot that lost its power in mid-operation.
  Task<void> never();

  /// Moves a simulated clock on without suspending, when nothing else is due before or
  /// at that moment: exactly what a sleep would have done, at a tenth of its cost.
  bool skip_to(Instant due) {
    if (due <= now()) return true;
    if (clock_.pace_ != Pace::simulated || spawned_ || due > run_until_) return false;
    if (!queue_.empty() && queue_.back().due <= due) return false;
    clock_.now_ = due;
    return true;
  }

  /// Ends a life once the running task has suspended; none of its tasks runs again.
  void end(std::unique_ptr<Life> life);

  /// For streams of the outside (paced and wall time only).
  boost::asio::io_context& outside();
  /// Asked some ten times a second while a call waits in paced or wall time. What it
  /// throws ends the call: how Ctrl-C reaches a world.
  void heed(std::function<void()> interrupt) { interrupt_ = std::move(interrupt); }

  /// One line a wait: what, where, since when due. For limits and failing tests.
  std::string waits() const;

 private:
  friend class Wait;
  friend class Life;
  friend class Signal;
  friend class Suspension;
  template <typename Handler>
  friend class CoroutineWait;

  struct Spare {
    Spare* next;
  };
  struct Appointment {
    Instant due;
    Wait* wait;
  };

  template <typename T>
  static Task<void> store(Task<T> task, std::optional<T>& result) {
    result.emplace(co_await std::move(task));
  }
  void run_until_done(Task<void> task, Duration limit, Label label);
  void start_spawned();
  bool step(Instant until);
  void let_outside_in(Instant due);

  void push(Wait& wait);
  void erase(Wait& wait);

  /// Memory for one wait.
  static constexpr std::size_t kWaitSize = 128;
  void* take_memory() {
    if (spare_ == nullptr) return ::operator new(kWaitSize);
    return std::exchange(spare_, spare_->next);
  }
  void give_back(void* memory) { spare_ = new (memory) Spare{spare_}; }

  std::uint64_t seed_;
  Clock clock_;
  Trace trace_;
  // Sorted, the next one last: of those due at one moment, who came first. A bench has
  // some ten: nothing is quicker.
  std::vector<Appointment> queue_;
  std::uint64_t order_ = 0;
  Spare* spare_ = nullptr;
  Life* lives_ = nullptr;
  Life* current_ = nullptr;
  bool spawned_ = false;
  Instant run_until_ = kNever;
  std::vector<std::unique_ptr<Life>> ended_;
  std::exception_ptr failure_;
  std::unique_ptr<boost::asio::io_context> outside_;
  std::function<void()> interrupt_;
  Instant heeded_{};
};

/// Wakes whoever waits for something to change. The waiter checks its condition anew:
/// `while (!ready()) if (!co_await changed.wait(until, "...")) return timed_out;`
class Signal {
 public:
  explicit Signal(World& world) : world_(world) {}
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  ~Signal();

  /// To be awaited. True when notified, false when `until` came first. The label names
  /// the wait.
  Suspension wait(Instant until, Label label) { return {world_, this, until, label}; }
  /// Waiters run at the current time, in the order in which they began to wait.
  void notify() {
    if (first_ != nullptr) wake_all();
  }
  bool awaited() const { return first_ != nullptr; }

 private:
  friend class Wait;
  friend class Suspension;
  void wake_all();

  World& world_;
  Wait* first_ = nullptr;
  Wait* last_ = nullptr;
};

/// Calls back at a moment; for models of physical things. Its owner destroys it.
class Timer final : private Wait {
 public:
  Timer(World& world, Label label, std::function<void()> callback)
      : Wait(world, label), callback_(std::move(callback)) {}
  ~Timer() override { cancel(); }

  /// Replaces an earlier appointment.
  void at(Instant due);
  void cancel() { dequeue(); }
  bool armed() const { return queued_; }

 private:
  void resume(bool) override { callback_(); }
  std::function<void()> callback_;
};

template <typename Handler>
void* CoroutineWait<Handler>::operator new(std::size_t, World& world) {
  static_assert(sizeof(CoroutineWait) <= World::kWaitSize);
  return world.take_memory();
}

template <typename Handler>
void CoroutineWait<Handler>::operator delete(void* wait, World& world) {
  world.give_back(wait);
}

template <typename Handler>
void CoroutineWait<Handler>::operator delete(CoroutineWait* wait,
                                             std::destroying_delete_t) {
  World& world = wait->world_;
  wait->~CoroutineWait();
  world.give_back(wait);
}

}  // namespace lockrig
