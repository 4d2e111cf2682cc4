// lockrig_hardware_path: the measured side of ./lockrig benchmark --hardware-path.
#include <cstdio>
#include <exception>
#include <map>
#include <stdexcept>

#include "tests/benchmark/hardware_path/modes.hpp"

int main(int argc, char** argv) {
  using namespace lockrig::hardware_path;
  static const std::map<std::string, int (*)(const Words&)> kModes = {
      {"react", react},
      {"react-barely", react_barely},
      {"interrupt-power", interrupt_power},
      {"read-log", read_log},
      {"upload", upload_image},
  };
  try {
    const auto mode = kModes.find(argc > 1 ? argv[1] : "");
    if (mode == kModes.end()) throw std::invalid_argument("MODE WORD...: modes.hpp");
    return mode->second(Words(argv + 2, argv + argc));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "lockrig_hardware_path: %s\n", error.what());
    return 2;
  }
}
