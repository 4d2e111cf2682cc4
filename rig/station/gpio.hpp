// The GPIO lines of one station, sampled without a gap and driven by waveforms that the
// chip's crystal times. Above this file there are logical lines and their edges.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rig/core/error.hpp"
#include "rig/core/world.hpp"
#include "rig/protocol/ftdi_channel.hpp"
#include "rig/protocol/waveform.hpp"
#include "rig/protocol/wiring.hpp"

namespace lockrig::station {

/// Active lines, one bit each, by their index in the Wiring.
using Levels = std::uint16_t;

/// A change of an input. `at` is the time of the first sample that saw it: the change
/// itself came up to one sampling period earlier.
struct Edge {
  Instant at;
  int line;  // index in the Wiring
  bool active;
  bool operator==(const Edge&) const = default;
};

/// A chip that fails, or is silent for kAnswerLimit longer than its commands take, is a
/// RigError. It ends the sampling and is thrown by every call from then on, until
/// open() is called again. Everything but open() REQUIRES that open() has returned.
///
/// The trace has the edges of every line, but for those that only choose a key
/// (keypad_data, keypad_clock, keypad_latch, key_a0-key_a3): the Keypad says there
/// which key it was.
///
/// `busy` is not sampled: it changes faster than the samples, and is there for the chip
/// to wait for.
class Gpio {
 public:
  /// Bolt travel takes hundreds of milliseconds, pulses of LEDs and beeper 100 ms: 20
  /// samples each.
  static constexpr Duration kSamplePeriod = 5ms;
  /// What the chip is given to do at a time, and so how late news and commands can be:
  /// the shortest after an edge, a waveform or the begin of a wait, then doubling.
  /// While somebody waits it stays at or below kWaitedChunk: a wait of half a minute at
  /// the shortest would cost more than all the rest of a simulated trial.
  static constexpr Duration kShortestChunk = 20ms;
  static constexpr Duration kWaitedChunk = 80ms;
  static constexpr Duration kLongestChunk = 640ms;
  /// While an Attention lives.
  static constexpr Duration kAttentiveChunk = 5ms;
  static constexpr Duration kAttentivePeriod = 1ms;
  /// Beyond what the commands take: a hundred times a slow host's latency.
  static constexpr Duration kAnswerLimit = 1s;

  /// Makes a waveform when its turn has come, from the pins as they stand then, so that
  /// two callers cannot undo each other's outputs. Called once, by the pump; it must
  /// not suspend. The caller's task owns what it refers to: a waveform whose caller has
  /// gone is never begun.
  using Build = std::function<mpsse::Waveform(mpsse::Pins now)>;

  /// Samples closely from the next chunk on, for whoever times something by the host.
  class Attention {
   public:
    /// `chunk` is a whole number of kAttentivePeriod, else std::invalid_argument.
    explicit Attention(Gpio& gpio, Duration chunk = kAttentiveChunk);
    Attention(const Attention&) = delete;
    Attention& operator=(const Attention&) = delete;
    ~Attention();

   private:
    Gpio& gpio_;
  };

  /// The channel and the wiring outlive the Gpio, and the Gpio its callers' tasks.
  Gpio(World& world, FtdiChannel& channel, std::string station,
       const mpsse::Wiring& wiring);

  /// Brings the chip into MPSSE mode at a clock of 1 MHz with every output inactive,
  /// checks that answers follow commands, and begins to sample. A waveform under way is
  /// a RigError to its caller.
  Task<void> open();

  /// Queues a waveform behind the chunk under way (kLongestChunk at most) and returns
  /// the moment it began, once it has ended. Samples in it count like all others, and
  /// it is always sampled at its end. std::invalid_argument if it waits for a pin or
  /// drives an input; what `build` throws is thrown here.
  Task<Instant> run(Build build);

  /// Inside a Build: the moment at which its waveform will begin.
  Instant begin() const { return std::max(world_.now(), chip_free_); }

  /// The index of a line. std::invalid_argument if the board has none of that name.
  int line(std::string_view name) const;
  bool has(std::string_view name) const { return wiring_.has(name); }

  /// As last sampled, for an output as last commanded.
  bool active(int line) const;
  /// Of an input, by the sample at or before `at`.
  bool active_at(int line, Instant at) const;

  /// True if the condition held at a moment from now until `until`, both inclusive. The
  /// answer comes when the samples do: up to one chunk after that moment.
  Task<bool> wait_until(std::function<bool(Levels)> holds, Instant until);
  Task<bool> wait_for(int line, bool active, Instant until);
  /// Asks `seen` after every new lot of samples. False when it was still false with
  /// all samples up to `until` at hand.
  Task<bool> watch(std::function<bool()> seen, Instant until);
  /// Returns when everything up to `at` has been sampled.
  Task<void> sampled(Instant at);

  /// Inputs' edges since the first open(), in order of time.
  const std::vector<Edge>& edges() const { return edges_; }
  /// Before the first of the edges.
  Levels initially() const { return initially_; }
  Instant sampled_to() const { return sampled_to_; }

  const std::string& station() const { return station_; }
  const mpsse::Wiring& wiring() const { return wiring_; }
  World& world() { return world_; }

 private:
  struct Job;
  struct Waiting;

  void check() const;
  void fail(std::exception_ptr failure);
  RigError error(const std::string& what) const;

  Task<void> pump();
  Task<void> set_up();
  Task<void> ask(Bytes commands, std::size_t answers, const char* doing);
  Task<void> exchange(const mpsse::Compiled& compiled, const char* doing);
  bool take_job();
  const mpsse::Compiled& next_chunk();
  void decode(const mpsse::Compiled& compiled, Instant start);
  void see(Instant at, std::uint16_t raw);
  void trace_outputs(const mpsse::Compiled& compiled, Instant start);

  World& world_;
  FtdiChannel& channel_;
  std::string station_;
  const mpsse::Wiring& wiring_;
  std::uint16_t sampled_pins_ = 0;  // mask of the inputs that are sampled
  std::uint16_t traced_pins_ = 0;
  std::array<std::int8_t, 16> lines_;  // by bit; -1 for none
  std::vector<Trace::Channel> channels_;

  std::deque<Job*> queue_;
  Job* running_ = nullptr;
  mpsse::Compiled commanded_;
  mpsse::Compiled attentive_;
  Duration attentive_chunk_{};
  int attention_ = 0;
  int waiting_ = 0;
  bool stirred_ = true;
  std::size_t step_ = 0;

  Bytes reply_;
  mpsse::Pins pins_;
  std::uint16_t raw_ = 0;
  Levels levels_ = 0;
  Levels initially_ = 0;
  std::vector<Edge> edges_;
  Instant chip_free_{};
  Instant sampled_to_{};
  bool ever_opened_ = false;
  bool opened_ = false;
  const char* doing_ = "";
  std::exception_ptr failure_;

  Signal progress_;
  Timer watchdog_;
  std::unique_ptr<Life> life_;
};

}  // namespace lockrig::station
