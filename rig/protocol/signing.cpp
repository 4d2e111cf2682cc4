#include "rig/protocol/signing.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "rig/core/error.hpp"

namespace lockrig::image {
namespace {

// SubjectPublicKeyInfo of an ed25519 key up to its 32 raw bytes (RFC 8410 section 4).
constexpr std::array<std::uint8_t, 12> kDerPrefix = {
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* handle) const {
    Free(handle);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using MdContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;

// OpenSSL refusing what it never refuses: out of memory or a broken installation.
void require(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("OpenSSL: ") + what);
}

std::shared_ptr<EVP_PKEY> own(EVP_PKEY* key) {
  return key ? std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free) : nullptr;
}

std::array<std::uint8_t, 32> raw_public(const EVP_PKEY* key) {
  std::array<std::uint8_t, 32> raw;
  std::size_t size = raw.size();
  require(EVP_PKEY_get_raw_public_key(key, raw.data(), &size) == 1, "raw public key");
  return raw;
}

// Without it OpenSSL would ask for a password on the terminal.
int no_password(char*, int, int, void*) { return -1; }

template <typename Read>
std::shared_ptr<EVP_PKEY> read_pem(Read read, std::string_view pem,
                                   const std::string& file, const char* kind) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  require(bio != nullptr, "memory BIO");
  auto key = own(read(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_ED25519) {
    throw BadInput(file, 0, "",
                   std::string("holds no ed25519 ") + kind + " key in PEM");
  }
  return key;
}

std::string read_file(const std::string& file) {
  const std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  // Nothing was read: a directory, which can be opened, looks like an empty file here.
  if (!in || !text) throw BadInput(file, 0, "", "cannot be read or is empty");
  return text.str();
}

}  // namespace

Digest sha256(ByteView bytes) {
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  Digest digest;
  require(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, algorithm,
                     nullptr) == 1,
          "SHA-256");
  return digest;
}

PublicKey::PublicKey(std::span<const std::uint8_t, 32> raw)
    : key_(own(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw.data(),
                                           raw.size()))) {
  require(key_ != nullptr, "ed25519 public key");
  std::copy(raw.begin(), raw.end(), raw_.begin());
  std::array<std::uint8_t, kDerPrefix.size() + 32> der;
  std::copy(raw.begin(), raw.end(),
            std::copy(kDerPrefix.begin(), kDerPrefix.end(), der.begin()));
  key_hash_ = sha256(der);
}

PublicKey PublicKey::from_pem(std::string_view pem, const std::string& file) {
  return PublicKey(
      raw_public(read_pem(PEM_read_bio_PUBKEY, pem, file, "public").get()));
}

PublicKey PublicKey::from_pem_file(const std::string& file) {
  return from_pem(read_file(file), file);
}

bool PublicKey::verify(ByteView message, ByteView signature) const {
  const MdContext context(EVP_MD_CTX_new());
  require(context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr,
                                          key_.get()) == 1,
          "verification");
  const bool good = EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                                     message.data(), message.size()) == 1;
  ERR_clear_error();
  return good;
}

SigningKey::SigningKey(std::shared_ptr<EVP_PKEY> key)
    : key_(std::move(key)), public_key_(raw_public(key_.get())) {}

SigningKey SigningKey::from_pem(std::string_view pem, const std::string& file) {
  return SigningKey(read_pem(PEM_read_bio_PrivateKey, pem, file, "private"));
}

SigningKey SigningKey::from_pem_file(const std::string& file) {
  return from_pem(read_file(file), file);
}

SigningKey SigningKey::from_seed(std::span<const std::uint8_t, 32> seed) {
  auto key = own(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(),
                                              seed.size()));
  require(key != nullptr, "ed25519 private key");
  return SigningKey(std::move(key));
}

Signature SigningKey::sign(ByteView message) const {
  const MdContext context(EVP_MD_CTX_new());
  Signature signature;
  std::size_t size = signature.size();
  require(context &&
              EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr,
                                 key_.get()) == 1 &&
              EVP_DigestSign(context.get(), signature.data(), &size, message.data(),
                             message.size()) == 1,
          "signing");
  return signature;
}

}  // namespace lockrig::image
