#include "rig/station/output_check.hpp"

#include <algorithm>
#include <utility>

#include "rig/station/key_switches.hpp"

namespace lockrig::station {
namespace {

/// For a pin and its wire to settle; far below what a key press or a discharge needs.
constexpr Duration kDriven = 100us;

/// Every disagreement between what was driven and what was read, each once.
std::vector<HeldOutput> compare(const mpsse::Wiring& wiring,
                                const std::vector<std::uint16_t>& driven,
                                const std::vector<std::uint16_t>& read) {
  std::vector<HeldOutput> held;
  for (std::size_t i = 0; i < wiring.lines().size(); ++i) {
    const mpsse::Line& line = wiring.lines()[i];
    if (!line.output) continue;
    for (std::size_t n = 0; n < driven.size(); ++n) {
      if (((driven[n] ^ read[n]) & line.mask()) == 0) continue;
      const HeldOutput found{static_cast<int>(i), (driven[n] & line.mask()) != 0};
      if (std::find(held.begin(), held.end(), found) == held.end()) {
        held.push_back(found);
      }
    }
  }
  return held;
}

}  // namespace

Task<std::vector<HeldOutput>> read_outputs(Gpio& gpio) {
  std::vector<std::uint16_t> driven;
  Gpio::Build look = [&driven](mpsse::Pins now) {
    driven.assign(1, now.value);
    mpsse::Waveform waveform(now);
    waveform.wait(kDriven).sample();
    return waveform;
  };
  const std::vector<std::uint16_t> read = co_await gpio.read_back(std::move(look));
  co_return compare(gpio.wiring(), driven, read);
}

Task<std::vector<HeldOutput>> drive_outputs(Gpio& gpio) {
  const mpsse::Wiring& wiring = gpio.wiring();
  const auto switches = make_key_switches(wiring);
  std::vector<std::uint16_t> driven;
  Gpio::Build build = [&](mpsse::Pins now) {
    mpsse::Waveform waveform(now);
    driven.clear();
    mpsse::Pins rest{mpsse::Wiring::with(now.value, wiring.at("isolate"), true),
                     now.direction};
    waveform.set(rest).wait(kDriven);
    switches->choose(waveform, rest, 0);
    const auto drive = [&](mpsse::Pins pins) {
      waveform.set(pins).wait(kDriven).sample();
      driven.push_back(pins.value);
    };
    drive(rest);
    for (const mpsse::Line& line : wiring.lines()) {
      if (!line.output || line.name == "power") continue;
      const bool other = !mpsse::Wiring::active(rest.value, line);
      drive({mpsse::Wiring::with(rest.value, line, other), rest.direction});
      drive(rest);
    }
    return waveform.set(now);
  };
  const std::vector<std::uint16_t> read = co_await gpio.read_back(std::move(build));
  co_return compare(wiring, driven, read);
}

}  // namespace lockrig::station
