#include "rig/protocol/hmac.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdexcept>

namespace lockrig::image {

Digest hmac_sha256(ByteView key, ByteView message) {
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  // OpenSSL takes a null key for "the one before", also where its length is 0.
  static constexpr std::uint8_t kNone = 0;
  const std::uint8_t* start = key.empty() ? &kNone : key.data();
  Digest mac;
  unsigned size = mac.size();
  if (HMAC(algorithm, start, static_cast<int>(key.size()), message.data(),
           message.size(), mac.data(), &size) == nullptr) {
    throw std::runtime_error("OpenSSL: HMAC-SHA256");
  }
  return mac;
}

}  // namespace lockrig::image
