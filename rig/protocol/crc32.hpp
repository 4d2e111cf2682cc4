// CRC-32 as in Ethernet and zlib (poly 0x04c11db7 reflected, initial value and final
// xor of ones): the check of a lock's settings and events.
#pragma once

#include <cstdint>

#include "rig/core/units.hpp"

namespace lockrig {

std::uint32_t crc32(ByteView bytes);

}  // namespace lockrig
