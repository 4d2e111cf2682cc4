#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>

#include "rig/rehearsal/echo_edges.hpp"
#include "rig/station/console.hpp"
#include "tests/benchmark/hardware_path/console_at.hpp"
#include "tests/benchmark/hardware_path/gpio_stand.hpp"
#include "tests/benchmark/hardware_path/modes.hpp"
#include "tests/benchmark/hardware_path/pattern_watch.hpp"

namespace lockrig::hardware_path {
namespace {

using station::Gpio;

/// One station's console, and what is done when it says the word.
class Listener {
 public:
  Listener(World& world, const std::string& place, Gpio& gpio, const mpsse::Line& line)
      : port_(world, console_at(place)),
        console_(world, port_, "S"),
        gpio_(gpio),
        line_(line),
        life_(world, "reactions") {
    console_.set_live(true);
    life_.spawn(listen());
  }

 private:
  Task<void> listen() {
    PatternWatch watch(rehearsal::kProvocation);
    std::uint8_t buffer[1024];
    for (;;) {
      const ReadResult read = co_await console_.read_some(buffer, kNever);
      if (read.status != StreamStatus::ok) co_return;
      if (!watch.feed(ByteView(buffer, read.count))) continue;
      Gpio::Build move = [this](mpsse::Pins now) {
        now.value = static_cast<std::uint16_t>(now.value ^ line_.mask());
        return mpsse::Waveform().set(now);
      };
      co_await gpio_.run(std::move(move));
    }
  }

  io::SerialPort port_;
  station::Console console_;
  Gpio& gpio_;
  const mpsse::Line& line_;
  Life life_;
};

void say(const char* word) {
  std::printf("%s\n", word);
  std::fflush(stdout);
}

Task<void> obey(World& world, GpioStand& stand) {
  io::FdStream input(world, ::dup(STDIN_FILENO));
  std::optional<Gpio::Attention> attention;
  std::string line;
  for (;;) {
    std::uint8_t byte = 0;
    const ReadResult read = co_await input.read_some(std::span(&byte, 1), kNever);
    if (read.status != StreamStatus::ok) co_return;
    if (byte != '\n') {
      line += static_cast<char>(byte);
      continue;
    }
    if (line == "go") {
      attention.emplace(stand.gpio);
      co_await stand.settled();
      say("ready");
    } else {
      attention.reset();
      say("paused");
    }
    line.clear();
  }
}

}  // namespace

int react(const Words& words) {
  if (words.size() < 2) throw std::invalid_argument("react SERIAL CONSOLE...");
  World world(1, Pace::wall);
  GpioStand stand(world, words[0]);
  world.run(stand.open(), 5s, "opening the FTDI chip");
  const mpsse::Line& line = stand.wiring.at("power");
  std::vector<std::unique_ptr<Listener>> listeners;
  for (std::size_t i = 1; i < words.size(); ++i) {
    listeners.push_back(std::make_unique<Listener>(world, words[i], stand.gpio, line));
  }
  world.run(obey(world, stand), 1h, "reactions");
  return 0;
}

}  // namespace lockrig::hardware_path
