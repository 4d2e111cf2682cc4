// The keypad as a finger sees it. Every press is one chip-timed waveform.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rig/protocol/keypad_map.hpp"
#include "rig/station/gpio.hpp"
#include "rig/station/key_switches.hpp"

namespace lockrig::station {

struct KeypadTimings {
  /// A brisk finger; a lock's debounce is a quarter of it or less. Assumed.
  Duration hold = 80ms;
  Duration gap = 80ms;  // from a release to the next press, also across calls
};

/// std::invalid_argument for a key the keypad does not have (the message lists those
/// there are), for R while the interlock is open, and for more keys at a time than the
/// wiring can press. Power::off releases every key.
///
/// Each press is a note in the trace, "<station>/keypad", as it is commanded: the names
/// of the keys, at the moment at which their contacts close (to the microsecond).
///
/// No key is driven longer than `drive_max`: a longer press is std::invalid_argument,
/// and a held key is let go by the chip's channel, also if nobody runs the world; the
/// next call is then a RigError that names it, the one after that works again.
class Keypad {
 public:
  /// A minute: longer than any key combination asks for, shorter than a switch, a
  /// battery or a lock's key-stuck alarm minds. Assumed.
  static constexpr Duration kDriveMax = 60s;

  /// The map outlives the keypad. `reset_key`: the interlock of R is closed.
  Keypad(Gpio& gpio, const mpsse::KeypadMap& map, KeypadTimings timings, bool reset_key,
         Duration drive_max = kDriveMax);

  /// Returns when the key is released.
  Task<void> press(std::string key);
  Task<void> press(std::string key, Duration hold);
  /// One key after the other, in one waveform: nothing else can be commanded meanwhile.
  Task<void> type(std::vector<std::string> keys);
  /// The same by quicker or slower fingers: `gap` from a release to the next press.
  /// Both are a sampling period (Gpio::kSamplePeriod) or more, else
  /// std::invalid_argument.
  Task<void> type(std::vector<std::string> keys, Duration hold, Duration gap);
  /// A code, digit by digit, then the key "enter".
  Task<void> enter(std::string code);
  /// All at once.
  Task<void> chord(std::vector<std::string> keys, Duration hold);
  /// A worn contact: on press and on release it changes `edges` times within `bounce`,
  /// at microseconds that follow from the seed. `edges` is odd, as the contact ends
  /// otherwise than it began. No other key may be held, as all share one gate.
  Task<void> press_with_bounce(std::string key, Duration bounce, int edges,
                               std::uint64_t seed);

  const KeypadTimings& timings() const { return timings_; }

  /// Presses a key until release_all(); more may follow where the wiring can.
  Task<void> hold(std::string key);
  Task<void> release_all();

 private:
  Contacts contact(std::string_view key) const;
  Contacts held(mpsse::Pins now) const;
  void close(mpsse::Waveform& waveform, mpsse::Pins& pins, Contacts contacts);
  void note(const mpsse::Waveform& waveform, Contacts closing) const;
  std::string names(Contacts contacts) const;
  void check_hold();
  void check_drive(Duration hold) const;
  void keep_gap(mpsse::Waveform& waveform) const;
  Task<void> play(std::vector<Contacts> presses, Duration hold) {
    return play(std::move(presses), hold, timings_.gap);
  }
  Task<void> play(std::vector<Contacts> presses, Duration hold, Duration gap);

  Gpio& gpio_;
  const mpsse::KeypadMap& map_;
  KeypadTimings timings_;
  bool reset_key_;
  Duration drive_max_;
  Trace::Channel channel_;
  std::unique_ptr<KeySwitches> switches_;
  Contacts chosen_ = 0;
  Instant released_at_ = Instant::min();
  Contacts held_ = 0;  // by hold()
  Instant held_since_{};
};

}  // namespace lockrig::station
