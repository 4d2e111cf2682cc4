#include "rig/io/guard_duty.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

#include "rig/core/world.hpp"
#include "rig/io/station_lock.hpp"
#include "rig/io/station_state.hpp"
#include "rig/protocol/ftdi_chip.hpp"
#include "rig/protocol/mpsse.hpp"

namespace lockrig::io {
namespace {

/// No commands of any FTDI chip: each is answered by kBadCommand and itself (AN_108).
constexpr std::uint8_t kPadding = 0xaa;
constexpr std::uint8_t kMark = 0xab;

/// One channel, and which of the station's 16 pins it has.
struct Part {
  int channel;
  int first_pin;
  int pins;
};

std::vector<Part> parts(const GuardConfig& config) {
  const mpsse::Chip* const chip = mpsse::find_chip(config.chip);
  if (chip == nullptr) throw std::invalid_argument("no chip '" + config.chip + "'");
  if (chip->is_pair()) return {{0, 0, 8}, {1, 8, 8}};
  return {{0, 0, 16}};
}

/// Reads until the answer to kMark, and returns the bytes behind it. Whatever is before
/// it was asked by the dead rig.
Bytes answer(GuardDevice& device, int channel, std::size_t behind,
             const GuardTime& time) {
  const Bytes mark{mpsse::op::kBadCommand, kMark};
  const Instant until = time.now() + kAnswerLimit;
  Bytes all;
  do {
    const Bytes more = device.read(channel);
    all.insert(all.end(), more.begin(), more.end());
    const auto at = std::search(all.begin(), all.end(), mark.begin(), mark.end());
    if (static_cast<std::size_t>(all.end() - at) >= mark.size() + behind) {
      return {at + static_cast<std::ptrdiff_t>(mark.size()), all.end()};
    }
  } while (time.now() < until);
  throw std::runtime_error("the chip does not answer as MPSSE does");
}

void hold_power(GuardDevice& device, const GuardConfig& config, const Part& part,
                const GuardTime& time) {
  const auto low_first = [&](std::uint16_t pins) {
    return static_cast<std::uint16_t>(pins >> part.first_pin);
  };
  device.purge(part.channel);
  // The rig may have died in the middle of a command of three bytes.
  const Bytes ask{kPadding,
                  kPadding,
                  kMark,
                  mpsse::op::kReadLow,
                  part.pins == 16 ? mpsse::op::kReadHigh : mpsse::op::kReadLow,
                  mpsse::op::kFlush};
  device.write(part.channel, ask);
  const Bytes now = answer(device, part.channel, 2, time);
  const auto levels = static_cast<std::uint16_t>(now[0] | now[1] << 8);

  const std::uint16_t power = low_first(config.power_mask);
  const auto value =
      static_cast<std::uint16_t>((low_first(config.idle) & ~power) | (levels & power));
  const mpsse::Pins pins{value, low_first(config.direction)};
  Bytes set;
  append_set_low(set, pins);
  if (part.pins == 16) append_set_high(set, pins);
  set.insert(set.end(), {kMark, mpsse::op::kFlush});
  device.write(part.channel, set);
  answer(device, part.channel, 0, time);
}

bool claim_all(GuardDevice& device, const std::vector<Part>& all) {
  return std::all_of(all.begin(), all.end(),
                     [&](const Part& part) { return device.claim(part.channel); });
}

/// Waits for what the rig says or how it ends. True when it has to be stood in for.
bool rig_died(pid_t rig, bool& power_on) {
  const auto process = static_cast<int>(syscall(SYS_pidfd_open, rig, 0));
  // The stream alone may not end: a process that the rig forked may still have it open.
  // Nor may the rig be the one that we look at: if it is dead already, it is not our
  // parent any more.
  pollfd watch[]{{STDIN_FILENO, POLLIN, 0}, {process, POLLIN, 0}};
  for (bool gone = getppid() != rig;;) {
    if (poll(watch, 2, gone ? 0 : -1) < 0) {
      if (errno == EINTR) continue;
      return true;
    }
    if (watch[0].revents != 0) {
      char word = 0;
      const ssize_t n = read(STDIN_FILENO, &word, 1);
      if (n < 0 && errno == EINTR) continue;
      if (n != 1) return true;
      if (word == kQuit) return false;
      power_on = word == kPowerOn;
    } else if (gone || watch[1].revents != 0) {
      return true;
    }
  }
}

void ignore_signals() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) {
    ::signal(signal, SIG_IGN);
  }
}

/// Empty, or why it could not.
std::string mark(const GuardConfig& config, const std::string& why,
                 const std::string& now) {
  try {
    StationState(config.state_file).mark_unknown(why, now);
    return "";
  } catch (const std::exception& failed) {
    return std::string("; its mark cannot be kept: ") + failed.what();
  }
}

GuardTime wall_time(const Clock& clock) {
  return {[&clock] { return clock.now(); },
          // A guard has no world: nothing else happens in its process meanwhile.
          [] { poll(nullptr, 0, 10); }};
}

}  // namespace

SafeEnd make_safe(const GuardConfig& config, bool power_on, const OpenGuardDevice& open,
                  const GuardTime& time) {
  const std::vector<Part> all = parts(config);
  const Instant begin = time.now();
  bool keep = config.keep_power && power_on;
  std::string lost;
  for (;;) {
    std::string why;
    try {
      const auto device = open(config);
      if (keep && !claim_all(*device, all)) {
        keep = time.now() - begin < kClaimLimit;
        lost = " (it was to be kept, but another process has the chip)";
        if (keep) {
          time.pause();
          continue;
        }
      }
      if (keep) try {
          for (const Part& part : all) hold_power(*device, config, part, time);
          return {true, "its keys are released, its power is kept"};
        } catch (const std::exception& failed) {
          keep = false;
          lost = std::string(" (it was to be kept, but ") + failed.what() + ")";
        }
      for (const Part& part : all) device->reset(part.channel);
      return {true, "its keys are released, its power is off" + lost};
    } catch (const std::exception& failed) {
      why = failed.what();
    }
    if (time.now() - begin >= kSafeLimit) {
      return {false, "its chip cannot be made safe: " + why};
    }
    time.pause();
  }
}

int run_guard(const std::vector<std::string>& arguments, const OpenGuardDevice& open) {
  ignore_signals();
  GuardArguments parsed;
  try {
    parsed = parse_guard_arguments(arguments);
  } catch (const std::invalid_argument& wrong) {
    fprintf(stderr, "lockrig_guard: %s (it is started by the rig)\n", wrong.what());
    return 2;
  }
  const GuardConfig& config = parsed.config;
  send(STDIN_FILENO, &kOnWatch, 1, MSG_NOSIGNAL);

  bool power_on = false;
  if (!rig_died(parsed.rig, power_on)) return 0;

  const Clock clock(Pace::wall);
  const SafeEnd end = make_safe(config, power_on, open, wall_time(clock));
  const std::string now = utc_text();
  std::string report = "the rig, process " + std::to_string(parsed.rig) +
                       ", died with power " + (power_on ? "on" : "off");
  std::string unmarked;
  if (power_on || !end.safe) unmarked = mark(config, report + "; " + end.what, now);
  release_lock(kGuardLock);
  // Last of all: a reader of standard error may be as dead as the rig, or asleep.
  report = "lockrig_guard: station " + config.station + ": " + report + "; " +
           end.what + unmarked + "\n";
  if (write(STDERR_FILENO, report.data(), report.size()) < 0) return 1;
  return end.safe ? 0 : 1;
}

}  // namespace lockrig::io
