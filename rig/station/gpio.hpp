// The GPIO lines of one station, sampled without a gap and driven by waveforms that the
// chip's crystal times: logical lines, their edges, and waits for them. Below this file
// is the Pump, which talks to the chip.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rig/core/world.hpp"
#include "rig/protocol/ftdi_channel.hpp"
#include "rig/protocol/waveform.hpp"
#include "rig/protocol/wiring.hpp"
#include "rig/station/pump.hpp"

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
class Gpio final : private Pump::User {
 public:
  /// Bolt travel takes hundreds of milliseconds, pulses of LEDs and beeper 100 ms: 20
  /// samples each.
  static constexpr Duration kSamplePeriod = Pump::kSamplePeriod;
  /// What the chip is given to do at a time, and so how late news and commands can be:
  /// the shortest after an edge, a waveform or the begin of a wait, then doubling.
  /// While somebody waits it stays at or below kWaitedChunk: a wait of half a minute at
  /// the shortest would cost more than all the rest of a simulated trial.
  static constexpr Duration kShortestChunk = Pump::kShortestChunk;
  static constexpr Duration kWaitedChunk = Pump::kWaitedChunk;
  static constexpr Duration kLongestChunk = Pump::kLongestChunk;
  /// While an Attention lives.
  static constexpr Duration kAttentiveChunk = 5ms;
  static constexpr Duration kAttentivePeriod = Pump::kAttentivePeriod;
  /// Beyond what the commands take: a hundred times a slow host's latency.
  static constexpr Duration kAnswerLimit = Pump::kAnswerLimit;

  /// Makes a waveform when its turn has come, from the pins as they stand then, so that
  /// two callers cannot undo each other's outputs. Called once, by the pump; it must
  /// not suspend. The caller's task owns what it refers to: a waveform whose caller has
  /// gone is never begun.
  using Build = Pump::Build;

  /// Samples closely from the next chunk on, for whoever times something by the host.
  /// With a lead: by single samples, GpioOptions::attentive_poll or unwatched_poll
  /// apart, whatever the chunk; a waveform then begins as soon as its bytes are there.
  class Attention {
   public:
    /// `chunk` is a whole number of kAttentivePeriod, else std::invalid_argument; with
    /// a lead it says nothing more.
    explicit Attention(Gpio& gpio, Duration chunk = kAttentiveChunk);
    Attention(const Attention&) = delete;
    Attention& operator=(const Attention&) = delete;
    ~Attention();

   private:
    Gpio& gpio_;
  };

  /// The channel and the wiring outlive the Gpio, and the Gpio its callers' tasks.
  Gpio(World& world, FtdiChannel& channel, std::string station,
       const mpsse::Wiring& wiring, GpioOptions options = {});

  /// Brings the chip into MPSSE mode at a clock of 1 MHz with every output inactive,
  /// checks that answers follow commands, and begins to sample. A waveform under way is
  /// a RigError to its caller.
  Task<void> open() { return pump_.open(); }
  /// Throws what it has failed with, also in the past and though it was opened again.
  void check() const { pump_.check_all(); }

  /// Queues a waveform behind the chunk under way (kLongestChunk at most) and returns
  /// the moment it began, once it has ended. Samples in it count like all others, and
  /// it is always sampled at its end. std::invalid_argument if it waits for a pin or
  /// drives an input; what `build` throws is thrown here. A part of it that came to the
  /// chip too late is a RigError that says by how much; its outputs are as commanded
  /// when that is thrown.
  Task<Instant> run(Build build);
  /// The same, and returns what each of its samples read on all 16 pins, those that the
  /// chip drives included; the last one is that at its end.
  Task<std::vector<std::uint16_t>> read_back(Build build);

  /// Runs a waveform that begins with waits for GPIOL1 (for the inactive level, then
  /// for the active one: the chip looks at levels) and returns the moment the last of
  /// them was over, by the arrival of the answers: all that follows is timed by the
  /// chip from there. Nothing is sampled and nothing else is done while it waits.
  /// Empty if the edge did not come by `until`: the way out is a reset of the chip, so
  /// that no output is driven for a moment, and all are inactive afterwards.
  /// std::invalid_argument if it does not fit the chip's FIFO, waits elsewhere, or
  /// while a dead man is due: the chip would not heed it.
  /// `in_vain`, if any, is asked some ten times a second: true is the end as `until`
  /// is.
  Task<std::optional<Instant>> run_on_edge(Build build, Instant until,
                                           std::function<bool()> in_vain = {});

  /// Inside a Build: the moment at which its waveform will begin.
  Instant begin() const { return pump_.begin(); }

  /// Inside a Build: from `due` on the outputs in `mask` are inactive, though nobody
  /// runs the world then; behind a waveform that runs at that time. Withdrawn when a
  /// waveform leaves them inactive.
  void dead_man(std::uint16_t mask, Instant due) { pump_.dead_man(mask, due); }
  /// When the dead man last let go of something.
  std::optional<Instant> let_go_at() const { return pump_.let_go_at(); }
  /// When no output was last driven: power was off then, by its pull.
  Instant reset_at() const { return pump_.reset_at(); }

  /// A sham: from the last sample on the input reads inactive, whatever it does.
  void withhold(int line);

  /// Times that the chip did not sample because the host was late (with a lead only).
  const Gaps& gaps() const { return pump_.gaps(); }

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
  /// Asks `seen` after every new lot of samples, at once. False when it was still false
  /// with all samples up to `until` at hand.
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
  struct Watcher;

  Task<void> end_of(Pump::Job& job, const char* what);
  void set_up(Instant reset_at, std::uint16_t before, std::uint16_t idle,
              std::uint16_t read) override;
  void drove(const mpsse::Compiled& what, Instant start, std::uint16_t before) override;
  void let_go(Instant at, std::uint16_t before, std::uint16_t after) override;
  void saw(const mpsse::Compiled& what, ByteView reply, Instant start,
           Instant to) override;
  void failed() override;
  void ask_watchers();
  void see(Instant at, std::uint16_t raw);
  void begin_trace(std::uint16_t raw);

  World& world_;
  std::string station_;
  const mpsse::Wiring& wiring_;
  std::uint16_t sampled_pins_ = 0;  // mask of the inputs that are sampled
  std::uint16_t withheld_pins_ = 0;
  std::uint16_t traced_pins_ = 0;
  std::array<std::int8_t, 16> lines_;  // by bit; -1 for none
  std::vector<Trace::Channel> channels_;

  std::uint16_t raw_ = 0;
  Levels levels_ = 0;
  Levels initially_ = 0;
  std::vector<Edge> edges_;
  Instant sampled_to_{};
  bool ever_opened_ = false;
  std::vector<Watcher*> watchers_;
  Pump pump_;
};

}  // namespace lockrig::station
