#include "rig/protocol/smp_message.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "rig/protocol/smp_cbor.hpp"

namespace lockrig::smp {
namespace {

std::optional<int> small_number(const nlohmann::json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_number_integer()) return std::nullopt;
  if (it->is_number_unsigned() &&
      it->get<std::uint64_t>() > std::numeric_limits<int>::max()) {
    return std::nullopt;
  }
  const auto value = it->get<std::int64_t>();
  if (value < std::numeric_limits<int>::min()) return std::nullopt;
  return static_cast<int>(value);
}

}  // namespace

Bytes encode(const Message& message) {
  if (!message.body.is_object()) {
    throw std::invalid_argument("the body of an SMP message is a map");
  }
  Bytes out(kHeaderSize);
  nlohmann::json::to_cbor(message.body, out);
  const std::size_t length = out.size() - kHeaderSize;
  if (length > 0xffff) {
    throw std::invalid_argument("the body of an SMP message is at most 65535 bytes");
  }
  Header header = message.header;
  header.length = static_cast<std::uint16_t>(length);
  const auto bytes = encode_header(header);
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

std::optional<Message> decode(ByteView message) {
  const auto header = decode_header(message);
  if (!header) return std::nullopt;
  const ByteView body = message.subspan(kHeaderSize);
  if (body.size() != header->length) return std::nullopt;
  if (body.empty()) return Message{*header, nlohmann::json::object()};
  if (!well_formed_map(body)) return std::nullopt;
  auto json = nlohmann::json::from_cbor(body.begin(), body.end(), /*strict=*/true,
                                        /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  return Message{*header, std::move(json)};
}

std::optional<Error> error_of(const nlohmann::json& body) {
  constexpr Error kUnreadable{kNoGroup, kRcUnknown};
  if (!body.is_object()) return kUnreadable;
  if (const auto err = body.find("err"); err != body.end()) {
    if (!err->is_object()) return kUnreadable;
    const auto group = small_number(*err, "group");
    const auto rc = small_number(*err, "rc");
    if (!group || !rc) return kUnreadable;
    if (*rc != kRcOk) return Error{*group, *rc};
  }
  if (body.contains("rc")) {
    const auto rc = small_number(body, "rc");
    if (!rc) return kUnreadable;
    if (*rc != kRcOk) return Error{kNoGroup, *rc};
  }
  return std::nullopt;
}

nlohmann::json error_v1(int rc) { return {{"rc", rc}}; }

nlohmann::json error_v2(int group, int rc) {
  return {{"err", {{"group", group}, {"rc", rc}}}};
}

}  // namespace lockrig::smp
