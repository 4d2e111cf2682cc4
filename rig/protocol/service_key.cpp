#include "rig/protocol/service_key.hpp"

#include "rig/protocol/hmac.hpp"

namespace lockrig::smp {
namespace {

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

}  // namespace

image::Digest service_mac(ByteView key, std::string_view serial, const Nonce& nonce) {
  Bytes message = bytes_of("lockrig service");
  message.insert(message.end(), serial.begin(), serial.end());
  message.insert(message.end(), nonce.begin(), nonce.end());
  return image::hmac_sha256(key, message);
}

Bytes twin_service_key(std::string_view serial) {
  const image::Digest key =
      image::hmac_sha256(bytes_of("lockrig twin"), bytes_of(serial));
  return {key.begin(), key.end()};
}

}  // namespace lockrig::smp
