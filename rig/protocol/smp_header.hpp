// The 8-byte header of an SMP message, and the numbers of the groups, commands and
// codes that the rig speaks. Source: Zephyr, doc/services/device_mgmt/smp_protocol.rst
// and smp_groups/; group 64 is the first one free for products, here the locks'.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "rig/core/units.hpp"

namespace lockrig::smp {

enum class Op : std::uint8_t {
  read = 0,
  read_response = 1,
  write = 2,
  write_response = 3
};

inline constexpr std::uint16_t kGroupOs = 0;
inline constexpr std::uint8_t kOsEcho = 0;
inline constexpr std::uint8_t kOsReset = 5;
inline constexpr std::uint8_t kOsParams = 6;
inline constexpr std::uint8_t kOsInfo = 7;

inline constexpr std::uint16_t kGroupImage = 1;
inline constexpr std::uint8_t kImageState = 0;
inline constexpr std::uint8_t kImageUpload = 1;
inline constexpr std::uint8_t kImageErase = 5;
inline constexpr std::uint8_t kImageSlotInfo = 6;

inline constexpr std::uint16_t kGroupSettings = 3;
inline constexpr std::uint8_t kSettingsValue = 0;
inline constexpr std::uint8_t kSettingsDelete = 1;
inline constexpr std::uint8_t kSettingsCommit = 2;
inline constexpr std::uint8_t kSettingsLoadSave = 3;

inline constexpr std::uint16_t kGroupLock = 64;
inline constexpr std::uint8_t kLockState = 0;
inline constexpr std::uint8_t kLockLog = 1;
inline constexpr std::uint8_t kLockChallenge = 2;
inline constexpr std::uint8_t kLockUnlock = 3;

/// Codes of smp_protocol.rst, "Status/error codes in responses".
enum Rc : int {
  kRcOk = 0,
  kRcUnknown = 1,
  kRcNoMemory = 2,
  kRcInvalid = 3,
  kRcTimeout = 4,
  kRcNoEntry = 5,
  kRcBadState = 6,
  kRcTooLarge = 7,
  kRcNotSupported = 8,
  kRcCorrupt = 9,
  kRcBusy = 10,
  kRcAccessDenied = 11,
  kRcTooOld = 12,
  kRcTooNew = 13,
};

/// The version bits of the header.
inline constexpr std::uint8_t kSmpV1 = 0;
inline constexpr std::uint8_t kSmpV2 = 1;

inline constexpr std::size_t kHeaderSize = 8;

struct Header {
  Op op = Op::read;
  std::uint8_t version = kSmpV2;  ///< 0..3
  std::uint8_t flags = 0;
  std::uint16_t length = 0;  ///< of the body behind the header
  std::uint16_t group = 0;
  std::uint8_t sequence = 0;
  std::uint8_t id = 0;

  bool operator==(const Header&) const = default;
};

std::array<std::uint8_t, kHeaderSize> encode_header(const Header& header);

/// nullopt if there are fewer than 8 bytes or the operation is none of the four.
/// Reserved bits are not looked at.
std::optional<Header> decode_header(ByteView message);

/// The header that answers `request`: same group, id, sequence and version.
Header response_to(const Header& request);

}  // namespace lockrig::smp
