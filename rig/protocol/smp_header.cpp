#include "rig/protocol/smp_header.hpp"

#include <stdexcept>

namespace lockrig::smp {

std::array<std::uint8_t, kHeaderSize> encode_header(const Header& header) {
  if (header.version > 3) throw std::invalid_argument("an SMP version has two bits");
  return {
      static_cast<std::uint8_t>(header.version << 3 | static_cast<int>(header.op)),
      header.flags,
      static_cast<std::uint8_t>(header.length >> 8),
      static_cast<std::uint8_t>(header.length),
      static_cast<std::uint8_t>(header.group >> 8),
      static_cast<std::uint8_t>(header.group),
      header.sequence,
      header.id,
  };
}

std::optional<Header> decode_header(ByteView message) {
  if (message.size() < kHeaderSize || (message[0] & 7) > 3) return std::nullopt;
  Header header;
  header.op = static_cast<Op>(message[0] & 7);
  header.version = (message[0] >> 3) & 3;
  header.flags = message[1];
  header.length = static_cast<std::uint16_t>(message[2] << 8 | message[3]);
  header.group = static_cast<std::uint16_t>(message[4] << 8 | message[5]);
  header.sequence = message[6];
  header.id = message[7];
  return header;
}

Header response_to(const Header& request) {
  Header response = request;
  response.op = request.op == Op::read ? Op::read_response : Op::write_response;
  response.flags = 0;
  response.length = 0;
  return response;
}

}  // namespace lockrig::smp
