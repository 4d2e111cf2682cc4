#include <stdexcept>

#include "rig/station/power.hpp"
#include "tests/benchmark/hardware_path/gpio_stand.hpp"
#include "tests/benchmark/hardware_path/modes.hpp"

namespace lockrig::hardware_path {
namespace {

using station::Gpio;
using station::Power;

Task<void> set(Gpio& gpio, const mpsse::Line& line, bool active) {
  Gpio::Build build = [&line, active](mpsse::Pins now) {
    now.value = mpsse::Wiring::with(now.value, line, active);
    return mpsse::Waveform().set(now);
  };
  co_await gpio.run(std::move(build));
}

Task<void> interrupt(World& world, GpioStand& stand, std::vector<Duration> times) {
  co_await stand.open();
  Power power(stand.gpio);
  co_await power.on();
  const mpsse::Line& line = stand.wiring.at("power");
  for (const Duration time : times) {
    co_await power.interrupt(time, Power::Style::pull);
    const Gpio::Attention at_once(stand.gpio);
    co_await stand.settled();
    co_await set(stand.gpio, line, false);
    co_await world.sleep_for(time, "power to be off");
    co_await set(stand.gpio, line, true);
  }
}

}  // namespace

int interrupt_power(const Words& words) {
  if (words.size() < 2) throw std::invalid_argument("interrupt-power SERIAL MS...");
  std::vector<Duration> times;
  for (std::size_t i = 1; i < words.size(); ++i) {
    times.push_back(std::chrono::milliseconds(std::stoi(words[i])));
  }
  World world(1, Pace::wall);
  GpioStand stand(world, words[0]);
  world.run(interrupt(world, stand, std::move(times)), 10min, "interruptions of power");
  return 0;
}

}  // namespace lockrig::hardware_path
