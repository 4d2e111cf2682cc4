#include "rig/station/key_switches.hpp"

#include <array>
#include <bit>
#include <map>
#include <string>
#include <tuple>
#include <utility>

namespace lockrig::station {
namespace {

using mpsse::Line;
using mpsse::Pins;
using mpsse::Waveform;
using mpsse::Wiring;

/// One clock of the chip at 1 MHz. A 74HC595 needs less than 100 ns of set-up time and
/// pulse width (SN74HC595 data sheet); for the analog multiplexer the same is assumed.
constexpr Duration kSettle = 1us;

/// A line's pin and polarity, behind those of others.
std::uint64_t with_line(std::uint64_t lines, const Line& line) {
  return lines << 5 | static_cast<std::uint64_t>(line.bit) << 1 |
         (line.active_high ? 1u : 0u);
}

/// Which lines a load goes over, its kind, and from where to where: bytes, all told.
using Load = std::tuple<std::uint64_t, std::uint16_t, std::uint16_t, Contacts>;

/// A code has some keys several times, and a sweep types a code a million times: each
/// thread compiles a key once. Some 16 keys a wiring and state of the other outputs.
std::map<Load, mpsse::Piece>& loads() {
  thread_local std::map<Load, mpsse::Piece> all;
  return all;
}

void put(Pins& pins, const Line& line, bool active) {
  pins.value = Wiring::with(pins.value, line, active);
}

/// Two 74HC595 in a row: data is taken on the rising clock, outputs change on the
/// rising latch, the first bit in ends at switch 15.
class ShiftRegister final : public KeySwitches {
 public:
  explicit ShiftRegister(const Wiring& wiring)
      : KeySwitches(wiring, "keypad_enable",
                    {"keypad_data", "keypad_clock", "keypad_latch"}),
        data_(wiring.at("keypad_data")),
        clock_(wiring.at("keypad_clock")),
        latch_(wiring.at("keypad_latch")) {}

  void load(Waveform& waveform, Pins& pins, Contacts contacts) const override {
    for (int bit = 15; bit >= 0; --bit) {
      put(pins, clock_, false);
      put(pins, data_, (contacts >> bit & 1) != 0);
      waveform.set(pins).wait(kSettle);
      put(pins, clock_, true);
      waveform.set(pins).wait(kSettle);
    }
    put(pins, clock_, false);
    put(pins, data_, false);
    put(pins, latch_, true);
    waveform.set(pins).wait(kSettle);
    put(pins, latch_, false);
    waveform.set(pins).wait(kSettle);
  }

  int at_once() const override { return 16; }

 private:
  const Line& data_;
  const Line& clock_;
  const Line& latch_;
};

/// One of sixteen contacts; its address changes only while the strobe is inactive.
class Multiplexer final : public KeySwitches {
 public:
  explicit Multiplexer(const Wiring& wiring)
      : KeySwitches(wiring, "key_strobe", {"key_a0", "key_a1", "key_a2", "key_a3"}),
        address_{&wiring.at("key_a0"), &wiring.at("key_a1"), &wiring.at("key_a2"),
                 &wiring.at("key_a3")} {}

  void load(Waveform& waveform, Pins& pins, Contacts contacts) const override {
    const int code = contacts == 0 ? 0 : std::countr_zero(contacts);
    for (std::size_t bit = 0; bit < address_.size(); ++bit) {
      put(pins, *address_[bit], (code >> bit & 1) != 0);
    }
    waveform.set(pins).wait(kSettle);
  }

  int at_once() const override { return 1; }

 private:
  std::array<const Line*, 4> address_;
};

}  // namespace

KeySwitches::KeySwitches(const Wiring& wiring, const char* gate,
                         std::initializer_list<const char*> lines)
    : gate_(wiring.at(gate)), lines_(lines.size()) {
  for (const char* line : lines) lines_ = with_line(lines_, wiring.at(line));
}

void KeySwitches::choose(Waveform& waveform, Pins& pins, Contacts contacts) {
  if (!std::has_single_bit(contacts)) return load(waveform, pins, contacts);
  const Load key{lines_, pins.value, pins.direction, contacts};
  auto found = loads().find(key);
  if (found == loads().end()) {
    Waveform steps(pins);
    load(steps, pins, contacts);
    found = loads().try_emplace(key, std::move(steps), mpsse::ChipClock{}).first;
  }
  pins = *found->second.compiled.left;
  waveform.add(found->second);
}

void KeySwitches::gate(Waveform& waveform, Pins& pins, bool active) const {
  put(pins, gate_, active);
  waveform.set(pins);
}

std::unique_ptr<KeySwitches> make_key_switches(const Wiring& wiring) {
  if (wiring.has("key_strobe")) return std::make_unique<Multiplexer>(wiring);
  return std::make_unique<ShiftRegister>(wiring);
}

}  // namespace lockrig::station
