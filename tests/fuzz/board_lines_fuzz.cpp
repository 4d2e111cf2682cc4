// Whatever a program says on its lines: no crash, what is held stays bounded, the same
// lines come however the bytes were cut, and what passes for a message is printable.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "rig/protocol/board_lines.hpp"

namespace {

using lockrig::ByteView;
using lockrig::board_lines::FlashBegins;
using lockrig::board_lines::Splitter;

struct Heard {
  std::vector<std::string> lines;
  bool overrun = false;
  bool operator==(const Heard&) const = default;
};

void require(bool good) {
  if (!good) std::abort();
}

void check(const std::string& line) {
  require(line.size() <= Splitter::kLongest && line.find('\n') == std::string::npos);
  const auto message = lockrig::board_lines::parse(line);
  if (!message) return;
  const std::size_t end = line.size() - (line.back() == '\r' ? 1 : 0);
  require(std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(end),
                      [](char c) { return c >= ' ' && c <= '~'; }));
  if (const auto* flash = std::get_if<FlashBegins>(&*message)) {
    require(!flash->region.empty() && !flash->phase.empty());
  }
}

Heard hear(ByteView bytes, std::size_t step) {
  Splitter splitter;
  Heard heard;
  while (!bytes.empty()) {
    const std::size_t size = std::min(step, bytes.size());
    splitter.push(bytes.first(size));
    while (const auto line = splitter.next()) {
      check(*line);
      heard.lines.push_back(*line);
    }
    bytes = bytes.subspan(size);
  }
  heard.overrun = splitter.overrun();
  return heard;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  require(hear(bytes, std::max<std::size_t>(bytes.size(), 1)) ==
          hear(bytes, 1 + data[0] % 200));
  return 0;
}
