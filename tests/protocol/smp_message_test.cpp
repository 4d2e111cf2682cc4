#include "rig/protocol/smp_message.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "rig/protocol/smp_cbor.hpp"

namespace lockrig::smp {
namespace {

using nlohmann::json;

// A message with any body behind a right header.
Bytes with_body(const Bytes& body) {
  Header header;
  header.op = Op::read_response;
  header.length = static_cast<std::uint16_t>(body.size());
  const auto bytes = encode_header(header);
  Bytes out(kHeaderSize + body.size());
  std::copy(body.begin(), body.end(),
            std::copy(bytes.begin(), bytes.end(), out.begin()));
  return out;
}

std::optional<json> body_of(const Bytes& body) {
  const auto message = decode(with_body(body));
  return message ? std::optional(message->body) : std::nullopt;
}

TEST(SmpMessage, encodes_an_echo_request_as_the_specification_says) {
  const Message echo{{Op::write, kSmpV2, 0, 0, kGroupOs, 0x42, kOsEcho}, {{"d", "hi"}}};
  EXPECT_EQ(encode(echo), (Bytes{0x0a, 0x00, 0x00, 0x06, 0x00, 0x00, 0x42, 0x00, 0xa1,
                                 0x61, 0x64, 0x62, 0x68, 0x69}));
}

TEST(SmpMessage, decodes_what_it_encodes) {
  const Message message{{Op::read_response, kSmpV1, 0, 0, kGroupLock, 9, kLockState},
                        {{"log", {1, -2, 300000, 5.5, true, nullptr}},
                         {"hash", json::binary({1, 2, 3})},
                         {"nested", {{"bolt", "out"}}}}};
  const auto decoded = decode(encode(message));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->body, message.body);
  EXPECT_EQ(decoded->header.group, kGroupLock);
  EXPECT_EQ(decoded->header.length, encode(message).size() - kHeaderSize);
}

TEST(SmpMessage, takes_maps_of_indefinite_length_as_mcuboot_sends_them) {
  // bf "rc" 0 "off" 512 ff
  EXPECT_EQ(body_of({0xbf, 0x62, 'r', 'c', 0x00, 0x63, 'o', 'f', 'f', 0x19, 0x02, 0x00,
                     0xff}),
            (json{{"rc", 0}, {"off", 512}}));
  // {"a": [_ 1], "b": (_ "x", "y")}
  EXPECT_EQ(body_of({0xa2, 0x61, 'a', 0x9f, 0x01, 0xff, 0x61, 'b', 0x7f, 0x61, 'x',
                     0x61, 'y', 0xff}),
            (json{{"a", {1}}, {"b", "xy"}}));
}

TEST(SmpMessage, takes_an_empty_map_and_no_body_at_all) {
  EXPECT_EQ(body_of({0xa0}), json::object());
  EXPECT_EQ(body_of({}), json::object());
}

TEST(SmpMessage, refuses_every_prefix_of_a_message) {
  const Bytes good = encode(
      {{}, {{"list", {1, 2, {{"k", "text"}}}}, {"blob", json::binary({1, 2, 3})}}});
  ASSERT_TRUE(decode(good));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decode(ByteView(good).first(size)));
    if (size <= kHeaderSize) continue;
    EXPECT_FALSE(body_of({good.begin() + kHeaderSize,
                          good.begin() + static_cast<std::ptrdiff_t>(size)}));
  }
}

TEST(SmpMessage, refuses_a_length_that_is_not_that_of_the_body) {
  Bytes bytes = with_body({0xa0});
  bytes.push_back(0xa0);
  EXPECT_FALSE(decode(bytes));
}

TEST(SmpMessage, refuses_bodies_that_are_not_one_well_formed_map) {
  const Bytes bad[] = {
      {0x01},                                     // a number
      {0x81, 0x01},                               // an array
      {0xa0, 0xa0},                               // two maps
      {0xa1, 0x01, 0x01},                         // a key that is a number
      {0xa1, 0x61, 'a', 0xc1, 0x01},              // a tag
      {0xa1, 0x61, 'a', 0x1c},                    // reserved additional information
      {0xa1, 0x61, 'a', 0xff},                    // a break out of place
      {0xa1, 0x61, 'a', 0x1f},                    // a number of indefinite length
      {0xa1, 0x61, 'a', 0x61, 0xff},              // text that is not UTF-8
      {0xa1, 0x61, 'a', 0x63, 0xed, 0xa0, 0x80},  // a surrogate in text
      {0xa1, 0x61, 'a', 0x62, 0xc0, 0x80},        // text in an overlong form
      {0xa1, 0x61, 'a', 0x7f, 0x41, 'x', 0xff},   // bytes as a chunk of text
      {0xa1, 0x61, 'a', 0x7f, 0x7f, 0xff, 0xff},  // a chunk of indefinite length
      {0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},  // 2^64-1 entries
      {0xa1, 0x61, 'a', 0x9b, 0x80, 0, 0, 0, 0, 0, 0, 0},      // 2^63 elements
      {0xa1, 0x61, 'a', 0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
  };
  for (const Bytes& body : bad) {
    EXPECT_FALSE(body_of(body)) << testing::PrintToString(body);
  }
}

TEST(SmpMessage, takes_valid_utf8_of_every_length) {
  EXPECT_EQ(body_of({0xa1, 0x61, 'a', 0x69, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f,
                     0x94, 0x92}),
            (json{{"a", "é€🔒"}}));
}

TEST(SmpMessage, refuses_nesting_without_bound_and_survives_it) {
  for (const std::uint8_t open : {0x81, 0x9f}) {
    Bytes body = {0xa1, 0x61, 'a'};
    body.insert(body.end(), 60000, open);
    EXPECT_FALSE(body_of(body));
  }
}

TEST(SmpMessage, refuses_text_nested_in_text_without_bound_and_survives_it) {
  for (const std::uint8_t open : {0x5f, 0x7f}) {
    Bytes body = {0xa1, 0x61, 'a'};
    body.insert(body.end(), 60000, open);
    body.push_back(0xff);
    EXPECT_FALSE(body_of(body));
  }
}

TEST(SmpMessage, takes_nesting_up_to_the_limit) {
  const auto nested = [](int arrays) {
    Bytes body = {0xa1, 0x61, 'a'};
    body.insert(body.end(), static_cast<std::size_t>(arrays), 0x81);
    body.push_back(0x00);
    return body;
  };
  EXPECT_TRUE(body_of(nested(CborReader::kMaxDepth - 1)));
  EXPECT_FALSE(body_of(nested(CborReader::kMaxDepth)));
}

TEST(SmpMessage, refuses_to_encode_a_body_that_is_no_map_or_too_large) {
  EXPECT_THROW(encode({{}, json::array()}), std::invalid_argument);
  EXPECT_THROW(encode({{}, {{"d", std::string(70000, 'x')}}}), std::invalid_argument);
}

TEST(SmpError, is_read_in_both_forms) {
  EXPECT_EQ(error_of({{"rc", kRcBusy}}), (Error{kNoGroup, kRcBusy}));
  EXPECT_EQ(error_of({{"err", {{"group", 64}, {"rc", 3}}}}), (Error{64, 3}));
  EXPECT_EQ(error_of(error_v1(kRcInvalid)), (Error{kNoGroup, kRcInvalid}));
  EXPECT_EQ(error_of(error_v2(kGroupImage, 5)), (Error{kGroupImage, 5}));
}

TEST(SmpError, is_absent_from_a_success) {
  EXPECT_EQ(error_of(json::object()), std::nullopt);
  EXPECT_EQ(error_of({{"rc", 0}, {"off", 512}}), std::nullopt);
  EXPECT_EQ(error_of({{"err", {{"group", 1}, {"rc", 0}}}}), std::nullopt);
}

TEST(SmpError, that_cannot_be_read_is_still_an_error) {
  const Error unknown{kNoGroup, kRcUnknown};
  for (const json& body : {json{{"rc", "busy"}}, json{{"rc", 1.5}}, json{{"err", 3}},
                           json{{"err", {{"rc", 3}}}}, json{{"err", {{"group", 1}}}},
                           json{{"rc", nullptr}}, json{{"rc", 1ULL << 40}},
                           json{{"rc", -(1LL << 40)}}, json::array()}) {
    EXPECT_EQ(error_of(body), unknown) << body;
  }
}

}  // namespace
}  // namespace lockrig::smp
