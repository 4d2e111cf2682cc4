// Talks to one FTDI channel in MPSSE mode: sets it up, keeps it sampling, runs
// waveforms between the samples, and says when it fails. Lines and their names are
// above it.
//
// With a lead of zero a chunk is written, collected, and then the next one written: for
// simulated and paced time, where the chip waits for no one. With a lead, one task
// writes so far ahead of the chip that it never idles, and another collects; while an
// Attention lives nothing is queued ahead, so that a reaction is begun at once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rig/core/error.hpp"
#include "rig/core/world.hpp"
#include "rig/protocol/ftdi_channel.hpp"
#include "rig/protocol/waveform.hpp"
#include "rig/station/dead_man.hpp"

namespace lockrig::station {

struct GpioOptions {
  /// How far ahead of the chip's need commands are written; what a busy host may be
  /// late. Zero in simulated and paced time. A waveform begins that much later, but for
  /// those under an Attention.
  Duration lead{};
  /// Command bytes the chip holds: FT2232H 4096, FT4232H 2048, FT232H 1024 (their data
  /// sheets). 256 at least, else std::invalid_argument.
  std::size_t fifo_bytes = 4096;
  /// With a lead: between two samples under an Attention while somebody waits for a
  /// line. A millisecond would keep a core busy with USB transfers (1400 a second,
  /// shared/hardware-emulation.md).
  Duration attentive_poll = 5ms;
  /// The same while nobody does. Each sample keeps the device's thread for up to a
  /// millisecond, which a reaction to something else then waits for; this still sees
  /// the 100 ms pulses of LEDs and beeper.
  Duration unwatched_poll = 50ms;
};

/// Times that the chip had nothing to sample for, as its host was late.
struct Gaps {
  std::int64_t count = 0;
  Duration longest{};
};

class Pump {
 public:
  static constexpr mpsse::ChipClock kClock{};  // 1 MHz
  static constexpr Duration kSamplePeriod = 5ms;
  static constexpr Duration kShortestChunk = 20ms;
  static constexpr Duration kWaitedChunk = 80ms;
  static constexpr Duration kLongestChunk = 640ms;
  static constexpr Duration kAttentivePeriod = 1ms;
  static constexpr Duration kAnswerLimit = 1s;
  /// With a lead: an answer is at hand at most this much after its last sample, if the
  /// host is not late: latency timer 1 ms (AN232B-04) and as much again for the bus.
  static constexpr Duration kLatency = 2ms;

  using Build = std::function<mpsse::Waveform(mpsse::Pins now)>;

  /// Whose pins they are. Called in the order of the chip's time.
  class User {
   public:
    /// No output was driven from `reset_at` on, and all are idle now. `read` is what
    /// the inputs are now.
    virtual void set_up(Instant reset_at, std::uint16_t before, std::uint16_t idle,
                        std::uint16_t read) = 0;
    virtual void drove(const mpsse::Compiled& what, Instant start,
                       std::uint16_t before) = 0;
    /// By the dead man.
    virtual void let_go(Instant at, std::uint16_t before, std::uint16_t after) = 0;
    /// All up to `to` is sampled. With a lead, `start` may lie up to a millisecond
    /// before the last `to`: the prediction was corrected.
    virtual void saw(const mpsse::Compiled& what, ByteView reply, Instant start,
                     Instant to) = 0;
    /// It ended, check() throws from now on.
    virtual void failed() = 0;

   protected:
    ~User() = default;
  };

  /// A waveform that somebody waits for; it lives in the caller's task.
  struct Job {
    Job(Pump& owner, Build make, std::optional<Instant> edge_until = std::nullopt);
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;
    ~Job();

    Pump& pump;
    Build build;
    std::optional<Instant> edge_until;  // it waits for a pin until then
    std::function<bool()> in_vain{};    // or until this says so, if it is there
    std::vector<std::uint16_t>* reads = nullptr;  // all 16 pins, at each sample
    Instant start{};
    bool ended = false;
    bool edge_came = false;
    std::exception_ptr failure;
  };

  Pump(World& world, FtdiChannel& channel, std::string station, mpsse::Pins idle,
       GpioOptions options, User& user);

  /// Begins anew; a waveform under way is a RigError to its caller.
  Task<void> open();
  /// Throws what it failed with, also if it was never opened.
  void check() const {
    if (failure_) std::rethrow_exception(failure_);
  }
  /// Throws what it ever failed with since it first was open.
  void check_all() const;

  Instant begin() const { return std::max(world_.now(), chip_free_); }
  /// As last commanded; what the dead man let go is let go.
  mpsse::Pins pins() const;
  /// When the pins were last all inputs.
  Instant reset_at() const { return reset_at_; }
  const Gaps& gaps() const { return gaps_; }
  /// Notified by every change of the above, by samples and by the end of a job.
  Signal& progress() { return progress_; }

  /// Inside a Build: from `due` on (later while a waveform runs) the outputs in `mask`
  /// are idle, by the channel's dead man. Ends when a waveform leaves them idle.
  void dead_man(std::uint16_t mask, Instant due) { dead_man_.ask(mask, due); }
  /// When the dead man last let something go, if ever.
  std::optional<Instant> let_go_at() const;

  // How closely it samples.
  void stir() { stirred_ = true; }
  void wait_begins() {
    ++waiting_;
    stirred_ = true;
    wake_.notify();
  }
  void wait_ends() { --waiting_; }
  /// With a lead `chunk` says nothing: see Gpio::Attention.
  void attend(Duration chunk);
  void attend_no_more() {
    --attention_;
    stirred_ = true;
  }

 private:
  /// One compiled stream on its way through the chip.
  struct Flight {
    mpsse::Compiled own;
    const mpsse::Compiled* compiled;
    bool commanded;
    Job* job;
    Instant start;
    Bytes reply;
    std::exception_ptr failure;
  };
  /// Bytes written at a time, and their answers.
  struct Piece {
    std::size_t bytes;
    std::size_t answers;
    Instant start;
    Instant end;
    bool last;  // of its flight
    bool written;
  };
  /// No command of any FTDI chip: it is answered by kBadCommand and itself.
  static constexpr std::uint8_t kNoCommand = 0xaa;
  /// What is written at a time of a waveform that does not fit into the chip fits so
  /// often: one part under way, others behind it.
  static constexpr std::size_t kPartsInFifo = 4;

  RigError error(const std::string& what) const;
  void fail(std::exception_ptr failure);
  void end_job(Job* job, std::exception_ptr failure);

  Task<void> work();
  Task<void> set_up();
  Task<void> ask(Bytes commands, std::size_t answers, const char* doing);
  Task<void> exchange(const mpsse::Compiled* what);
  Task<std::size_t> write_in_parts(const mpsse::Compiled& compiled);
  Task<void> exchange_armed();
  std::size_t must_read(ReadResult read) const;
  void must_write(StreamStatus status) const;
  const mpsse::Compiled* take_up();
  bool take_job();
  void check_commanded(const Job& job) const;
  const mpsse::Compiled& next_chunk();
  void land(const mpsse::Compiled& compiled, ByteView reply, Instant start, Job* job,
            bool commanded, std::exception_ptr failure);
  void settle_dead_man();

  // With a lead (pump_stream.cpp).
  Task<void> stream();
  Task<void> send_chunk(const mpsse::Compiled& compiled);
  Task<void> send_job();
  Task<void> send(ByteView commands, Piece piece);
  /// Bytes that the chip has not executed yet, as predicted.
  std::size_t inside() const;
  Task<void> make_room(std::size_t bytes);
  Task<void> settled();
  Duration poll_period() const {
    return waiting_ > 0 ? options_.attentive_poll : options_.unwatched_poll;
  }
  void mind_gap(Duration allowed);
  Task<void> collect();
  Task<void> collect_front();
  void land_front();
  void anchor();
  void shift(Duration by);
  void watch_front();

  World& world_;
  FtdiChannel& channel_;
  std::string station_;
  mpsse::Pins idle_;
  GpioOptions options_;
  User& user_;

  std::deque<Job*> queue_;
  Job* running_ = nullptr;
  mpsse::Compiled commanded_;
  mpsse::Compiled attentive_;
  Duration attentive_chunk_{};
  int attention_ = 0;
  int waiting_ = 0;
  bool stirred_ = true;
  std::size_t step_ = 0;
  std::size_t longest_step_ = 0;

  Bytes reply_;
  mpsse::Pins pins_;   // after what has landed
  mpsse::Pins ahead_;  // after what was taken up
  Instant chip_free_{};
  Instant reset_at_{};
  DeadMan dead_man_;
  std::optional<Instant> let_go_at_;
  bool ever_opened_ = false;
  bool opened_ = false;
  const char* doing_ = "";
  std::exception_ptr failure_;
  std::exception_ptr first_failure_;

  std::deque<Flight> flights_;
  std::deque<Piece> pieces_;
  Bytes out_;
  bool chained_ = false;
  Duration gap_allowed_{};
  Gaps gaps_;
  Instant polled_at_{};
  Duration least_late_ = Duration::max();
  int answers_timed_ = 0;

  Signal progress_;
  Signal wake_;  // the writer: a job, or a piece collected
  Signal sent_;  // the collector: a piece
  Timer watchdog_;
  std::unique_ptr<Life> life_;
};

}  // namespace lockrig::station
