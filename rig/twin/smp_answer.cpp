#include "rig/twin/smp_answer.hpp"

#include "rig/protocol/smp_cbor.hpp"
#include "rig/protocol/smp_message.hpp"

namespace lockrig::twin {

Bytes smp_answer(const smp::Header& request, ByteView body) {
  smp::Header header = smp::response_to(request);
  header.length = static_cast<std::uint16_t>(body.size());
  const auto head = smp::encode_header(header);
  Bytes message;
  message.reserve(head.size() + body.size());
  message.insert(message.end(), head.begin(), head.end());
  message.insert(message.end(), body.begin(), body.end());
  return message;
}

Bytes rc_body(int rc) {
  smp::CborWriter body;
  body.map(1);
  body.text("rc").number(static_cast<std::uint32_t>(rc));
  return body.finish();
}

Bytes params_body(std::size_t buf_size, std::size_t buf_count) {
  smp::CborWriter body;
  body.map(2);
  body.text("buf_count").number(static_cast<std::uint32_t>(buf_count));
  body.text("buf_size").number(static_cast<std::uint32_t>(buf_size));
  return body.finish();
}

Bytes echo_body(ByteView request) {
  const auto asked = smp::decode(request);
  if (!asked || !asked->body.contains("d") || !asked->body["d"].is_string()) {
    return rc_body(smp::kRcInvalid);
  }
  smp::CborWriter body;
  body.map(1);
  body.text("r").text(asked->body["d"].get_ref<const std::string&>());
  return body.finish();
}

}  // namespace lockrig::twin
