// The decoder never reads past the stream, always moves on, and a command never depends
// on the bytes behind it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "rig/protocol/mpsse.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockrig;
  ByteView stream(data, size);
  while (!stream.empty()) {
    const ByteView before = stream;
    const std::optional<mpsse::Command> command = mpsse::next(stream);
    if (!command) {
      if (stream.data() != before.data() || stream.size() != before.size())
        std::abort();
      break;
    }
    if (stream.size() >= before.size()) std::abort();
    if (command->opcode != before[0]) std::abort();
    ByteView alone = before.first(before.size() - stream.size());
    if (mpsse::next(alone) != command || !alone.empty()) std::abort();
  }
  return 0;
}
