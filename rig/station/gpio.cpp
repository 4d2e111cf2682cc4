#include "rig/station/gpio.hpp"

#include <algorithm>
#include <bit>
#include <exception>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace lockrig::station {
namespace {

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

/// One watch(), for as long as it lasts.
struct Gpio::Watcher {
  Watcher(Gpio& owner, const std::function<bool()>& question, Instant limit)
      : gpio(owner), seen(question), until(limit), over(owner.world_) {
    gpio.watchers_.push_back(this);
    gpio.pump_.wait_begins();
  }
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  ~Watcher() {
    gpio.pump_.wait_ends();
    std::erase(gpio.watchers_, this);
  }
  void ask() {
    try {
      found = found || seen();
    } catch (...) {
      failure = std::current_exception();
    }
    if (ended()) over.notify();
  }
  bool ended() const { return found || failure || gpio.sampled_to_ >= until; }

  Gpio& gpio;
  const std::function<bool()>& seen;
  Instant until;
  bool found = false;
  std::exception_ptr failure;
  Signal over;
};

Gpio::Attention::Attention(Gpio& gpio, Duration chunk) : gpio_(gpio) {
  if (chunk < kAttentivePeriod || chunk % kAttentivePeriod != Duration::zero()) {
    throw std::invalid_argument("a chunk is a whole number of milliseconds");
  }
  gpio_.pump_.attend(chunk);
}

Gpio::Attention::~Attention() { gpio_.pump_.attend_no_more(); }

Gpio::Gpio(World& world, FtdiChannel& channel, std::string station,
           const mpsse::Wiring& wiring, GpioOptions options)
    : world_(world),
      station_(std::move(station)),
      wiring_(wiring),
      pump_(world, channel, station_, wiring.idle_pins(), options, *this) {
  lines_.fill(-1);
  int index = 0;
  for (const mpsse::Line& each : wiring_.lines()) {
    if (!each.output && each.name != "busy") sampled_pins_ |= each.mask();
    lines_[static_cast<std::size_t>(each.bit)] = static_cast<std::int8_t>(index++);
    if (!chooses_key(each)) traced_pins_ |= each.mask();
    channels_.push_back(world_.trace().channel(station_ + "/" + each.name));
  }
}

void Gpio::set_up(Instant reset_at, std::uint16_t before, std::uint16_t idle,
                  std::uint16_t read) {
  if (ever_opened_) {
    let_go(reset_at, before, idle);
    see(world_.now(), read);
  } else {
    begin_trace(read);
    ever_opened_ = true;
  }
  sampled_to_ = world_.now();
  ask_watchers();
}

void Gpio::begin_trace(std::uint16_t raw) {
  raw_ = raw;
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    const mpsse::Line& each = wiring_.lines()[i];
    const std::uint16_t pins = each.output ? wiring_.idle() : raw;
    const bool is_active =
        mpsse::Wiring::active(pins, each) && (each.mask() & withheld_pins_) == 0;
    if ((each.mask() & sampled_pins_) != 0 && is_active) {
      levels_ = static_cast<Levels>(levels_ | 1u << i);
    }
    if ((each.mask() & traced_pins_) != 0) {
      world_.trace().edge(channels_[i], world_.now(), is_active);
    }
  }
  initially_ = levels_;
}

void Gpio::drove(const mpsse::Compiled& what, Instant start, std::uint16_t before) {
  const unsigned traced = traced_pins_ & wiring_.direction();
  for (const mpsse::Setting& setting : what.settings) {
    if (((before ^ setting.value) & traced) != 0) {
      let_go(start + mpsse::to_duration(setting.tick), before, setting.value);
    }
    before = setting.value;
  }
}

void Gpio::let_go(Instant at, std::uint16_t before, std::uint16_t after) {
  unsigned changed = (before ^ after) & traced_pins_ & wiring_.direction();
  for (; changed != 0; changed &= changed - 1) {
    const auto place = static_cast<std::size_t>(
        lines_[static_cast<std::size_t>(std::countr_zero(changed))]);
    world_.trace().edge(channels_[place], at,
                        mpsse::Wiring::active(after, wiring_.lines()[place]));
  }
}

void Gpio::saw(const mpsse::Compiled& what, ByteView reply, Instant start, Instant to) {
  mpsse::for_each_change(
      what, reply, raw_,
      [&](const mpsse::Sample& sample) {
        see(std::max(start + sample.at, sampled_to_), sample.pins);
      },
      sampled_pins_);
  sampled_to_ = std::max(sampled_to_, to);
  ask_watchers();
}

void Gpio::ask_watchers() {
  for (Watcher* each : watchers_) each->ask();
}

void Gpio::failed() {
  for (Watcher* each : watchers_) each->over.notify();
}

void Gpio::see(Instant at, std::uint16_t raw) {
  unsigned changed = (raw ^ raw_) & sampled_pins_;
  raw_ = raw;
  pump_.stir();
  for (; changed != 0; changed &= changed - 1) {
    const int index = lines_[static_cast<std::size_t>(std::countr_zero(changed))];
    const auto place = static_cast<std::size_t>(index);
    const Edge edge{at, index, mpsse::Wiring::active(raw, wiring_.lines()[place])};
    apply(levels_, edge);
    edges_.push_back(edge);
    world_.trace().edge(channels_[place], at, edge.active);
  }
}

void Gpio::withhold(int line) {
  const auto place = static_cast<std::size_t>(line);
  const mpsse::Line& it = wiring_.lines().at(place);
  if (it.output) throw std::invalid_argument(it.name + " is no input");
  withheld_pins_ |= it.mask();
  sampled_pins_ = static_cast<std::uint16_t>(sampled_pins_ & ~it.mask());
  if ((levels_ >> line & 1) == 0) return;
  edges_.push_back({sampled_to_, line, false});
  apply(levels_, edges_.back());
  world_.trace().edge(channels_[place], sampled_to_, false);
  ask_watchers();
}

Task<Instant> Gpio::run(Build build) {
  pump_.check();
  Pump::Job job(pump_, std::move(build));
  co_await end_of(job, "a waveform to end");
  co_return job.start;
}

Task<std::vector<std::uint16_t>> Gpio::read_back(Build build) {
  pump_.check();
  std::vector<std::uint16_t> reads;
  Pump::Job job(pump_, std::move(build));
  job.reads = &reads;
  co_await end_of(job, "a waveform to be read back");
  co_return reads;
}

Task<void> Gpio::end_of(Pump::Job& job, const char* what) {
  while (!job.ended) {
    co_await pump_.progress().wait(kNever, what);
    pump_.check();
  }
  if (job.failure) std::rethrow_exception(job.failure);
}

Task<std::optional<Instant>> Gpio::run_on_edge(Build build, Instant until,
                                               std::function<bool()> in_vain) {
  pump_.check();
  if (until > world_.now() + mpsse::Waveform::kLongest) {
    throw std::invalid_argument("a wait for an edge has a limit");
  }
  Pump::Job job(pump_, std::move(build), until);
  job.in_vain = std::move(in_vain);
  co_await end_of(job, "an edge that the chip waits for");
  if (!job.edge_came) co_return std::nullopt;
  co_return job.start;
}

int Gpio::line(std::string_view name) const {
  return static_cast<int>(&wiring_.at(name) - wiring_.lines().data());
}

bool Gpio::active(int line) const {
  pump_.check();
  const mpsse::Line& it = wiring_.lines().at(static_cast<std::size_t>(line));
  if (it.output) return mpsse::Wiring::active(pump_.pins().value, it);
  return (levels_ >> line & 1) != 0;
}

bool Gpio::active_at(int line, Instant at) const {
  const auto edge = std::find_if(edges_.rbegin(), edges_.rend(), [&](const Edge& e) {
    return e.line == line && e.at <= at;
  });
  return edge != edges_.rend() ? edge->active : (initially_ >> line & 1) != 0;
}

Task<bool> Gpio::watch(std::function<bool()> seen, Instant until) {
  pump_.check();
  Watcher watcher(*this, seen, until);
  watcher.ask();
  while (!watcher.ended()) {
    co_await watcher.over.wait(kNever, "a line of the station");
    pump_.check();
  }
  if (watcher.failure) std::rethrow_exception(watcher.failure);
  co_return watcher.found;
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
