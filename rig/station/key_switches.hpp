// The electrical side of a keypad: how the rig's lines close contacts across the keys.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>

#include "rig/protocol/waveform.hpp"
#include "rig/protocol/wiring.hpp"

namespace lockrig::station {

/// Contacts by number, one bit each.
using Contacts = std::uint16_t;

class KeySwitches {
 public:
  /// `lines` choose the contacts behind the gate. The wiring outlives it.
  KeySwitches(const mpsse::Wiring& wiring, const char* gate,
              std::initializer_list<const char*> lines);
  virtual ~KeySwitches() = default;

  /// Appends what chooses the contacts, and keeps `pins` at what the waveform has set.
  /// Nothing is closed while the gate is inactive.
  /// The waveform ends in the thread in which it began.
  void choose(mpsse::Waveform& waveform, mpsse::Pins& pins, Contacts contacts);

  /// How many contacts can be closed at a time.
  virtual int at_once() const = 0;

  /// Closes (active) and opens the chosen contacts, within a microsecond.
  void gate(mpsse::Waveform& waveform, mpsse::Pins& pins, bool active) const;
  std::uint16_t gate_mask() const { return gate_.mask(); }
  bool gated(mpsse::Pins pins) const {
    return mpsse::Wiring::active(pins.value, gate_);
  }

 protected:
  virtual void load(mpsse::Waveform& waveform, mpsse::Pins& pins,
                    Contacts contacts) const = 0;

 private:
  const mpsse::Line& gate_;
  std::uint64_t lines_;  // which, as a number
};

/// By the lines there are: keypad_data/clock/latch/enable for a pair of 74HC595,
/// key_a0-key_a3 and key_strobe for a 16-way multiplexer.
std::unique_ptr<KeySwitches> make_key_switches(const mpsse::Wiring& wiring);

}  // namespace lockrig::station
