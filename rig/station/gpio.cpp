#include "rig/station/gpio.hpp"

#include <algorithm>
#include <bit>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace lockrig::station {
namespace {

constexpr mpsse::ChipClock kClock{};
static_assert(kClock.ticks_per_clock() * 1'000'000 == mpsse::kTicksPerSecond);

/// No command of any FTDI chip: it is answered by kBadCommand and itself.
constexpr std::uint8_t kNoCommand = 0xaa;

constexpr std::size_t kSteps = 6;
constexpr std::size_t kWaitedStep = 2;
static_assert(Gpio::kShortestChunk * (1 << (kSteps - 1)) == Gpio::kLongestChunk);
static_assert(Gpio::kShortestChunk * (1 << kWaitedStep) == Gpio::kWaitedChunk);

mpsse::Compiled sampling(Duration period, Duration total) {
  return compile(mpsse::Waveform().sample_every(period, total), kClock);
}

/// The same for every station and world.
const std::array<mpsse::Compiled, kSteps>& chunks() {
  static const auto all = [] {
    std::array<mpsse::Compiled, kSteps> each;
    for (std::size_t i = 0; i < kSteps; ++i) {
      each[i] = sampling(Gpio::kSamplePeriod, Gpio::kShortestChunk * (1 << i));
    }
    return each;
  }();
  return all;
}

bool chooses_key(const mpsse::Line& line) {
  constexpr std::string_view kNames[] = {"keypad_data", "keypad_clock", "keypad_latch",
                                         "key_a0",      "key_a1",       "key_a2",
                                         "key_a3"};
  return std::find(std::begin(kNames), std::end(kNames), line.name) != std::end(kNames);
}

void apply(Levels& levels, const Edge& edge) {
  const auto bit = static_cast<Levels>(1u << edge.line);
  levels = static_cast<Levels>(edge.active ? levels | bit : levels & ~bit);
}

}  // namespace

/// A waveform that somebody waits for; it lives in the caller's task.
struct Gpio::Job {
  Job(Gpio& owner, Build make) : gpio(owner), build(std::move(make)) {
    gpio.queue_.push_back(this);
  }
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  ~Job() {
    std::erase(gpio.queue_, this);
    if (gpio.running_ == this) gpio.running_ = nullptr;
  }

  Gpio& gpio;
  Build build;
  Instant start{};
  bool ended = false;
  std::exception_ptr failure;
};

struct Gpio::Waiting {
  explicit Waiting(Gpio& owner) : gpio(owner) {
    ++gpio.waiting_;
    gpio.stirred_ = true;
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() { --gpio.waiting_; }
  Gpio& gpio;
};

Gpio::Attention::Attention(Gpio& gpio, Duration chunk) : gpio_(gpio) {
  if (chunk < kAttentivePeriod || chunk % kAttentivePeriod != Duration::zero()) {
    throw std::invalid_argument("a chunk is a whole number of milliseconds");
  }
  gpio_.attentive_chunk_ =
      gpio_.attention_ == 0 ? chunk : std::min(chunk, gpio_.attentive_chunk_);
  ++gpio_.attention_;
}

Gpio::Attention::~Attention() {
  --gpio_.attention_;
  gpio_.stirred_ = true;
}

Gpio::Gpio(World& world, FtdiChannel& channel, std::string station,
           const mpsse::Wiring& wiring)
    : world_(world),
      channel_(channel),
      station_(std::move(station)),
      wiring_(wiring),
      failure_(std::make_exception_ptr(
          std::invalid_argument("station " + station_ + ", gpio: not open"))),
      progress_(world),
      watchdog_(world, "the FTDI chip's answer", [this] {
        fail(std::make_exception_ptr(error("no answer")));
        world_.end(std::move(life_));
      }) {
  lines_.fill(-1);
  int index = 0;
  for (const mpsse::Line& each : wiring_.lines()) {
    if (!each.output && each.name != "busy") sampled_pins_ |= each.mask();
    lines_[static_cast<std::size_t>(each.bit)] = static_cast<std::int8_t>(index++);
    if (!chooses_key(each)) traced_pins_ |= each.mask();
    channels_.push_back(world_.trace().channel(station_ + "/" + each.name));
  }
}

RigError Gpio::error(const std::string& what) const {
  return RigError(station_, "gpio", what + " while " + doing_,
                  "the FT2232H's USB cable and hub, and who else uses channel A");
}

void Gpio::check() const {
  if (failure_) std::rethrow_exception(failure_);
}

void Gpio::fail(std::exception_ptr failure) {
  failure_ = std::move(failure);
  running_ = nullptr;
  watchdog_.cancel();
  progress_.notify();
}

Task<void> Gpio::open() {
  failure_ = nullptr;
  opened_ = false;
  watchdog_.cancel();
  if (running_ != nullptr) {
    running_->failure = std::make_exception_ptr(error("opened anew"));
    running_->ended = true;
    running_ = nullptr;
    progress_.notify();
  }
  life_ = std::make_unique<Life>(world_, station_ + " gpio");
  life_->spawn(pump());
  while (!opened_) {
    co_await progress_.wait(kNever, "the FTDI chip to be ready");
    check();
  }
}

Task<void> Gpio::pump() {
  std::exception_ptr failure;
  try {
    co_await set_up();
    for (;;) {
      if (take_job()) {
        co_await exchange(commanded_, "running a waveform");
      } else {
        co_await exchange(next_chunk(), "sampling");
      }
    }
  } catch (...) {
    failure = std::current_exception();
  }
  fail(std::move(failure));
}

Task<void> Gpio::set_up() {
  doing_ = "entering MPSSE mode";
  watchdog_.at(world_.now() + kAnswerLimit);
  co_await channel_.set_bit_mode(BitMode::reset);
  co_await channel_.set_bit_mode(BitMode::mpsse);

  Bytes commands{kNoCommand, mpsse::op::kFlush};
  co_await ask(std::move(commands), 2, "checking that answers follow commands");
  if (reply_[0] != mpsse::op::kBadCommand || reply_[1] != kNoCommand) {
    throw error("wrong answer");
  }

  commands.clear();
  mpsse::append_clock(commands, kClock);
  commands.push_back(mpsse::op::kLoopbackOff);
  pins_ = wiring_.idle_pins();
  mpsse::append_set_low(commands, pins_);
  mpsse::append_set_high(commands, pins_);
  mpsse::append_sample(commands);
  commands.push_back(mpsse::op::kFlush);
  co_await ask(std::move(commands), 2, "setting clock and outputs");

  const Instant now = world_.now();
  const auto raw = static_cast<std::uint16_t>(reply_[0] | reply_[1] << 8);
  if (ever_opened_) {
    see(now, raw);
  } else {
    raw_ = raw;
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      const mpsse::Line& each = wiring_.lines()[i];
      const bool is_active =
          mpsse::Wiring::active(each.output ? pins_.value : raw, each);
      if ((each.mask() & sampled_pins_) != 0 && is_active) {
        levels_ = static_cast<Levels>(levels_ | 1u << i);
      }
      if ((each.mask() & traced_pins_) != 0) {
        world_.trace().edge(channels_[i], now, is_active);
      }
    }
    initially_ = levels_;
    ever_opened_ = true;
  }
  chip_free_ = sampled_to_ = now;
  opened_ = true;
  stirred_ = true;
  progress_.notify();
}

Task<void> Gpio::ask(Bytes commands, std::size_t answers, const char* doing) {
  mpsse::Compiled compiled;
  compiled.commands = std::move(commands);
  compiled.reply_bytes = answers;
  co_await exchange(compiled, doing);
}

Task<void> Gpio::exchange(const mpsse::Compiled& compiled, const char* doing) {
  // The chip begins at once if it has nothing to do, else behind what it was given.
  const Instant start = begin();
  chip_free_ = start + compiled.length;
  doing_ = doing;
  watchdog_.at(chip_free_ + kAnswerLimit);
  if (running_ != nullptr) running_->start = start;

  const StreamStatus written = co_await channel_.write(compiled.commands);
  if (written != StreamStatus::ok) {
    throw error(std::string("writing ") + to_string(written));
  }
  // One byte more than is due shows answers that nobody asked for.
  reply_.resize(compiled.reply_bytes + 1);
  std::size_t got = 0;
  while (got < compiled.reply_bytes) {
    const ReadResult read =
        co_await channel_.read_some(std::span(reply_).subspan(got), kNever);
    if (read.status != StreamStatus::ok) {
      throw error(std::string("reading ") + to_string(read.status));
    }
    got += read.count;
  }
  watchdog_.cancel();
  if (got != compiled.reply_bytes) throw error("more answers than commands");
  if (opened_) decode(compiled, start);
}

bool Gpio::take_job() {
  while (!queue_.empty()) {
    Job& job = *queue_.front();
    queue_.pop_front();
    try {
      mpsse::Waveform waveform = job.build(pins_);
      commanded_ = compile(waveform.sample(), kClock);
      if (commanded_.waits_for_pin) {
        throw std::invalid_argument("the waveform waits for a pin");
      }
      if (commanded_.left !=
          mpsse::Pins{commanded_.left.value_or(pins_).value, wiring_.direction()}) {
        throw std::invalid_argument("the waveform drives an input");
      }
      running_ = &job;
      return true;
    } catch (...) {
      job.failure = std::current_exception();
      job.ended = true;
      progress_.notify();
    }
  }
  return false;
}

const mpsse::Compiled& Gpio::next_chunk() {
  if (attention_ > 0) {
    // Compiled here and not when asked for: the chunk under way may be the one before.
    if (attentive_.length != attentive_chunk_) {
      attentive_ = sampling(kAttentivePeriod, attentive_chunk_);
    }
    return attentive_;
  }
  const std::size_t longest = waiting_ > 0 ? kWaitedStep : kSteps - 1;
  step_ = stirred_ ? 0 : std::min(step_ + 1, longest);
  stirred_ = false;
  return chunks()[step_];
}

void Gpio::decode(const mpsse::Compiled& compiled, Instant start) {
  if (&compiled == &commanded_) {
    trace_outputs(compiled, start);
    pins_ = *compiled.left;
    stirred_ = true;
    if (running_ != nullptr) running_->ended = true;
    running_ = nullptr;
  }
  const auto reply = ByteView(reply_).first(compiled.reply_bytes);
  mpsse::for_each_change(
      compiled, reply, raw_,
      [&](const mpsse::Sample& sample) { see(start + sample.at, sample.pins); },
      sampled_pins_);
  sampled_to_ = chip_free_;
  progress_.notify();
}

void Gpio::see(Instant at, std::uint16_t raw) {
  unsigned changed = (raw ^ raw_) & sampled_pins_;
  raw_ = raw;
  stirred_ = true;
  for (; changed != 0; changed &= changed - 1) {
    const int index = lines_[static_cast<std::size_t>(std::countr_zero(changed))];
    const auto place = static_cast<std::size_t>(index);
    const Edge edge{at, index, mpsse::Wiring::active(raw, wiring_.lines()[place])};
    apply(levels_, edge);
    edges_.push_back(edge);
    world_.trace().edge(channels_[place], at, edge.active);
  }
}

void Gpio::trace_outputs(const mpsse::Compiled& compiled, Instant start) {
  std::uint16_t value = pins_.value;
  for (const mpsse::Setting& setting : compiled.settings) {
    unsigned changed = (setting.value ^ value) & traced_pins_ & wiring_.direction();
    value = setting.value;
    for (; changed != 0; changed &= changed - 1) {
      const auto place = static_cast<std::size_t>(
          lines_[static_cast<std::size_t>(std::countr_zero(changed))]);
      world_.trace().edge(channels_[place], start + mpsse::to_duration(setting.tick),
                          mpsse::Wiring::active(value, wiring_.lines()[place]));
    }
  }
}

Task<Instant> Gpio::run(Build build) {
  check();
  Job job(*this, std::move(build));
  while (!job.ended) {
    co_await progress_.wait(kNever, "a waveform to end");
    check();
  }
  if (job.failure) std::rethrow_exception(job.failure);
  co_return job.start;
}

int Gpio::line(std::string_view name) const {
  return static_cast<int>(&wiring_.at(name) - wiring_.lines().data());
}

bool Gpio::active(int line) const {
  check();
  const mpsse::Line& it = wiring_.lines().at(static_cast<std::size_t>(line));
  if (it.output) return mpsse::Wiring::active(pins_.value, it);
  return (levels_ >> line & 1) != 0;
}

bool Gpio::active_at(int line, Instant at) const {
  const auto edge = std::find_if(edges_.rbegin(), edges_.rend(), [&](const Edge& e) {
    return e.line == line && e.at <= at;
  });
  return edge != edges_.rend() ? edge->active : (initially_ >> line & 1) != 0;
}

Task<bool> Gpio::watch(std::function<bool()> seen, Instant until) {
  check();
  const Waiting waiting(*this);
  while (!seen()) {
    if (sampled_to_ >= until) co_return false;
    co_await progress_.wait(kNever, "a line of the station");
    check();
  }
  co_return true;
}

Task<bool> Gpio::wait_until(std::function<bool(Levels)> holds, Instant until) {
  const Instant from = world_.now();
  const Instant limit = std::max(until, from);
  Levels levels = levels_;
  std::size_t next = edges_.size();
  std::function<bool()> seen = [&] {
    while (next < edges_.size() && edges_[next].at <= from) {
      apply(levels, edges_[next++]);
    }
    if (sampled_to_ < from) return false;
    if (holds(levels)) return true;
    while (next < edges_.size() && edges_[next].at <= limit) {
      const Instant at = edges_[next].at;
      while (next < edges_.size() && edges_[next].at == at) {
        apply(levels, edges_[next++]);
      }
      if (holds(levels)) return true;
    }
    return false;
  };
  co_return co_await watch(std::move(seen), limit);
}

Task<bool> Gpio::wait_for(int line, bool active, Instant until) {
  std::function<bool(Levels)> holds = [line, active](Levels levels) {
    return ((levels >> line & 1) != 0) == active;
  };
  co_return co_await wait_until(std::move(holds), until);
}

Task<void> Gpio::sampled(Instant at) {
  std::function<bool()> never = [] { return false; };
  co_await watch(std::move(never), at);
}

}  // namespace lockrig::station
