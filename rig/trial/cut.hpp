// When power goes, for how long, and how; and what the rig's own sensors saw of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "rig/core/units.hpp"

namespace lockrig::trial {

/// How long power is away unless a cut says otherwise: twenty times the station's
/// minimum.
inline constexpr Duration kOffTime = 2s;

struct Cut {
  enum class Trigger {
    flash_op,  // inside flash operation `at`, with `fraction` of it done
    bytes,     // when `at` bytes of the image are acknowledged, plus `delay`
    frames,    // when `at` pieces of the image are acknowledged, plus `delay`
    console,   // when the lock prints a line that contains `event`, plus `delay`
    event,     // `delay` after the event named `event`
    pin,       // at the first activity of the line `busy` from `delay` after the
               // stimulus on (a later cut: after power is back), by the chip itself;
               // until then nothing is sampled and no key is pressed
  };
  enum class Style {
    hard,     // discharged
    pull,     // open circuit: the battery taken out
    chatter,  // as pull, but the contacts bounce first: see `bounces`
    dip,      // not off at all: the second, lower rail for `off` (1 ms to 1 s)
  };

  Trigger trigger = Trigger::flash_op;
  std::uint64_t at = 0;
  double fraction = 0;
  std::string event{};  // "stimulus" (it begins), "power_on" (of the cut before),
                        // "bolt_opens" or "bolt_locks" (it leaves that end),
                        // "check_in" (the portal hears from the lock)
  Duration delay{};
  Duration off = kOffTime;
  Style style = Style::hard;
  /// Of chatter: how often the contacts open and close again, and how long each takes.
  std::uint64_t bounces = 0;
  Duration bounce{};

  bool operator==(const Cut&) const = default;
};

/// "flash operation 312 at 0.3"
std::string describe(const Cut& cut);

/// A cut as it was asked for and as it was seen.
struct CutEvidence {
  std::string requested;
  std::optional<double> achieved_s;  // the rail fell, in the world's time
  std::optional<double> off_s;       // below power-on reset, seen on the rail sense
  std::string reset;                 // "boot counter 4 -> 5", "" if none was seen
  bool proven = false;
  bool by_chip = false;  // the chip made it at an edge: no host had a part in when
};

}  // namespace lockrig::trial
