#include "rig/protocol/xmodem_packet.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "rig/protocol/crc16.hpp"

namespace lockrig::ymodem {
namespace {

// SOH, number, its complement.
constexpr std::size_t kHead = 3;

constexpr std::size_t check_size(Check check) { return check == Check::crc ? 2 : 1; }

std::uint8_t sum(ByteView data) {
  return std::accumulate(data.begin(), data.end(), std::uint8_t{0});
}

}  // namespace

Bytes cancellation() { return Bytes(kCansSent, kCan); }

std::size_t packet_size(std::uint8_t start, Check check) {
  return kHead + (start == kStx ? kLongBlock : kShortBlock) + check_size(check);
}

Bytes encode_packet(std::uint8_t number, ByteView data, std::size_t block, Check check,
                    std::uint8_t padding) {
  Bytes out;
  out.reserve(kHead + block + check_size(check));
  out.push_back(block == kLongBlock ? kStx : kSoh);
  out.push_back(number);
  out.push_back(static_cast<std::uint8_t>(~number));
  out.insert(out.end(), data.begin(), data.end());
  out.resize(kHead + block, padding);
  const ByteView filled = ByteView(out).subspan(kHead);
  if (check == Check::checksum) {
    out.push_back(sum(filled));
    return out;
  }
  const std::uint16_t crc = smp::crc16(filled);
  out.push_back(static_cast<std::uint8_t>(crc >> 8));
  out.push_back(static_cast<std::uint8_t>(crc));
  return out;
}

std::optional<Packet> decode_packet(ByteView bytes, Check check) {
  if (bytes.empty() || (bytes[0] != kSoh && bytes[0] != kStx)) return std::nullopt;
  if (bytes.size() != packet_size(bytes[0], check)) return std::nullopt;
  if ((bytes[1] ^ bytes[2]) != 0xff) return std::nullopt;
  const ByteView checked = bytes.subspan(kHead);
  const ByteView data = checked.first(checked.size() - check_size(check));
  const bool good =
      check == Check::crc ? smp::crc16(checked) == 0 : sum(data) == checked.back();
  if (!good) return std::nullopt;
  return Packet{bytes[1], data};
}

Bytes encode_header(const FileHeader& header) {
  Bytes out;
  if (header.name.empty()) return out;
  out.assign(header.name.begin(), header.name.end());
  out.push_back(0);
  if (header.size) {
    const std::string size = std::to_string(*header.size);
    out.insert(out.end(), size.begin(), size.end());
    out.push_back(0);
  }
  return out;
}

std::optional<FileHeader> decode_header(ByteView data) {
  const auto name_end = std::find(data.begin(), data.end(), 0);
  if (name_end == data.end()) return std::nullopt;
  FileHeader header;
  header.name.assign(data.begin(), name_end);
  if (header.name.empty()) return header;

  auto at = name_end + 1;
  std::uint64_t size = 0;
  const auto digits = at;
  for (; at != data.end() && *at >= '0' && *at <= '9'; ++at) {
    const std::uint64_t digit = *at - std::uint64_t{'0'};
    if (size > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) {
      return std::nullopt;
    }
    size = 10 * size + digit;
  }
  if (at != data.end() && *at != 0 && *at != ' ') return std::nullopt;
  if (at != digits) header.size = size;
  return header;
}

}  // namespace lockrig::ymodem
