#include "rig/protocol/signing.hpp"

#include <gtest/gtest.h>

#include <string>

#include "rig/core/error.hpp"

namespace lockrig::image {
namespace {

const std::string kKeys = std::string(LOCKRIG_ROOT) + "/fixtures/keys/";

template <std::size_t N>
std::array<std::uint8_t, N> from_hex(const char (&hex)[2 * N + 1]) {
  std::array<std::uint8_t, N> bytes;
  for (std::size_t i = 0; i < N; ++i) {
    bytes[i] =
        static_cast<std::uint8_t>(std::stoi(std::string(hex + 2 * i, 2), nullptr, 16));
  }
  return bytes;
}

// RFC 8032 section 7.1, test 1: the message is empty.
const auto kSeed =
    from_hex<32>("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
const auto kPublic =
    from_hex<32>("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
const auto kSignature = from_hex<64>(
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc6"
    "1e"
    "39701cf9b46bd25bf5f0595bbe24655141438e7a100b");

TEST(Signing, matches_test_1_of_rfc_8032) {
  const auto key = SigningKey::from_seed(kSeed);
  EXPECT_EQ(key.public_key().raw(), kPublic);
  EXPECT_EQ(key.sign({}), kSignature);
  EXPECT_TRUE(PublicKey(kPublic).verify({}, kSignature));
}

TEST(Signing, refuses_another_message_signature_or_size) {
  const PublicKey key(kPublic);
  EXPECT_FALSE(key.verify(Bytes{1}, kSignature));
  for (std::size_t bit = 0; bit < 512; ++bit) {
    Signature bad = kSignature;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_FALSE(key.verify({}, bad)) << bit;
  }
  EXPECT_FALSE(key.verify({}, ByteView(kSignature).first(63)));
  EXPECT_FALSE(key.verify({}, {}));
}

TEST(Signing, a_key_hash_is_the_sha256_of_the_key_in_der) {
  // Computed with Python's hashlib over the 44 bytes of RFC 8410's form.
  EXPECT_EQ(
      PublicKey(kPublic).key_hash(),
      from_hex<32>("06e3fd8fda29bb60ab59557de61edb0aecdb231134be30e75b455f8e1b792fa9"));
}

TEST(Signing, the_two_release_files_are_one_pair) {
  const auto release = SigningKey::from_pem_file(kKeys + "release.pem");
  EXPECT_EQ(release.public_key(), PublicKey::from_pem_file(kKeys + "release.pub.pem"));
  EXPECT_NE(release.public_key(),
            SigningKey::from_pem_file(kKeys + "development.pem").public_key());
}

TEST(Signing, a_bad_key_file_is_named) {
  const auto message_of = [](auto read) -> std::string {
    try {
      read();
    } catch (const BadInput& bad) {
      return bad.what();
    }
    return "nothing was thrown";
  };
  EXPECT_EQ(message_of([] { SigningKey::from_pem("rubbish", "a.pem"); }),
            "a.pem: holds no ed25519 private key in PEM");
  EXPECT_EQ(message_of([] { PublicKey::from_pem("", "b.pem"); }),
            "b.pem: holds no ed25519 public key in PEM");
  EXPECT_EQ(message_of([] { SigningKey::from_pem_file("/nowhere/c.pem"); }),
            "/nowhere/c.pem: cannot be read or is empty");
  EXPECT_EQ(message_of([] { SigningKey::from_pem_file(kKeys); }),
            kKeys + ": cannot be read or is empty");
  EXPECT_EQ(message_of([] { SigningKey::from_pem_file(kKeys + "release.pub.pem"); }),
            kKeys + "release.pub.pem: holds no ed25519 private key in PEM");
}

TEST(Signing, a_key_of_another_kind_is_refused) {
  // P-256, from `openssl ecparam -name prime256v1 -genkey -noout`.
  EXPECT_THROW(SigningKey::from_pem(R"(-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIC1+L4M+yKoFcFvfY3kpNdV70336DHCA0MYz8bcoivehoAoGCCqGSM49
AwEHoUQDQgAE7PGSfkqvaUoOmr1R/PT0euEng/x6HXr1g+6YE2XWVVoS7+YpulcC
42zNhhP/fcUKtJKoJRH9OZQaz0TX6aBDXQ==
-----END EC PRIVATE KEY-----
)",
                                    "p256.pem"),
               BadInput);
}

TEST(Signing, an_encrypted_key_is_refused_without_asking_for_a_password) {
  EXPECT_THROW(SigningKey::from_pem(R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhI6AKsvJ+eVAICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEJ/gGO+3GzgyoxCnlVmVj6EEQCVs
SxOljPnmmEtpdJhsDgqz1v7fDQ1A0W6xpURrdQ4j2DVpo97BaTlKX5cuv1iNw0ua
1yEjSLDKZztlFjzlTm8=
-----END ENCRYPTED PRIVATE KEY-----
)",
                                    "encrypted.pem"),
               BadInput);
}

TEST(Sha256, matches_the_example_of_fips_180) {
  const Bytes abc = {'a', 'b', 'c'};
  EXPECT_EQ(
      sha256(abc),
      from_hex<32>("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
}

}  // namespace
}  // namespace lockrig::image
