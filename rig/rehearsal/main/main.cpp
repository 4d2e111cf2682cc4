// lockrig_rehearsal: paced twins in a process of their own.
#include <cstdio>
#include <exception>
#include <stdexcept>

#include "rig/rehearsal/bare_chips.hpp"
#include "rig/rehearsal/control.hpp"
#include "rig/rehearsal/echo_edges.hpp"
#include "rig/rehearsal/single_twin.hpp"
#include "rig/rehearsal/twin_station.hpp"

namespace {

using Words = std::vector<std::string>;

constexpr const char* kUsage =
    "lockrig_rehearsal --bench FILE\n"
    "lockrig_rehearsal control SOCKET COMMAND...\n"
    "lockrig_rehearsal chips [--chip FT2232H|FT4232H|FT232H] SERIAL...\n"
    "lockrig_rehearsal echo-edges CONSOLES SERIAL...\n"
    "lockrig_rehearsal twin --model M [--revision R] --pty PATH [--speed BAUD]"
    " [--boards DIR]";

int control(const Words& words) {
  if (words.size() < 2) throw std::invalid_argument(kUsage);
  const std::string answer =
      lockrig::rehearsal::ask(words[0], Words(words.begin() + 1, words.end()));
  std::printf("%s\n", answer.c_str());
  return answer.starts_with("ok") ? 0 : 1;
}

int run(Words words) {
  if (words.empty()) throw std::invalid_argument(kUsage);
  const std::string mode = words.front();
  if (mode == "--bench") return lockrig::rehearsal::serve_bench(words);
  words.erase(words.begin());
  if (mode == "control") return control(words);
  if (mode == "chips") return lockrig::rehearsal::serve_bare_chips(words);
  if (mode == "echo-edges") return lockrig::rehearsal::serve_echo_edges(words);
  if (mode == "twin") return lockrig::rehearsal::serve_single_twin(words);
  throw std::invalid_argument(kUsage);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(Words(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "lockrig_rehearsal: %s\n", error.what());
    return 2;
  }
}
