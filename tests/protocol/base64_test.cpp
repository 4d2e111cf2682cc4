#include "rig/protocol/base64.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace lockrig::smp {
namespace {

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

// RFC 4648 section 10.
const std::pair<const char*, const char*> kVectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

TEST(Base64, matches_the_vectors_of_rfc_4648) {
  for (const auto& [plain, text] : kVectors) {
    EXPECT_EQ(base64_encode(bytes_of(plain)), text);
    EXPECT_EQ(base64_decode(text), bytes_of(plain));
  }
}

TEST(Base64, gives_back_every_byte_at_every_place) {
  for (std::size_t size = 0; size < 260; ++size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
      bytes[i] = static_cast<std::uint8_t>(i * 7 + size);
    }
    const std::string text = base64_encode(bytes);
    ASSERT_EQ(text.size(), base64_size(size));
    ASSERT_EQ(base64_decode(text), bytes);
  }
}

TEST(Base64, refuses_every_character_outside_the_alphabet_at_every_place) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t place = 0; place < 8; ++place) {
    for (int c = 0; c < 256; ++c) {
      std::string text = "AAAAAAAA";
      text[place] = static_cast<char>(c);
      const bool good = alphabet.find(static_cast<char>(c)) != std::string_view::npos ||
                        (c == '=' && place == 7);
      ASSERT_EQ(base64_decode(text).has_value(), good) << place << ", " << c;
    }
  }
}

TEST(Base64, refuses_padding_that_is_misplaced_or_hides_bits) {
  for (const char* text : {"A", "AA", "AAA", "AAAAA", "====", "A===", "AA=A",
                           "Zg==Zg==", "Zg=", "Zh==", "Zm9=", "Zm8=\n", " Zg="}) {
    EXPECT_EQ(base64_decode(text), std::nullopt) << text;
  }
}

TEST(Base64, writes_nothing_behind_the_decoded_bytes) {
  const std::string text = "Zm9vYg==";
  Bytes out(6, 0xee);
  const ByteView in(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  EXPECT_EQ(base64_decode(in, out), 4U);
  EXPECT_EQ(out, (Bytes{'f', 'o', 'o', 'b', 0xee, 0xee}));
}

TEST(Base64, refuses_an_output_that_is_too_short) {
  Bytes out(3);
  EXPECT_THROW(base64_encode(Bytes{1}, out), std::invalid_argument);
  EXPECT_THROW(base64_decode(Bytes(8, 'A'), out), std::invalid_argument);
}

}  // namespace
}  // namespace lockrig::smp
