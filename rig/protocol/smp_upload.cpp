#include "rig/protocol/smp_upload.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string_view>

#include "rig/protocol/smp_cbor.hpp"

namespace lockrig::smp {
namespace {

template <typename T>
bool read_number(CborReader& reader, T& to) {
  const auto head = reader.head();
  if (!head || head->type != CborType::unsigned_number) return false;
  if (head->argument > std::numeric_limits<T>::max()) return false;
  to = static_cast<T>(head->argument);
  return true;
}

bool read_string(CborReader& reader, CborType type, ByteView& to) {
  const auto head = reader.head();
  if (!head || head->type != type || head->indefinite) return false;
  const auto content = reader.take(head->argument);
  if (!content) return false;
  to = *content;
  return true;
}

bool read_bool(CborReader& reader, bool& to) {
  const auto head = reader.head();
  if (!head || head->type != CborType::simple || head->width != 0) return false;
  to = head->argument == kCborTrue;
  return to || head->argument == kCborFalse;
}

}  // namespace

Bytes encode_upload(std::uint8_t sequence, const UploadRequest& request,
                    std::uint8_t version) {
  // 64 bytes hold the keys, the numbers and the heads of the two strings.
  if (request.data.size() + request.sha.size() + 64 > 0xffff) {
    throw std::invalid_argument("an upload request is at most 65535 bytes");
  }
  Header header{Op::write, version, 0, 0, kGroupImage, sequence, kImageUpload};
  Bytes out;
  out.reserve(kHeaderSize + 64 + request.data.size() + request.sha.size());
  out.resize(kHeaderSize);
  CborWriter body(std::move(out));
  body.map(2U + request.image.has_value() + request.len.has_value() +
           !request.sha.empty() + request.upgrade);
  // In the order of the alphabet, as nlohmann-json keeps a map.
  body.text("data").bytes(request.data);
  if (request.image) body.text("image").number(*request.image);
  if (request.len) body.text("len").number(*request.len);
  body.text("off").number(request.off);
  if (!request.sha.empty()) body.text("sha").bytes(request.sha);
  if (request.upgrade) body.text("upgrade").flag(true);
  out = body.finish();
  header.length = static_cast<std::uint16_t>(out.size() - kHeaderSize);
  const auto bytes = encode_header(header);
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

std::optional<UploadRequest> decode_upload(ByteView message) {
  const auto header = decode_header(message);
  if (!header || header->op != Op::write || header->group != kGroupImage ||
      header->id != kImageUpload || header->length != message.size() - kHeaderSize) {
    return std::nullopt;
  }
  CborReader reader(message.subspan(kHeaderSize));
  const auto map = reader.head();
  if (!map || map->type != CborType::map) return std::nullopt;

  UploadRequest request;
  bool has_off = false;
  bool has_data = false;
  for (std::uint64_t i = 0; map->indefinite ? !reader.take_break() : i < map->argument;
       ++i) {
    ByteView name;
    if (!read_string(reader, CborType::text, name)) return std::nullopt;
    const std::string_view key(reinterpret_cast<const char*>(name.data()), name.size());
    bool good = true;
    if (key == "off") {
      good = has_off = read_number(reader, request.off);
    } else if (key == "data") {
      good = has_data = read_string(reader, CborType::bytes, request.data);
    } else if (key == "len") {
      good = read_number(reader, request.len.emplace());
    } else if (key == "image") {
      good = read_number(reader, request.image.emplace());
    } else if (key == "sha") {
      good = read_string(reader, CborType::bytes, request.sha);
    } else if (key == "upgrade") {
      good = read_bool(reader, request.upgrade);
    } else {
      good = reader.skip();
    }
    if (!good) return std::nullopt;
  }
  if (!reader.at_end() || !has_off || !has_data) return std::nullopt;
  return request;
}

}  // namespace lockrig::smp
