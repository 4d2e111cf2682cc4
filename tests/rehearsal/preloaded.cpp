// The libraries under test see emulated devices only with two libraries loaded before
// them, and those can be put there only before a process starts: so it starts again,
// once, before anything else has run.
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

constexpr const char* kMark = "LOCKRIG_TEST_PRELOADED";

[[gnu::constructor]] void preload() {
  if (getenv(kMark) != nullptr) return;
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string line((std::istreambuf_iterator<char>(file)), {});
  std::vector<char*> arguments;
  for (std::size_t at = 0; at < line.size(); at = line.find('\0', at) + 1) {
    arguments.push_back(const_cast<char*>(line.data() + at));
  }
  arguments.push_back(nullptr);
  setenv(kMark, "1", 1);
  setenv("LD_PRELOAD", LOCKRIG_PROGRAMS "/lockrig_tty.so:libumockdev-preload.so.0", 1);
  // AddressSanitizer wants to be first, and need not be: it is linked in.
  const char* const options = getenv("ASAN_OPTIONS");
  const std::string more = options != nullptr ? std::string(options) + ":" : "";
  setenv("ASAN_OPTIONS", (more + "verify_asan_link_order=0").c_str(), 1);
  execv("/proc/self/exe", arguments.data());
}

}  // namespace
