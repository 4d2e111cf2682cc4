// The body of an image for a twin: what its processor does when it runs that body. On a
// real lock this is machine code; a twin reads a short record and its firmware class
// behaves accordingly. The rest of the body is filler that does not compress.
#pragma once

#include <optional>
#include <string>

#include "rig/core/units.hpp"

namespace lockrig::twin {

/// What is wrong with a build, for the cases that need a bad but validly signed image.
enum class Behaviour : std::uint8_t {
  good = 0,
  crash_at_start = 1,  // faults in start-up, every time (BOOT-01)
  hang_at_start = 2,   // loops for ever (BOOT-02)
  no_network = 3,      // its Wi-Fi never connects (NET-09)
};

const char* to_string(Behaviour behaviour);
std::optional<Behaviour> behaviour_from(std::string_view name);

struct Build {
  std::string model;  // that it was built for: pins, peripherals, memory map
  std::string version;
  Behaviour behaviour = Behaviour::good;
};

/// The same build and size give the same bytes. Throws std::invalid_argument for a size
/// below 64 bytes or a text of more than 15 characters.
Bytes make_body(const Build& build, std::size_t size);

/// Empty if the body holds no build of a twin: a processor would run wild on it.
std::optional<Build> read_body(ByteView body);

}  // namespace lockrig::twin
