#include "rig/station/pump.hpp"

#include <array>
#include <stdexcept>
#include <utility>

namespace lockrig::station {
namespace {

constexpr std::size_t kSteps = 6;
constexpr std::size_t kWaitedStep = 2;
static_assert(Pump::kShortestChunk * (1 << (kSteps - 1)) == Pump::kLongestChunk);
static_assert(Pump::kShortestChunk * (1 << kWaitedStep) == Pump::kWaitedChunk);

constexpr std::size_t kSmallestFifo = 256;

mpsse::Compiled sampling(Duration period, Duration total) {
  return compile(mpsse::Waveform().sample_every(period, total), Pump::kClock);
}

/// The same for every station and world.
const std::array<mpsse::Compiled, kSteps>& chunks() {
  static const auto all = [] {
    std::array<mpsse::Compiled, kSteps> each;
    for (std::size_t i = 0; i < kSteps; ++i) {
      each[i] = sampling(Pump::kSamplePeriod, Pump::kShortestChunk * (1 << i));
    }
    return each;
  }();
  return all;
}

bool waits_in_front_only(ByteView commands) {
  bool in_front = true;
  while (const auto command = mpsse::next(commands)) {
    const bool waits = command->kind == mpsse::Command::Kind::wait_gpiol1_high ||
                       command->kind == mpsse::Command::Kind::wait_gpiol1_low;
    if (waits && !in_front) return false;
    in_front = waits;
  }
  return true;
}

}  // namespace

Pump::Job::Job(Pump& owner, Build make, std::optional<Instant> until)
    : pump(owner), build(std::move(make)), edge_until(until) {
  pump.queue_.push_back(this);
  pump.wake_.notify();
}

Pump::Job::~Job() {
  std::erase(pump.queue_, this);
  if (pump.running_ == this) pump.running_ = nullptr;
  for (Flight& each : pump.flights_) {
    if (each.job == this) each.job = nullptr;
  }
}

Pump::Pump(World& world, FtdiChannel& channel, std::string station, mpsse::Pins idle,
           GpioOptions options, User& user)
    : world_(world),
      channel_(channel),
      station_(std::move(station)),
      idle_(idle),
      options_(options),
      user_(user),
      dead_man_(channel, idle.value),
      failure_(std::make_exception_ptr(
          std::invalid_argument("station " + station_ + ", gpio: not open"))),
      progress_(world),
      wake_(world),
      sent_(world),
      watchdog_(world, "the FTDI chip's answer", [this] {
        fail(std::make_exception_ptr(error("no answer")));
        world_.end(std::move(life_));
      }) {
  if (options.lead < Duration::zero() || options.fifo_bytes < kSmallestFifo ||
      options.attentive_poll <= Duration::zero() ||
      options.unwatched_poll <= Duration::zero()) {
    throw std::invalid_argument("station " + station_ +
                                ", gpio: options that cannot be");
  }
  longest_step_ = kSteps - 1;
  while (chunks()[longest_step_].commands.size() > options.fifo_bytes / kPartsInFifo) {
    --longest_step_;
  }
}

RigError Pump::error(const std::string& what) const {
  return RigError(station_, "gpio", what + " while " + doing_,
                  "the FTDI chip's USB cable and hub, and who else uses its channel");
}

void Pump::check_all() const {
  check();
  if (first_failure_) std::rethrow_exception(first_failure_);
}

void Pump::fail(std::exception_ptr failure) {
  failure_ = std::move(failure);
  if (!first_failure_) first_failure_ = failure_;
  running_ = nullptr;
  watchdog_.cancel();
  user_.failed();
  progress_.notify();
}

void Pump::end_job(Job* job, std::exception_ptr failure) {
  if (job == nullptr) return;
  job->failure = std::move(failure);
  job->ended = true;
}

Task<void> Pump::open() {
  failure_ = nullptr;
  opened_ = false;
  watchdog_.cancel();
  if (running_ != nullptr || !flights_.empty()) {
    const auto anew = std::make_exception_ptr(error("opened anew"));
    end_job(std::exchange(running_, nullptr), anew);
    for (Flight& each : flights_) end_job(std::exchange(each.job, nullptr), anew);
    progress_.notify();
  }
  life_ = std::make_unique<Life>(world_, station_ + " gpio");
  life_->spawn(work());
  while (!opened_) {
    co_await progress_.wait(kNever, "the FTDI chip to be ready");
    check();
  }
}

Task<void> Pump::work() {
  std::exception_ptr failure;
  try {
    co_await set_up();
    if (options_.lead > Duration::zero()) co_await stream();
    for (;;) {
      if (const auto* what = take_up()) co_await exchange(what);
      co_await exchange_armed();
    }
  } catch (...) {
    failure = std::current_exception();
  }
  fail(std::move(failure));
  if (options_.lead > Duration::zero()) world_.end(std::move(life_));
}

/// What the chip shall do now; nullptr when that is to wait for a pin.
const mpsse::Compiled* Pump::take_up() {
  if (!take_job()) {
    doing_ = "sampling";
    return &next_chunk();
  }
  if (commanded_.waits_for_pin) return nullptr;
  doing_ = "running a waveform";
  dead_man_.arm(ahead_, begin() + commanded_.length);
  return &commanded_;
}

bool Pump::take_job() {
  while (!queue_.empty()) {
    Job& job = *queue_.front();
    queue_.pop_front();
    settle_dead_man();
    try {
      mpsse::Waveform waveform = job.build(ahead_);
      commanded_ = compile(waveform.sample(), kClock);
      check_commanded(job);
      ahead_ = *commanded_.left;
      running_ = &job;
      return true;
    } catch (...) {
      end_job(&job, std::current_exception());
      progress_.notify();
    }
  }
  return false;
}

void Pump::check_commanded(const Job& job) const {
  if (commanded_.left !=
      mpsse::Pins{commanded_.left.value_or(ahead_).value, idle_.direction}) {
    throw std::invalid_argument("the waveform drives an input");
  }
  if (commanded_.waits_for_pin != job.edge_until.has_value()) {
    throw std::invalid_argument(commanded_.waits_for_pin
                                    ? "the waveform waits for a pin"
                                    : "the waveform waits for no pin");
  }
  if (!commanded_.waits_for_pin) return;
  if (!waits_in_front_only(commanded_.commands)) {
    throw std::invalid_argument("a waveform waits for a pin before all else");
  }
  if (dead_man_.pending()) {
    throw std::invalid_argument("a chip that waits for a pin cannot let a key go");
  }
  if (commanded_.commands.size() > options_.fifo_bytes) {
    throw std::invalid_argument("a waveform that waits does not fit the chip");
  }
}

const mpsse::Compiled& Pump::next_chunk() {
  if (attention_ > 0) {
    // Compiled here and not when asked for: the chunk under way may be the one before.
    if (attentive_.length != attentive_chunk_) {
      attentive_ = sampling(kAttentivePeriod, attentive_chunk_);
    }
    return attentive_;
  }
  const std::size_t longest =
      waiting_ > 0 ? std::min(kWaitedStep, longest_step_) : longest_step_;
  step_ = stirred_ ? 0 : std::min(step_ + 1, longest);
  stirred_ = false;
  return chunks()[step_];
}

void Pump::land(const mpsse::Compiled& compiled, ByteView reply, Instant start,
                Job* job, bool commanded, std::exception_ptr failure) {
  if (commanded) {
    user_.drove(compiled, start, pins_.value);
    pins_ = *compiled.left;
    stirred_ = true;
    if (job != nullptr) {
      job->start = start;
      for (std::size_t i = 0; job->reads != nullptr && i + 1 < reply.size(); i += 2) {
        job->reads->push_back(static_cast<std::uint16_t>(reply[i] | reply[i + 1] << 8));
      }
    }
    end_job(job, std::move(failure));
  }
  settle_dead_man();
  user_.saw(compiled, reply, start, start + compiled.length);
  progress_.notify();
}

void Pump::settle_dead_man() {
  if (!dead_man_.acted(world_.now())) return;
  ahead_.value = dead_man_.let_go(ahead_.value);
  // What is on its way comes before it, in the chip and so in the trace.
  for (const Flight& each : flights_) {
    if (each.commanded) return;
  }
  if (const std::uint16_t after = dead_man_.let_go(pins_.value); after != pins_.value) {
    let_go_at_ = dead_man_.due();
    user_.let_go(*let_go_at_, pins_.value, after);
    pins_.value = after;
  }
  dead_man_.forget();
}

mpsse::Pins Pump::pins() const {
  if (!dead_man_.acted(world_.now())) return pins_;
  return {dead_man_.let_go(pins_.value), pins_.direction};
}

std::optional<Instant> Pump::let_go_at() const {
  return pins() == pins_ ? let_go_at_ : dead_man_.due();
}

void Pump::attend(Duration chunk) {
  attentive_chunk_ = attention_ == 0 ? chunk : std::min(chunk, attentive_chunk_);
  ++attention_;
}

}  // namespace lockrig::station
