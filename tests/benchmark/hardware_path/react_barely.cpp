#include <fcntl.h>
#include <ftdi.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "rig/protocol/mpsse.hpp"
#include "rig/protocol/wiring.hpp"
#include "rig/rehearsal/echo_edges.hpp"
#include "tests/benchmark/hardware_path/modes.hpp"
#include "tests/benchmark/hardware_path/pattern_watch.hpp"

namespace lockrig::hardware_path {
namespace {

struct FreeFtdi {
  void operator()(ftdi_context* context) const {
    ftdi_usb_close(context);
    ftdi_free(context);
  }
};
using Ftdi = std::unique_ptr<ftdi_context, FreeFtdi>;

void check(int result, const Ftdi& ftdi) {
  if (result < 0) throw std::runtime_error(ftdi_get_error_string(ftdi.get()));
}

Ftdi open_chip(const std::string& serial) {
  Ftdi ftdi(ftdi_new());
  check(ftdi_set_interface(ftdi.get(), INTERFACE_A), ftdi);
  check(ftdi_usb_open_desc(ftdi.get(), 0x0403, 0x6010, nullptr, serial.c_str()), ftdi);
  check(ftdi_set_latency_timer(ftdi.get(), 1), ftdi);
  check(ftdi_set_bitmode(ftdi.get(), 0, BITMODE_RESET), ftdi);
  check(ftdi_set_bitmode(ftdi.get(), 0, BITMODE_MPSSE), ftdi);
  return ftdi;
}

int open_console(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_NOCTTY);
  if (fd < 0) throw std::runtime_error(path + ": " + std::strerror(errno));
  termios settings{};
  ::tcgetattr(fd, &settings);
  cfmakeraw(&settings);
  ::tcsetattr(fd, TCSANOW, &settings);
  return fd;
}

void write_pins(const Ftdi& ftdi, mpsse::Pins pins) {
  Bytes command;
  mpsse::append_set_high(command, pins);
  check(ftdi_write_data(ftdi.get(), command.data(), static_cast<int>(command.size())),
        ftdi);
}

/// One word a line.
std::string word() {
  char line[16];
  if (std::fgets(line, sizeof line, stdin) == nullptr) return "";
  return std::string(line, std::strcspn(line, "\n"));
}

}  // namespace

int react_barely(const Words& words) {
  if (words.size() < 2) throw std::invalid_argument("react-barely SERIAL CONSOLE...");
  const Ftdi ftdi = open_chip(words[0]);
  const auto wiring =
      mpsse::load_wiring(LOCKRIG_ROOT "/fixtures/boards/6000i/wiring.csv");
  const mpsse::Line& line = wiring.at("power");
  mpsse::Pins pins = wiring.idle_pins();
  write_pins(ftdi, pins);

  std::vector<pollfd> files = {{STDIN_FILENO, POLLIN, 0}};
  std::vector<PatternWatch> watches;
  for (std::size_t i = 1; i < words.size(); ++i) {
    files.push_back({open_console(words[i]), POLLIN, 0});
    watches.emplace_back(rehearsal::kProvocation);
  }
  for (;;) {
    ::poll(files.data(), files.size(), -1);
    for (std::size_t i = 1; i < files.size(); ++i) {
      if ((files[i].revents & POLLIN) == 0) continue;
      std::uint8_t buffer[1024];
      const ssize_t got = ::read(files[i].fd, buffer, sizeof buffer);
      if (got <= 0) continue;
      const ByteView bytes(buffer, static_cast<std::size_t>(got));
      if (!watches[i - 1].feed(bytes)) continue;
      pins.value = static_cast<std::uint16_t>(pins.value ^ line.mask());
      write_pins(ftdi, pins);
    }
    if (files[0].revents == 0) continue;
    const std::string said = word();
    if (said.empty()) return 0;
    std::printf("%s\n", said == "go" ? "ready" : "paused");
    std::fflush(stdout);
  }
}

}  // namespace lockrig::hardware_path
