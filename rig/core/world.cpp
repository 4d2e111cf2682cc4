#include "rig/core/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cassert>
#include <chrono>
#include <ctime>
#include <tuple>

namespace lockrig {
namespace asio = boost::asio;

namespace {

// A person who presses Ctrl-C does not notice a tenth of a second.
constexpr Duration kHeedPeriod = 100ms;

// Not inlined: a step seldom has a life to end, and would save registers for it.
[[gnu::noinline]] void destroy(std::vector<std::unique_ptr<Life>>& lives) {
  lives.clear();
}

}  // namespace

std::string utc_text() {
  const std::time_t now =
      std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &utc);
  return text;
}

Clock::Clock(Pace pace)
    : pace_(pace), wall_start_(std::chrono::steady_clock::now().time_since_epoch()) {}

Instant Clock::wall() const {
  return Instant(std::chrono::steady_clock::now().time_since_epoch() - wall_start_);
}

Wait::~Wait() {
  dequeue();
  leave_signal();
  if (life_ != nullptr) {
    (life_prev_ != nullptr ? life_prev_->life_next_ : life_->waits_) = life_next_;
    if (life_next_ != nullptr) life_next_->life_prev_ = life_prev_;
  }
}

void Wait::join(Life& life) {
  life_ = &life;
  life_next_ = life.waits_;
  if (life_next_ != nullptr) life_next_->life_prev_ = this;
  life.waits_ = this;
}

void Wait::enqueue(Instant due) {
  dequeue();
  due_ = due;
  order_ = world_.order_++;
  if (due != kNever) world_.push(*this);
}

void Wait::dequeue() {
  if (queued_) world_.erase(*this);
}

void Wait::leave_signal() {
  if (signal_ == nullptr) return;
  (signal_prev_ != nullptr ? signal_prev_->signal_next_ : signal_->first_) =
      signal_next_;
  (signal_next_ != nullptr ? signal_next_->signal_prev_ : signal_->last_) =
      signal_prev_;
  signal_ = nullptr;
  signal_prev_ = signal_next_ = nullptr;
}

Life::Life(World& world, std::string name)
    : world_(world),
      name_(std::move(name)),
      context_(std::make_unique<asio::io_context>(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE)) {
  next_ = world_.lives_;
  if (next_ != nullptr) next_->prev_ = this;
  world_.lives_ = this;
  // The context outlives every poll without work; it is never told to stop.
  context_->get_executor().on_work_started();
}

Life::~Life() {
  silence();
  (prev_ != nullptr ? prev_->next_ : world_.lives_) = next_;
  if (next_ != nullptr) next_->prev_ = prev_;
  while (waits_ != nullptr) delete waits_;
  context_.reset();
}

void Life::silence() {
  for (Wait* wait = waits_; wait != nullptr; wait = wait->life_next_) {
    wait->dequeue();
    wait->leave_signal();
  }
}

void Life::spawn(Task<void> task) {
  world_.spawned_ = true;
  // Caught inside the coroutine: co_spawn's own completion would be posted to the
  // context, which is not polled again after a wait has been resumed.
  asio::co_spawn(
      *context_,
      [](World& world, Task<void> body) -> Task<void> {
        try {
          co_await std::move(body);
        } catch (...) {
          if (!world.failure_) world.failure_ = std::current_exception();
        }
      }(world_, std::move(task)),
      [](std::exception_ptr) {});
}

World::World(std::uint64_t seed, Pace pace) : seed_(seed), clock_(pace) {}

World::~World() {
  ended_.clear();
  assert(lives_ == nullptr && "a life outlives its world");
  while (spare_ != nullptr) ::operator delete(std::exchange(spare_, spare_->next));
}

void Suspension::place(Wait& wait) const {
  wait.join(*world_.current_);
  if (signal_ != nullptr) {
    wait.signal_ = signal_;
    wait.signal_prev_ = signal_->last_;
    (signal_->last_ != nullptr ? signal_->last_->signal_next_ : signal_->first_) =
        &wait;
    signal_->last_ = &wait;
  }
  wait.enqueue(until_);
}

Task<void> World::sleep_until(Instant due, Label label) {
  if (skip_to(due)) co_return;
  co_await Suspension(*this, nullptr, due, label);
}

Task<void> World::never() {
  for (;;) co_await sleep_until(kNever, "nothing: its power is gone");
}

void World::end(std::unique_ptr<Life> life) {
  if (life == nullptr) return;
  life->silence();
  ended_.push_back(std::move(life));
}

asio::io_context& World::outside() {
  assert(clock_.pace_ != Pace::simulated && "a simulated world has no outside");
  if (!outside_) outside_ = std::make_unique<asio::io_context>();
  return *outside_;
}

std::string World::waits() const {
  std::vector<const Wait*> sorted;
  for (const Appointment& each : queue_) sorted.push_back(each.wait);
  for (const Life* life = lives_; life != nullptr; life = life->next_) {
    for (const Wait* wait = life->waits_; wait != nullptr; wait = wait->life_next_) {
      if (!wait->queued_) sorted.push_back(wait);
    }
  }
  std::sort(sorted.begin(), sorted.end(), [](const Wait* a, const Wait* b) {
    return std::tie(a->due_, a->order_) < std::tie(b->due_, b->order_);
  });
  std::string text;
  for (const Wait* wait : sorted) {
    const std::string_view file = wait->label_.where.file_name();
    const std::string due = wait->due_ == kNever
                                ? "for ever"
                                : fmt::format("until {:.6f} s", to_seconds(wait->due_));
    text += fmt::format("  {}: {} {} ({}:{})\n",
                        wait->life_ != nullptr ? wait->life_->name() : "model",
                        wait->label_.what, due, file.substr(file.rfind('/') + 1),
                        wait->label_.where.line());
  }
  return text;
}

void World::run_until_done(Task<void> task, Duration limit, Label label) {
  const Instant outer = run_until_;
  const Instant until = now() + limit;
  Life call(*this, label.what);
  bool done = false;
  call.spawn([](Task<void> body, bool& finished) -> Task<void> {
    co_await std::move(body);
    finished = true;
  }(std::move(task), done));
  run_until_ = until;
  // Inside a handler Asio recycles the frames of coroutines; outside each is a call of
  // malloc and free.
  asio::io_context loop(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE);
  asio::post(loop, [&] {
    bool more = true;
    while (!done && !failure_ && more) more = step(until);
  });
  try {
    loop.poll();
  } catch (...) {
    run_until_ = outer;
    current_ = nullptr;
    throw;
  }
  run_until_ = outer;
  current_ = nullptr;
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  if (done) return;
  throw LimitReached(
      fmt::format("{} ran into its limit of {:.3f} s at {:.6f} s; "
                  "waiting:\n{}",
                  label.what, to_seconds(limit), to_seconds(now()), waits()));
}

void World::start_spawned() {
  // `spawned_` stays set, so that no task skips time past one that has not begun.
  for (bool more = true; more;) {
    more = false;
    for (Life* life = lives_; life != nullptr; life = life->next_) {
      current_ = life;
      if (life->context_->poll() > 0) more = true;
    }
    current_ = nullptr;
    ended_.clear();
  }
  spawned_ = false;
}

bool World::step(Instant until) {
  if (spawned_) {
    start_spawned();
    return true;
  }
  const Instant due = queue_.empty() ? kNever : queue_.back().due;
  if (clock_.pace_ != Pace::simulated) {
    if (clock_.wall() < due && clock_.wall() < until) {
      let_outside_in(std::min(due, until));
      return true;
    }
    if (due <= until) {
      clock_.worst_lateness_ =
          std::max(clock_.worst_lateness_, clock_.wall() - std::max(due, clock_.now_));
    }
  }
  if (due > until || due == kNever) {
    clock_.now_ = std::max(clock_.now_, until);
    return false;
  }
  Wait& wait = *queue_.back().wait;
  queue_.pop_back();
  wait.queued_ = false;
  clock_.now_ = std::max(clock_.now_, due);
  current_ = wait.life_;
  if (wait.signal_ != nullptr) wait.leave_signal();
  wait.resume(wait.notified_);
  current_ = nullptr;
  if (!ended_.empty()) destroy(ended_);
  return true;
}

void World::let_outside_in(Instant due) {
  if (interrupt_ && clock_.wall() - heeded_ >= kHeedPeriod) {
    heeded_ = clock_.wall();
    interrupt_();
  }
  const Duration ahead = due == kNever ? kHeedPeriod : due - clock_.wall();
  auto& context = outside();
  context.restart();
  auto guard = asio::make_work_guard(context);
  context.run_one_for(std::min(ahead, kHeedPeriod));
  // Bytes of the outside enter at the current time, never later than the next wake-up.
  clock_.now_ = std::max(clock_.now_, std::min(due, clock_.wall()));
}

void World::push(Wait& wait) {
  queue_.push_back({wait.due_, &wait});
  Appointment* place = &queue_.back();
  for (; place != queue_.data() && place[-1].due <= wait.due_; --place) {
    place[0] = place[-1];
  }
  *place = {wait.due_, &wait};
  wait.queued_ = true;
}

void World::erase(Wait& wait) {
  std::size_t place = queue_.size() - 1;
  while (queue_[place].wait != &wait) --place;
  queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(place));
  wait.queued_ = false;
}

Signal::~Signal() {
  while (first_ != nullptr) first_->leave_signal();
}

void Signal::wake_all() {
  while (first_ != nullptr) {
    Wait& wait = *first_;
    wait.leave_signal();
    wait.notified_ = true;
    wait.enqueue(world_.now());
  }
}

void Timer::at(Instant due) { enqueue(due); }

}  // namespace lockrig
