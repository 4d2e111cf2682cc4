#include "rig/protocol/smp_line.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "rig/protocol/base64.hpp"
#include "rig/protocol/crc16.hpp"

namespace lockrig::smp {
namespace {

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

Bytes counting(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i);
  return bytes;
}

void append(Bytes& to, const Bytes& more) {
  to.insert(to.end(), more.begin(), more.end());
}

struct Heard {
  std::vector<Bytes> messages;
  std::vector<std::string> texts;
  bool operator==(const Heard&) const = default;
};

void drain(LineDecoder& decoder, Heard& heard) {
  while (auto message = decoder.next_message()) heard.messages.push_back(*message);
  while (auto text = decoder.next_text_line()) heard.texts.push_back(*text);
}

Heard hear(LineDecoder& decoder, const Bytes& bytes) {
  decoder.feed(bytes);
  Heard heard;
  drain(decoder, heard);
  return heard;
}

// A single line around any content, right or wrong.
Bytes line_of(const char* marker, const Bytes& content) {
  return bytes_of(marker + base64_encode(content) + "\n");
}
constexpr const char* kFirst = "\x06\x09";
constexpr const char* kNext = "\x04\x14";

// Echo request {"d": "hi"}, version 2, sequence 0x42; the CRC 0x9b0a was computed with
// Python's binascii.crc_hqx.
const Bytes kEcho = {0x0a, 0x00, 0x00, 0x06, 0x00, 0x00, 0x42,
                     0x00, 0xa1, 0x61, 0x64, 0x62, 0x68, 0x69};
constexpr const char* kEchoLine =
    "\x06\x09"
    "ABAKAAAGAABCAKFhZGJoaZsK\n";

TEST(SmpLine, encodes_an_echo_request_as_the_specification_says) {
  EXPECT_EQ(encode_frame(kEcho), bytes_of(kEchoLine));
}

TEST(SmpLine, cuts_a_long_message_into_lines_of_124_characters) {
  // 200 counting bytes, encoded with Python's base64 and binascii.
  EXPECT_EQ(
      encode_frame(counting(200)),
      bytes_of(
          "\x06\x09"
          "AMoAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2"
          "Nzg5Ojs8PT4/QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFla\n"
          "\x04\x14"
          "W1xdXl9gYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoOEhYaHiImKi4yNjo+QkZKT"
          "lJWWl5iZmpucnZ6foKGio6SlpqeoqaqrrK2ur7CxsrO0tba3\n"
          "\x04\x14"
          "uLm6u7y9vr/AwcLDxMXGxxWh\n"));
}

TEST(SmpLine, decodes_what_it_encodes_at_every_size_around_the_line_lengths) {
  LineDecoder decoder(kMaxMessage);
  for (std::size_t size = 0; size < 400; ++size) {
    ASSERT_EQ(hear(decoder, encode_frame(counting(size))),
              (Heard{{counting(size)}, {}}));
  }
  const Bytes largest = counting(kMaxMessage);
  EXPECT_EQ(hear(decoder, encode_frame(largest)), (Heard{{largest}, {}}));
  EXPECT_EQ(decoder.errors(), LineErrors{});
}

TEST(SmpLine, refuses_to_encode_more_than_the_length_field_can_say) {
  EXPECT_THROW(encode_frame(Bytes(kMaxMessage + 1)), std::invalid_argument);
}

TEST(SmpLine, no_line_is_longer_than_127_bytes) {
  const Bytes frame = encode_frame(counting(2000));
  auto start = frame.begin();
  while (start != frame.end()) {
    const auto end = std::find(start, frame.end(), '\n') + 1;
    EXPECT_LE(end - start, 127);
    start = end;
  }
}

TEST(SmpLine, gives_the_same_for_every_split_of_a_stream) {
  Bytes stream = bytes_of("*** Booting MCUboot ***\r\n\r\n");
  append(stream, encode_frame(counting(300)));
  append(stream, bytes_of("bolt: out\n\x06\x09"
                          "broken\n\x04\x14"));
  append(stream, encode_frame(kEcho));
  append(stream, bytes_of("uart:~$ "));
  append(stream, encode_frame(counting(91)));
  append(stream, Bytes(kMaxLine * 5, 'x'));
  append(stream, bytes_of("\x06\x09\n"));
  append(stream, encode_frame(kEcho));

  LineDecoder whole(1000);
  const Heard expected = hear(whole, stream);
  EXPECT_EQ(expected.messages,
            (std::vector<Bytes>{counting(300), kEcho, counting(91), kEcho}));
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    LineDecoder decoder(1000);
    Heard heard;
    decoder.feed(ByteView(stream).first(cut));
    drain(decoder, heard);
    decoder.feed(ByteView(stream).subspan(cut));
    drain(decoder, heard);
    ASSERT_EQ(heard, expected) << "cut at " << cut;
    ASSERT_EQ(decoder.errors(), whole.errors()) << "cut at " << cut;
  }
  for (std::size_t step = 1; step < 200; ++step) {
    LineDecoder decoder(1000);
    Heard heard;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      decoder.feed(ByteView(stream).subspan(at, std::min(step, stream.size() - at)));
      drain(decoder, heard);
    }
    ASSERT_EQ(heard, expected) << "pieces of " << step;
  }
}

TEST(SmpLine, keeps_console_text_apart_and_drops_its_line_ends) {
  LineDecoder decoder(512);
  Bytes stream = bytes_of("one\r\ntwo\n\n\r\n");
  append(stream, bytes_of(kEchoLine));
  append(stream, bytes_of("three\nunfinished"));
  EXPECT_EQ(hear(decoder, stream), (Heard{{kEcho}, {"one", "two", "three"}}));
  EXPECT_EQ(hear(decoder, bytes_of(" business\n")),
            (Heard{{}, {"unfinished business"}}));
}

TEST(SmpLine, takes_text_between_the_lines_of_one_frame) {
  const Bytes frame = encode_frame(counting(120));
  Bytes stream(frame.begin(), frame.begin() + kMaxLine);
  append(stream, bytes_of("log: battery 5.9 V\n"));
  stream.insert(stream.end(), frame.begin() + kMaxLine, frame.end());
  LineDecoder decoder(512);
  EXPECT_EQ(hear(decoder, stream), (Heard{{counting(120)}, {"log: battery 5.9 V"}}));
}

TEST(SmpLine, takes_carriage_returns_behind_frames) {
  LineDecoder decoder(512);
  EXPECT_EQ(hear(decoder, bytes_of("\x06\x09"
                                   "ABAKAAAGAABCAKFhZGJoaZsK\r\n"))
                .messages,
            std::vector<Bytes>{kEcho});
}

TEST(SmpLine, finds_a_frame_behind_a_line_that_was_left_unfinished) {
  LineDecoder decoder(512);
  EXPECT_EQ(hear(decoder, bytes_of("half a li" + std::string(kEchoLine))),
            (Heard{{kEcho}, {"half a li"}}));
  EXPECT_EQ(hear(decoder, bytes_of("\x06\x09"
                                   "ABAKAAAG" +
                                   std::string(kEchoLine))),
            (Heard{{kEcho}, {}}));
  EXPECT_EQ(decoder.errors().interrupted, 1U);
}

TEST(SmpLine, shows_the_boot_banner_behind_a_frame_that_a_cut_left_unfinished) {
  LineDecoder decoder(512);
  const auto heard = hear(decoder, bytes_of("\x06\x09"
                                            "ABAKAAAG*** Booting ***\r\n"));
  EXPECT_EQ(heard, (Heard{{}, {"ABAKAAAG*** Booting ***"}}));
  EXPECT_EQ(decoder.errors().bad_base64, 1U);
}

TEST(SmpLine, refuses_a_continuation_without_a_first_fragment) {
  LineDecoder decoder(512);
  EXPECT_EQ(hear(decoder, line_of(kNext, counting(10))), Heard{});
  LineErrors expected;
  expected.stray_continuation = 1;
  EXPECT_EQ(decoder.errors(), expected);
}

TEST(SmpLine, drops_a_frame_whose_crc_is_wrong_and_takes_the_next) {
  Bytes content = {0, 4, 'h', 'i'};
  const std::uint16_t crc = crc16(bytes_of("hi"));
  content.push_back(static_cast<std::uint8_t>(crc >> 8));
  content.push_back(static_cast<std::uint8_t>(crc ^ 1));
  LineDecoder decoder(512);
  EXPECT_EQ(hear(decoder, line_of(kFirst, content)), Heard{});
  EXPECT_EQ(decoder.errors().bad_crc, 1U);
  EXPECT_EQ(hear(decoder, bytes_of(kEchoLine)).messages, std::vector<Bytes>{kEcho});
}

TEST(SmpLine, refuses_a_length_too_short_for_a_crc_or_for_what_follows) {
  LineDecoder decoder(512);
  for (const Bytes& content :
       {Bytes{}, Bytes{0}, Bytes{0, 1, 9}, Bytes{0, 2, 0, 0, 0}, Bytes{0, 0}}) {
    EXPECT_EQ(hear(decoder, line_of(kFirst, content)), Heard{});
  }
  LineErrors expected;
  expected.bad_length = 5;
  EXPECT_EQ(decoder.errors(), expected);
}

TEST(SmpLine, refuses_a_message_above_the_limit_and_takes_one_at_it) {
  LineDecoder decoder(80);
  EXPECT_EQ(hear(decoder, encode_frame(counting(81))), Heard{});
  EXPECT_EQ(decoder.errors().overflow, 1U);
  EXPECT_EQ(hear(decoder, encode_frame(counting(80))).messages.size(), 1U);
}

TEST(SmpLine, refuses_an_smp_line_longer_than_127_bytes) {
  LineDecoder decoder(512);
  EXPECT_TRUE(hear(decoder, line_of(kFirst, Bytes(96))).messages.empty());
  EXPECT_EQ(decoder.errors().overflow, 1U);
}

TEST(SmpLine, gives_up_a_frame_that_another_interrupts) {
  const Bytes frame = encode_frame(counting(300));
  LineDecoder decoder(512);
  Bytes stream(frame.begin(), frame.begin() + kMaxLine);
  append(stream, bytes_of(kEchoLine));
  stream.insert(stream.end(), frame.begin() + kMaxLine, frame.end());
  EXPECT_EQ(hear(decoder, stream), (Heard{{kEcho}, {}}));
  EXPECT_EQ(decoder.errors().interrupted, 1U);
  EXPECT_EQ(decoder.errors().stray_continuation, 3U);
}

TEST(SmpLine, finds_a_frame_at_the_end_of_a_line_of_garbage_of_any_length) {
  for (std::size_t size = 0; size < 3 * LineDecoder::kMaxText; ++size) {
    LineDecoder decoder(512);
    Bytes stream(size, 'x');
    append(stream, encode_frame(counting(91 - 2)));
    ASSERT_EQ(hear(decoder, stream).messages.size(), 1U) << size;
  }
}

TEST(SmpLine, finds_the_next_frame_after_any_garbage) {
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    LineDecoder decoder(512);
    Bytes stream(random() % 700);
    for (auto& byte : stream) {
      // Often the bytes that mean something.
      constexpr std::uint8_t likely[] = {0x06, 0x09, 0x04, 0x14, 0x0a, 'A', '=', '\r'};
      byte = random() % 2 ? likely[random() % 8] : static_cast<std::uint8_t>(random());
    }
    append(stream, encode_frame(kEcho));
    const auto heard = hear(decoder, stream);
    ASSERT_FALSE(heard.messages.empty()) << round;
    ASSERT_EQ(heard.messages.back(), kEcho) << round;
  }
}

TEST(SmpLine, drops_the_oldest_results_when_nobody_fetches_them) {
  LineDecoder decoder(512);
  for (std::size_t i = 0; i < LineDecoder::kMaxQueued + 3; ++i) {
    decoder.feed(bytes_of("line " + std::to_string(i) + "\n"));
  }
  EXPECT_EQ(decoder.errors().dropped, 3U);
  EXPECT_EQ(decoder.next_text_line(), "line 3");
}

}  // namespace
}  // namespace lockrig::smp
