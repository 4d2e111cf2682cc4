// Blocks of XMODEM, XMODEM-1K and YMODEM. Numbers in brackets: see ymodem.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "rig/core/units.hpp"

namespace lockrig::ymodem {

// [7.1], STX [4.3], ^Z [7.2].
inline constexpr std::uint8_t kSoh = 0x01;  ///< begins a block of 128 bytes
inline constexpr std::uint8_t kStx = 0x02;  ///< begins a block of 1024 bytes
inline constexpr std::uint8_t kEot = 0x04;
inline constexpr std::uint8_t kAck = 0x06;
inline constexpr std::uint8_t kNak = 0x15;
inline constexpr std::uint8_t kCan = 0x18;
inline constexpr std::uint8_t kPadding = 0x1a;
inline constexpr std::uint8_t kAskCrc = 'C';

inline constexpr std::size_t kShortBlock = 128;
inline constexpr std::size_t kLongBlock = 1024;

/// Two in a row cancel; YAM sends eight [4.1].
inline constexpr std::size_t kCansToCancel = 2;
inline constexpr std::size_t kCansSent = 8;
Bytes cancellation();

/// What protects a block: the sum of its data, or its CRC-16, big-endian.
enum class Check { checksum, crc };

/// Bytes of a whole block that begins with `start` (SOH or STX).
std::size_t packet_size(std::uint8_t start, Check check);

/// `data` filled up to `block` (128 or 1024) bytes. REQUIRES: it fits.
Bytes encode_packet(std::uint8_t number, ByteView data, std::size_t block, Check check,
                    std::uint8_t padding = kPadding);

/// A whole block: the number, and a view of its data.
struct Packet {
  std::uint8_t number;
  ByteView data;
};

/// nullopt unless `bytes` are exactly one block, number and check right.
std::optional<Packet> decode_packet(ByteView bytes, Check check);

/// The name and length in YMODEM's block 0 [5]. What may follow them (date, mode,
/// serial number) is not sent and not read.
struct FileHeader {
  std::string name;                     ///< empty: the batch ends
  std::optional<std::uint64_t> size{};  ///< optional in the protocol

  bool operator==(const FileHeader&) const = default;
};

/// The data of block 0, without its filling of NULs. A name that is empty gives none.
Bytes encode_header(const FileHeader& header);

/// nullopt if the name does not end, or what follows it is neither a number nor
/// nothing.
std::optional<FileHeader> decode_header(ByteView data);

}  // namespace lockrig::ymodem
