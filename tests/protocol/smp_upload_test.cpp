#include "rig/protocol/smp_upload.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "rig/protocol/smp_message.hpp"

namespace lockrig::smp {
namespace {

using nlohmann::json;

const Header kUpload{Op::write, kSmpV2, 0, 0, kGroupImage, 17, kImageUpload};

bool same(ByteView a, ByteView b) { return std::ranges::equal(a, b); }

TEST(SmpUpload, has_the_same_bytes_as_a_message_of_these_fields) {
  const Bytes data(2000, 0xa5);
  const Bytes sha(32, 0x11);
  UploadRequest first;
  first.data = data;
  first.len = 65536;
  first.image = 0;
  first.sha = sha;
  first.upgrade = true;
  const json body = {{"off", 0},        {"data", json::binary(data)},
                     {"len", 65536},    {"image", 0},
                     {"upgrade", true}, {"sha", json::binary(sha)}};
  EXPECT_EQ(encode_upload(17, first), encode({kUpload, body}));

  for (const std::uint32_t off : {23U, 24U, 255U, 256U, 65535U, 65536U, 0xffffffffU}) {
    UploadRequest next;
    next.off = off;
    next.data = ByteView(data).first(off % 300);
    const json chunk = {{"off", off},
                        {"data", json::binary({next.data.begin(), next.data.end()})}};
    EXPECT_EQ(encode_upload(17, next), encode({kUpload, chunk})) << off;
  }
}

TEST(SmpUpload, decodes_what_it_encodes) {
  const Bytes data = {1, 2, 3};
  const Bytes sha(32, 0x11);
  UploadRequest request{70000, data, 65536, 1, sha, true};
  const Bytes message = encode_upload(3, request);
  const auto decoded = decode_upload(message);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->off, 70000U);
  EXPECT_TRUE(same(decoded->data, data));
  EXPECT_EQ(decoded->len, 65536U);
  EXPECT_EQ(decoded->image, 1);
  EXPECT_TRUE(same(decoded->sha, sha));
  EXPECT_TRUE(decoded->upgrade);
}

TEST(SmpUpload, leaves_absent_fields_empty) {
  UploadRequest request;
  const auto decoded = decode_upload(encode_upload(3, request));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->len, std::nullopt);
  EXPECT_EQ(decoded->image, std::nullopt);
  EXPECT_TRUE(decoded->sha.empty());
  EXPECT_FALSE(decoded->upgrade);
}

TEST(SmpUpload, takes_maps_of_indefinite_length_and_skips_unknown_fields) {
  const Bytes body = {0xbf, 0x63, 'n',  'e', 'w', 0x82, 0x01, 0xa0, 0x63, 'o', 'f',
                      'f',  0x05, 0x64, 'd', 'a', 't',  'a',  0x41, 0xee, 0xff};
  Header header = kUpload;
  header.length = static_cast<std::uint16_t>(body.size());
  const auto bytes = encode_header(header);
  Bytes message(bytes.begin(), bytes.end());
  message.insert(message.end(), body.begin(), body.end());
  const auto decoded = decode_upload(message);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->off, 5U);
  EXPECT_TRUE(same(decoded->data, Bytes{0xee}));
}

TEST(SmpUpload, refuses_missing_and_mistyped_fields) {
  const json data = json::binary({1});
  for (const json& body : {
           json{{"off", 0}},
           json{{"data", data}},
           json{{"off", -1}, {"data", data}},
           json{{"off", 1ULL << 32}, {"data", data}},
           json{{"off", 0}, {"data", "text"}},
           json{{"off", 0}, {"data", data}, {"len", 1ULL << 32}},
           json{{"off", 0}, {"data", data}, {"image", 256}},
           json{{"off", 0}, {"data", data}, {"sha", "text"}},
           json{{"off", 0}, {"data", data}, {"upgrade", 1}},
           json{{"off", 0}, {"data", data}, {"upgrade", nullptr}},
       }) {
    EXPECT_FALSE(decode_upload(encode({kUpload, body}))) << body;
  }
}

// 21 is "true" only in the first byte: behind it, it is a float or ill-formed.
TEST(SmpUpload, takes_only_the_one_byte_form_of_true_for_upgrade) {
  const auto with_upgrade = [](const Bytes& value) {
    const Bytes fields = {0xa3, 0x63, 'o',  'f', 'f', 0x00, 0x64, 'd', 'a', 't', 'a',
                          0x41, 0xee, 0x67, 'u', 'p', 'g',  'r',  'a', 'd', 'e'};
    Header header = kUpload;
    header.length = static_cast<std::uint16_t>(fields.size() + value.size());
    const auto bytes = encode_header(header);
    Bytes message(kHeaderSize + header.length);
    auto to = std::copy(bytes.begin(), bytes.end(), message.begin());
    to = std::copy(fields.begin(), fields.end(), to);
    std::copy(value.begin(), value.end(), to);
    return message;
  };
  EXPECT_TRUE(decode_upload(with_upgrade({0xf5})));
  EXPECT_FALSE(decode_upload(with_upgrade({0xf8, 0x15})));
  EXPECT_FALSE(decode_upload(with_upgrade({0xf9, 0x00, 0x15})));
}

TEST(SmpUpload, refuses_other_requests) {
  const json body = {{"off", 0}, {"data", json::binary({1})}};
  EXPECT_TRUE(decode_upload(encode({kUpload, body})));
  Header header = kUpload;
  header.op = Op::write_response;
  EXPECT_FALSE(decode_upload(encode({header, body})));
  header = kUpload;
  header.group = kGroupOs;
  EXPECT_FALSE(decode_upload(encode({header, body})));
  header = kUpload;
  header.id = kImageErase;
  EXPECT_FALSE(decode_upload(encode({header, body})));
}

TEST(SmpUpload, refuses_every_prefix_and_any_excess) {
  const Bytes data(40, 7);
  UploadRequest request{5, data, 99, 0, data, true};
  Bytes message = encode_upload(3, request);
  for (std::size_t size = 0; size < message.size(); ++size) {
    Bytes prefix(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(decode_upload(prefix));
    if (size < kHeaderSize) continue;
    prefix[2] = 0;
    prefix[3] = static_cast<std::uint8_t>(size - kHeaderSize);
    EXPECT_FALSE(decode_upload(prefix)) << size;
  }
  message.push_back(0);
  ++message[3];
  EXPECT_FALSE(decode_upload(message));
}

TEST(SmpUpload, refuses_to_encode_more_than_a_message_holds) {
  const Bytes data(65530);
  UploadRequest request;
  request.data = data;
  EXPECT_THROW(encode_upload(0, request), std::invalid_argument);
}

}  // namespace
}  // namespace lockrig::smp
