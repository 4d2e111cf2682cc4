// Decoding survives any bytes; what it takes can be printed and means the same when it
// is encoded again; and the two readers of an upload request agree.
#include <algorithm>
#include <cstdlib>

#include "rig/protocol/smp_message.hpp"
#include "rig/protocol/smp_upload.hpp"

namespace {

void require(bool good) {
  if (!good) std::abort();
}

bool same_bytes(const nlohmann::json& json, lockrig::ByteView bytes) {
  const auto& binary = json.get_binary();
  return std::equal(binary.begin(), binary.end(), bytes.begin(), bytes.end());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockrig::smp;
  const lockrig::ByteView bytes(data, size);
  const auto message = decode(bytes);
  if (message) {
    const std::string text = message->body.dump();
    error_of(message->body);
    const auto encoded = encode(*message);
    const auto again = decode(encoded);
    // A NaN is not equal to itself, but prints the same.
    require(again && again->body.dump() == text);
  }
  if (const auto upload = decode_upload(bytes)) {
    // nlohmann-json refuses a few values that an upload steps over unread.
    if (message) {
      require(message->body.at("off") == upload->off);
      require(same_bytes(message->body.at("data"), upload->data));
    }
    const auto encoded = encode_upload(message ? message->header.sequence : 0, *upload);
    const auto again = decode_upload(encoded);
    require(again && again->off == upload->off && again->len == upload->len &&
            again->image == upload->image && again->upgrade == upload->upgrade);
  }
  return 0;
}
