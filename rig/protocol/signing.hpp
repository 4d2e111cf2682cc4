// ed25519 keys and signatures of images (RFC 8032, pure form), over OpenSSL 3.
#pragma once

#include <openssl/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rig/core/units.hpp"

namespace lockrig::image {

using Digest = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

Digest sha256(ByteView bytes);

/// Cheap to copy; may be shared between threads (OpenSSL only reads it).
class PublicKey {
 public:
  /// Of "-----BEGIN PUBLIC KEY-----". Throws BadInput, naming `file`, if `pem` holds no
  /// ed25519 key.
  static PublicKey from_pem(std::string_view pem, const std::string& file);
  static PublicKey from_pem_file(const std::string& file);
  explicit PublicKey(std::span<const std::uint8_t, 32> raw);

  const std::array<std::uint8_t, 32>& raw() const { return raw_; }

  /// SHA-256 of the key in DER (44 bytes): what the KEYHASH TLV of an image holds.
  const Digest& key_hash() const { return key_hash_; }

  /// Always computes; image_memo.hpp has the form that remembers.
  bool verify(ByteView message, ByteView signature) const;

  bool operator==(const PublicKey& other) const { return raw_ == other.raw_; }

 private:
  std::shared_ptr<EVP_PKEY> key_;
  std::array<std::uint8_t, 32> raw_;
  Digest key_hash_;
};

using PublicKeys = std::vector<PublicKey>;

class SigningKey {
 public:
  /// Of "-----BEGIN PRIVATE KEY-----", not encrypted. Throws BadInput, naming `file`,
  /// if `pem` holds no ed25519 key.
  static SigningKey from_pem(std::string_view pem, const std::string& file);
  static SigningKey from_pem_file(const std::string& file);
  static SigningKey from_seed(std::span<const std::uint8_t, 32> seed);

  /// ed25519 has no randomness: the same bytes always give the same signature.
  Signature sign(ByteView message) const;

  const PublicKey& public_key() const { return public_key_; }

 private:
  explicit SigningKey(std::shared_ptr<EVP_PKEY> key);

  std::shared_ptr<EVP_PKEY> key_;
  PublicKey public_key_;
};

}  // namespace lockrig::image
