// CRC-16/XMODEM (poly 0x1021, initial value 0, not reflected, no final xor): the check
// of SMP over serial (Zephyr, doc/services/device_mgmt/smp_transport.rst) and of
// YMODEM.
#pragma once

#include <cstdint>

#include "rig/core/units.hpp"

namespace lockrig::smp {

/// CRC of `bytes`, continued from `crc`: crc16(b, crc16(a)) is the CRC of a then b. A
/// message followed by its own big-endian CRC gives 0.
std::uint16_t crc16(ByteView bytes, std::uint16_t crc = 0);

}  // namespace lockrig::smp
