// Where everything stands in an image file. Source: MCUboot v2.4.0,
// boot/bootutil/include/bootutil/image.h; all numbers little-endian.
//
//   0    MCUboot header, 32 bytes
//   32   early identity (ours, see below), zero up to 512
//   512  body
//        protected TLVs: vendor, class, hardware mask, security counter
//        TLVs: SHA-256 (of all before), KEYHASH, ED25519 (of the digest)
//
// The early identity is a convention of this product family. In an MCUboot image vendor
// and class stand in TLVs behind the body, so a lock that receives the file in order
// learns that it is meant for another model only when all of it has been written. RFC
// 9124 asks for better (USER_STORY.MFST.FAIL_EARLY). MCUboot leaves the room between
// its 32 bytes and hdr_size free, so the same four values stand there as well:
//
//   32 magic "LRID" | 36 vendor, 16 | 52 class, 16 | 68 hardware mask u32 | 72 counter
//   u32
//
// The digest covers them like all of the header, and the protected TLVs must agree.
#pragma once

#include <cstddef>
#include <cstdint>

#include "rig/core/units.hpp"

namespace lockrig::image {

inline constexpr std::uint32_t kMagic = 0x96f3b83d;
inline constexpr std::size_t kMcubootHeaderSize = 32;
inline constexpr std::uint16_t kHeaderSize = 512;

inline constexpr std::uint32_t kEarlyMagic = 0x4449524c;  // the bytes "LRID"
inline constexpr std::size_t kEarlyOffset = kMcubootHeaderSize;
inline constexpr std::size_t kEarlyEnd = kEarlyOffset + 44;

inline constexpr std::uint16_t kTlvMagic = 0x6907;
inline constexpr std::uint16_t kProtectedTlvMagic = 0x6908;
inline constexpr std::size_t kTlvInfoSize = 4;   // of an area: magic, total size
inline constexpr std::size_t kTlvEntrySize = 4;  // of an entry: type, size of the value

enum TlvType : std::uint16_t {
  kTlvKeyHash = 0x01,
  kTlvSha256 = 0x10,
  kTlvEd25519 = 0x24,
  kTlvSecurityCounter = 0x50,
  kTlvVendor = 0x74,  // as the code has it; docs/design.md says 0x80 and 0x81
  kTlvDeviceClass = 0x75,
  kTlvHardwareMask = 0x00a0,  // ours: xxA0-xxFF are left to vendors
};

inline std::uint16_t load_u16(ByteView bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] | bytes[at + 1] << 8);
}

inline std::uint32_t load_u32(ByteView bytes, std::size_t at) {
  return load_u16(bytes, at) | static_cast<std::uint32_t>(load_u16(bytes, at + 2))
                                   << 16;
}

inline void store_u16(Bytes& bytes, std::size_t at, std::uint16_t value) {
  bytes[at] = static_cast<std::uint8_t>(value);
  bytes[at + 1] = static_cast<std::uint8_t>(value >> 8);
}

inline void store_u32(Bytes& bytes, std::size_t at, std::uint32_t value) {
  store_u16(bytes, at, static_cast<std::uint16_t>(value));
  store_u16(bytes, at + 2, static_cast<std::uint16_t>(value >> 16));
}

}  // namespace lockrig::image
