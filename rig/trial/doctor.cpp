#include "rig/trial/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "rig/core/error.hpp"
#include "rig/trial/baseline.hpp"
#include "rig/trial/hand.hpp"

namespace lockrig::trial {
namespace {

using station::Bolt;
using station::Edge;
using station::Gpio;
using station::Power;
using Status = Finding::Status;

// In the order in which they are reported.
constexpr const char* kChecks[] = {
    "devices",      "idle",           "power_on",       "console", "model",
    "revision",     "serial",         "version",        "keypad",  "bolt",
    "bolt_sensors", "power_off_pull", "power_off_hard", "host"};

// A board that needs longer is at work on an update, or dead: neither is fit.
constexpr Duration kStartLimit = 8s;
// Off for long enough that a board which is cut twice starts twice.
constexpr Duration kRest = 500ms;
// Enough for a 99th percentile of some use, at 5 ms each.
constexpr int kRoundTrips = 100;
// A tenth of the least off time: beyond that, the moments of cuts say little.
constexpr Duration kLateMost = Power::kMinimumOff / 10;
// Far beyond what the limits below add up to.
constexpr Duration kExaminationLimit = 10min;

double milliseconds(Duration d) { return to_seconds(d) * 1e3; }
double microseconds(Duration d) { return to_seconds(d) * 1e6; }

class Doctor {
 public:
  explicit Doctor(Rig& rig)
      : rig_(rig), station_(rig.station()), gpio_(station_.gpio), hand_(rig) {
    examination_.station = rig.facts().station;
    for (const char* check : kChecks) examination_.findings.push_back({check});
    find("version").refuses = false;
    find("host").refuses = false;
  }

  Task<Examination> whole(const std::vector<std::string>& unplugged) {
    try {
      co_await station_.open();
      for (const std::string& wire : unplugged) rig_.person()->unplug(wire);
      failing_ = "idle";
      look_at_idle_levels();
      failing_ = "power_on";
      const bool started = co_await start();
      failing_ = "console";
      if (rig_.client() != nullptr) co_await ask_console();
      failing_ = "keypad";
      if (started) co_await press_a_key();
      failing_ = "bolt";
      if (started) co_await move_the_bolt();
      failing_ = "power_off_pull";
      const auto pulled = co_await cut(Power::Style::pull, "power_off_pull");
      if (!pulled) co_await station_.power.off(Power::Style::hard);
      co_await world().sleep_for(kRest, "the board to forget");
      failing_ = "power_off_hard";
      co_await start();
      const auto hard = co_await cut(Power::Style::hard, "power_off_hard");
      failing_ = "host";
      co_await time_the_host();
      if (pulled && hard) {
        calibration_.fall_pull_ms = milliseconds(*pulled);
        calibration_.fall_hard_ms = milliseconds(*hard);
        // In real time the rise is seen by single samples, five milliseconds apart.
        const bool simulated = world().clock().pace() == Pace::simulated;
        calibration_.uncertainty_us =
            microseconds(simulated ? Gpio::kAttentivePeriod : Gpio::kSamplePeriod);
        examination_.calibration = calibration_;
      }
    } catch (const RigError& error) {
      fail(failing_, error.what());
    }
    look_at_bolt_sensors();
    co_return examination_;
  }

 private:
  World& world() { return rig_.world(); }
  const Limits& limits() { return rig_.facts().limits; }

  Finding& find(std::string_view check) {
    return *std::find_if(examination_.findings.begin(), examination_.findings.end(),
                         [check](const Finding& f) { return f.check == check; });
  }
  Finding& pass(const char* check, std::string detail = "") {
    Finding& finding = find(check);
    finding.status = Status::ok;
    finding.detail = std::move(detail);
    return finding;
  }
  Finding& fail(const char* check, std::string detail, std::string look_at = "") {
    Finding& finding = find(check);
    finding.status = Status::failed;
    finding.detail = std::move(detail);
    finding.look_at = std::move(look_at);
    return finding;
  }

  void look_at_idle_levels() {
    pass("devices");
    if (station_.power.rail_up()) {
      fail("idle", "the rail is up with power off",
           "the power switch, what else feeds the board, and the rail sense");
    } else if (station_.bolt.position() == Bolt::Position::contradictory) {
      fail("idle", "both bolt sensors are active", "the bolt sensors' wires");
    } else {
      pass("idle",
           "rail low, the bolt " + std::string(to_string(station_.bolt.position())));
    }
  }

  /// Power on until the board says that it runs, by its banner or its start-up signal.
  Task<bool> start() {
    if (rig_.client() != nullptr) rig_.client()->discard();
    const Instant asked = world().now();
    co_await station_.power.on();
    const int rail = gpio_.line("rail");
    const Instant fed = station_.power.fed_at();
    for (const Edge& edge : gpio_.edges()) {
      if (edge.line != rail || !edge.active || edge.at < fed) continue;
      calibration_.rise_ms = milliseconds(edge.at - fed);
      Finding& finding = pass("power_on");
      finding.measured = calibration_.rise_ms;
      finding.unit = "ms";
      finding.high = milliseconds(Power::kRiseLimit);
      break;
    }
    const Instant until = asked + kStartLimit;
    bool started = false;
    while (!started && rig_.client() != nullptr) {
      const auto line = co_await rig_.client()->next_text(until);
      if (!line) break;
      if (auto banner = lock::parse_banner(*line)) {
        banner_ = std::move(banner);
        banner_after_ = world().now() - asked;
        started = true;
      }
    }
    // From the start-up signal on the keypad is heard. It may have come while nobody
    // could hear the banner.
    const auto& signals = station_.signals.ended();
    if (!signals.empty() && signals.back().at >= asked) co_return true;
    const auto signal = co_await station_.signals.next(
        started ? world().now() + limits().signal_max : until);
    co_return started || signal;
  }

  Task<void> ask_console() {
    if (!banner_) {
      fail("console",
           fmt::format("no boot banner within {} s of power on",
                       to_seconds(kStartLimit)),
           "the console's wires, its isolator and its speed");
    }
    auto reply = co_await rig_.client()->state();
    const auto* state = std::get_if<lock::State>(&reply);
    if (state == nullptr) {
      fail("console", "the service port: " + std::get<lock::Failure>(reply).what,
           "the console's wires, its isolator and its speed");
    } else if (banner_) {
      Finding& finding = pass("console");
      finding.measured = to_seconds(banner_after_);
      finding.unit = "s";
      finding.high = to_seconds(kStartLimit);
    }
    if (state != nullptr) identify(*state);
  }

  void identify(const lock::State& state) {
    const LockFacts& facts = rig_.facts();
    const auto dash = facts.board.rfind('-');
    agree("model", state.model, facts.board.substr(0, dash));
    agree("revision", state.revision, facts.board.substr(dash + 1));
    agree("serial", state.serial, facts.serial);
    const auto released = rig_.images().released(facts.board);
    const bool known =
        std::any_of(released.begin(), released.end(), [&](const std::string& name) {
          return name.substr(name.find('/') + 1) == state.version;
        });
    if (known) {
      pass("version", state.version);
    } else {
      fail("version", state.version + " was never released for a " + facts.board,
           "what was last loaded into this lock");
    }
  }

  void agree(const char* check, const std::string& says, const std::string& expected) {
    if (says == expected) {
      pass(check, says);
      return;
    }
    fail(check, fmt::format("the board says {}, the bench file {}", says, expected),
         "which lock is mounted here");
  }

  Task<void> press_a_key() {
    std::vector<int> answers;
    for (const char* name : {"led_red", "led_green", "beeper"}) {
      if (gpio_.has(name)) answers.push_back(gpio_.line(name));
    }
    if (answers.empty()) {
      find("keypad").detail = "the station has no LED sense and no beeper sense";
      co_return;
    }
    const std::string harmless = "lock";
    std::size_t looked_at = gpio_.edges().size();
    const Instant pressed = world().now();
    co_await station_.keypad.press(harmless);
    std::optional<Instant> answered;
    std::function<bool()> seen = [&] {
      for (; looked_at < gpio_.edges().size() && !answered; ++looked_at) {
        const Edge& edge = gpio_.edges()[looked_at];
        const bool is_answer =
            std::find(answers.begin(), answers.end(), edge.line) != answers.end();
        if (is_answer && edge.active && edge.at >= pressed) answered = edge.at;
      }
      return answered.has_value();
    };
    co_await gpio_.watch(std::move(seen), world().now() + limits().signal_max);
    if (!answered) {
      fail("keypad", "a key press was not answered by LED or beeper",
           "the keypad's wires, the light sensors and the beeper's");
      co_return;
    }
    Finding& finding = pass("keypad");
    finding.measured = milliseconds(*answered - pressed);
    finding.unit = "ms";
    finding.high = milliseconds(limits().signal_max);
  }

  /// By the code that the rig gives a lock, or else the one that it came with.
  Task<void> move_the_bolt() {
    co_await hand_.signal(limits().signal_max);  // what the key press led to
    if (station_.bolt.position() != Bolt::Position::extended &&
        !co_await station_.bolt.wait_for(Bolt::Position::extended,
                                         world().now() + limits().relock_max)) {
      find("bolt").detail = fmt::format("not locked: the bolt reads as {}",
                                        to_string(station_.bolt.position()));
      find("bolt").look_at = "the bolt, and the wire bolt_extended";
      find("bolt").status = Status::failed;
      co_return;
    }
    const std::vector<std::string> codes = {owner_codes(rig_.facts().serial).user,
                                            rig_.facts().slip_user};
    for (const std::string& code : codes) {
      const Entry opened = co_await hand_.enter(code, true);
      if (opened.result == Entry::Result::refused) continue;
      Entry locked;
      if (opened.result == Entry::Result::opened) {
        locked = co_await hand_.enter(code, false);
      }
      if (locked.result == Entry::Result::locked) {
        Finding& finding = pass("bolt", "seen to open and to lock");
        finding.measured = to_seconds(opened.took);
        finding.unit = "s";
        finding.high = to_seconds(limits().unlock_max);
      } else {
        const bool moved = opened.result == Entry::Result::opened;
        fail("bolt",
             fmt::format("{}: {}", moved ? "a right code at an open lock" : "a code",
                         to_string(moved ? locked.result : opened.result)),
             "the bolt sensors and their wires");
      }
      co_return;
    }
    find("bolt").detail = "no code that the rig knows opens it";
  }

  /// The time until the rail fell; empty if it did not fall in time.
  Task<std::optional<Duration>> cut(Power::Style style, const char* check) {
    const bool hard = style == Power::Style::hard;
    const Duration limit = hard ? limits().fall_hard_max : limits().fall_pull_max;
    const Power::Off off = co_await station_.power.off(style);
    Finding& finding = find(check);
    finding.unit = "ms";
    finding.high = milliseconds(limit);
    const std::string look_at =
        hard ? "the discharge switch, and what else feeds the board"
             : "what feeds the board besides its battery: console, key switches, "
               "light sensors, isolator, a charger";
    if (!off.rail_fell) {
      fail(check,
           fmt::format("the rail did not fall within {} s of power off",
                       to_seconds(Power::kFallLimit)),
           look_at);
      co_return std::nullopt;
    }
    const Duration fall = *off.rail_fell - off.commanded;
    finding.measured = milliseconds(fall);
    if (fall > limit) {
      fail(check, "the rail falls too slowly: something feeds the board", look_at);
      co_return std::nullopt;
    }
    pass(check);
    co_return fall;
  }

  Task<void> time_the_host() {
    std::vector<Duration> late;
    {
      const Gpio::Attention closely(gpio_);
      co_await gpio_.sampled(world().now());
      for (int i = 0; i < kRoundTrips; ++i) {
        Gpio::Build nothing = [](mpsse::Pins now) {
          mpsse::Waveform waveform(now);
          waveform.wait(Gpio::kAttentivePeriod);
          return waveform;
        };
        const Instant asked = world().now();
        const Instant began = co_await gpio_.run(std::move(nothing));
        late.push_back(began - asked);
      }
    }
    std::sort(late.begin(), late.end());
    const Duration p50 = late[late.size() / 2];
    const Duration p99 = late[late.size() * 99 / 100 - 1];
    calibration_.latency_p50_us = microseconds(p50);
    calibration_.latency_p99_us = microseconds(p99);
    calibration_.latency_max_us = microseconds(late.back());
    calibration_.jitter_us = microseconds(p99 - p50);
    const std::string detail =
        fmt::format("of {}: median {:.0f} us, worst {:.0f} us", kRoundTrips,
                    microseconds(p50), microseconds(late.back()));
    Finding& finding = p99 <= kLateMost
                           ? pass("host", detail)
                           : fail("host", detail, "what else this host is busy with");
    finding.measured = microseconds(p99);
    finding.unit = "us";
    finding.high = microseconds(kLateMost);
  }

  /// Over all that was seen: a sensor that hangs shows only once the bolt has moved.
  void look_at_bolt_sensors() {
    if (find("devices").status != Status::ok) return;
    const int extended = gpio_.line("bolt_extended");
    const int retracted = gpio_.line("bolt_retracted");
    bool is_extended = (gpio_.initially() >> extended & 1) != 0;
    bool is_retracted = (gpio_.initially() >> retracted & 1) != 0;
    bool both = is_extended && is_retracted;
    const auto& edges = gpio_.edges();
    for (std::size_t i = 0; i < edges.size() && !both;) {
      const Instant at = edges[i].at;
      for (; i < edges.size() && edges[i].at == at; ++i) {
        if (edges[i].line == extended) is_extended = edges[i].active;
        if (edges[i].line == retracted) is_retracted = edges[i].active;
      }
      both = is_extended && is_retracted;
    }
    if (both) {
      fail("bolt_sensors", "both were active at once", "their wires and mounting");
    } else {
      pass("bolt_sensors", "never both active");
    }
  }

  Rig& rig_;
  station::Station& station_;
  Gpio& gpio_;
  Hand hand_;
  Examination examination_;
  Calibration calibration_;
  const char* failing_ = "devices";
  std::optional<lock::Banner> banner_;
  Duration banner_after_{};
};

Task<Examination> run(Rig& rig, const std::vector<std::string>& unplugged) {
  Doctor doctor(rig);
  co_return co_await doctor.whole(unplugged);
}

Examination nothing_seen(const std::string& station, const char* what) {
  Examination examination;
  examination.station = station;
  for (const char* check : kChecks) examination.findings.push_back({check});
  examination.findings.front().status = Status::failed;
  examination.findings.front().detail = what;
  return examination;
}

}  // namespace

const char* to_string(Finding::Status status) {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::failed:
      return "failed";
    case Status::not_asked:
      return "not_asked";
  }
  throw std::invalid_argument("not a finding's status");
}

const Finding* Examination::refusal() const {
  const auto found =
      std::find_if(findings.begin(), findings.end(), [](const Finding& finding) {
        return finding.refuses && finding.status == Status::failed;
      });
  return found == findings.end() ? nullptr : &*found;
}

const Finding& Examination::at(std::string_view check) const {
  const auto found =
      std::find_if(findings.begin(), findings.end(),
                   [check](const Finding& finding) { return finding.check == check; });
  if (found == findings.end()) {
    throw std::invalid_argument("no check is called " + std::string(check));
  }
  return *found;
}

Task<Examination> examine(Rig& rig) {
  const std::vector<std::string> nothing;
  co_return co_await run(rig, nothing);
}

Examination examine(Bench& bench, const std::string& station, std::uint64_t seed,
                    const std::vector<std::string>& unplugged) {
  try {
    const auto rig = bench.set_up(station, seed, {}, nullptr);
    if (!unplugged.empty() && rig->person() == nullptr) {
      throw std::invalid_argument("station " + station + " has nobody to pull a wire");
    }
    return rig->world().run(run(*rig, unplugged), kExaminationLimit, "an examination");
  } catch (const RigError& error) {
    return nothing_seen(station, error.what());
  } catch (const LimitReached& error) {
    return nothing_seen(station, error.what());
  }
}

}  // namespace lockrig::trial
