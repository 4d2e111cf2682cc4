#include "rig/protocol/mpsse.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <vector>

namespace lockrig::mpsse {
namespace {

using Kind = Command::Kind;

Command decode_one(const Bytes& bytes) {
  ByteView stream = bytes;
  const auto command = next(stream);
  EXPECT_TRUE(command.has_value());
  EXPECT_TRUE(stream.empty());
  return command.value_or(Command{});
}

std::vector<Command> decode_all(ByteView stream) {
  std::vector<Command> commands;
  while (const auto command = next(stream)) commands.push_back(*command);
  EXPECT_TRUE(stream.empty());
  return commands;
}

std::int64_t clocks_in(const Bytes& bytes) {
  std::int64_t clocks = 0;
  for (const Command& command : decode_all(bytes)) clocks += command.clocks;
  return clocks;
}

TEST(MpsseEncoder, writes_the_bytes_of_an108) {
  Bytes out;
  append_set_low(out, {0x1234, 0x5678});
  append_set_high(out, {0x1234, 0x5678});
  append_sample(out);
  append_clock(out, ChipClock{});
  append_clock(out, {.divide_by_5 = true, .divisor = 0x0102});
  EXPECT_EQ(out, (Bytes{0x80, 0x34, 0x78,        // ADBUS
                        0x82, 0x12, 0x56,        // ACBUS
                        0x81, 0x83,              // read both
                        0x8a, 0x86, 0x1d, 0x00,  // 1 MHz from 60 MHz
                        0x8b, 0x86, 0x02, 0x01}));
}

TEST(MpsseEncoder, waits_in_bytes_then_bits) {
  const auto wait = [](std::int64_t clocks) {
    Bytes out;
    append_wait(out, clocks);
    return out;
  };
  EXPECT_EQ(wait(0), Bytes{});
  EXPECT_EQ(wait(1), (Bytes{0x8e, 0x00}));
  EXPECT_EQ(wait(7), (Bytes{0x8e, 0x06}));
  EXPECT_EQ(wait(8), (Bytes{0x8f, 0x00, 0x00}));
  EXPECT_EQ(wait(9), (Bytes{0x8f, 0x00, 0x00, 0x8e, 0x00}));
  EXPECT_EQ(wait(524288), (Bytes{0x8f, 0xff, 0xff}));
  EXPECT_EQ(wait(524289), (Bytes{0x8f, 0xff, 0xff, 0x8e, 0x00}));
  EXPECT_EQ(wait(524296), (Bytes{0x8f, 0xff, 0xff, 0x8f, 0x00, 0x00}));
}

TEST(MpsseEncoder, waits_exactly_as_many_clocks_as_asked) {
  for (std::int64_t clocks : {0, 1, 8, 15, 16, 1000, 65535, 65536, 524287, 524288,
                              1048575, 1048576, 3000001, 60000000}) {
    Bytes out;
    append_wait(out, clocks);
    EXPECT_EQ(clocks_in(out), clocks);
  }
}

TEST(MpsseClock, follows_the_formula_of_an108) {
  EXPECT_EQ(clock_period(false, 29), 1us);
  EXPECT_EQ(clock_period(false, 0), 33ns);  // 30 MHz: 33.3 ns
  EXPECT_EQ(clock_period(true, 5), 1us);    // 12 MHz / 12
  EXPECT_EQ(clock_period(true, 0), 167ns);  // 6 MHz: 166.7 ns
  EXPECT_EQ((ChipClock{false, 0xffff}.ticks_per_clock()), 131072);
  EXPECT_EQ((ChipClock{true, 0xffff}.ticks_per_clock()), 655360);
}

TEST(MpsseClock, converts_sums_of_ticks_without_drift) {
  EXPECT_EQ(to_duration(1), 17ns);
  EXPECT_EQ(to_duration(2), 33ns);
  EXPECT_EQ(to_duration(3), 50ns);
  EXPECT_EQ(to_duration(-1), -17ns);
  EXPECT_EQ(to_duration(kTicksPerSecond), 1s);
  EXPECT_EQ(to_duration(kTicksPerSecond * 3600 * 24 * 365), 24h * 365);
}

TEST(MpsseClock, cuts_a_time_to_whole_ticks) {
  EXPECT_EQ(to_ticks(16ns), 0);
  EXPECT_EQ(to_ticks(17ns), 1);
  EXPECT_EQ(to_ticks(49ns), 2);
  EXPECT_EQ(to_ticks(50ns), 3);
  EXPECT_EQ(to_ticks(24h * 365), kTicksPerSecond * 3600 * 24 * 365);
  for (std::int64_t ticks = 0; ticks < 1000; ++ticks) {
    EXPECT_LE(std::abs(to_ticks(to_duration(ticks)) - ticks), 1);
  }
}

TEST(MpsseTime, finds_the_ticks_around_every_nanosecond) {
  for (Duration time = 0ns; time < 400ns; ++time) {
    EXPECT_GE(to_duration(first_tick(time)), time);
    EXPECT_LT(to_duration(first_tick(time) - 1), time);
    EXPECT_LE(to_duration(last_tick(time)), time);
    EXPECT_GT(to_duration(last_tick(time) + 1), time);
  }
}

TEST(MpsseDecoder, knows_every_command_a_waveform_may_hold) {
  const auto kind = [](Bytes bytes) { return decode_one(bytes).kind; };
  EXPECT_EQ(kind({0x80, 0, 0}), Kind::set_low);
  EXPECT_EQ(kind({0x81}), Kind::read_low);
  EXPECT_EQ(kind({0x82, 0, 0}), Kind::set_high);
  EXPECT_EQ(kind({0x83}), Kind::read_high);
  EXPECT_EQ(kind({0x84}), Kind::loopback_on);
  EXPECT_EQ(kind({0x85}), Kind::loopback_off);
  EXPECT_EQ(kind({0x86, 0, 0}), Kind::divisor);
  EXPECT_EQ(kind({0x87}), Kind::flush);
  EXPECT_EQ(kind({0x88}), Kind::wait_gpiol1_high);
  EXPECT_EQ(kind({0x89}), Kind::wait_gpiol1_low);
  EXPECT_EQ(kind({0x8a}), Kind::div5_off);
  EXPECT_EQ(kind({0x8b}), Kind::div5_on);
  EXPECT_EQ(kind({0x8c}), Kind::three_phase_on);
  EXPECT_EQ(kind({0x8d}), Kind::three_phase_off);
  EXPECT_EQ(kind({0x8e, 0}), Kind::clock_bits);
  EXPECT_EQ(kind({0x8f, 0, 0}), Kind::clock_bytes);
  EXPECT_EQ(kind({0x94}), Kind::clock_until_high);
  EXPECT_EQ(kind({0x95}), Kind::clock_until_low);
  EXPECT_EQ(kind({0x96}), Kind::adaptive_on);
  EXPECT_EQ(kind({0x97}), Kind::adaptive_off);
  EXPECT_EQ(kind({0x9c, 0, 0}), Kind::clock_bytes_until_high);
  EXPECT_EQ(kind({0x9d, 0, 0}), Kind::clock_bytes_until_low);
}

TEST(MpsseDecoder, reads_the_arguments) {
  const Command low = decode_one({0x80, 0xa5, 0x0f});
  EXPECT_EQ(low.value, 0xa5);
  EXPECT_EQ(low.direction, 0x0f);
  EXPECT_EQ(decode_one({0x86, 0x1d, 0x01}).divisor, 0x011d);
  EXPECT_EQ(decode_one({0x8e, 0x07}).clocks, 8u);
  EXPECT_EQ(decode_one({0x8f, 0xff, 0xff}).clocks, 524288u);
  EXPECT_EQ(decode_one({0x9c, 0x01, 0x00}).clocks, 16u);
  EXPECT_EQ(decode_one({0x9d, 0x00, 0x01}).clocks, 2056u);
}

TEST(MpsseDecoder, names_a_bad_opcode_and_goes_on_behind_it) {
  const auto commands = decode_all(Bytes{0xaa, 0x81});
  ASSERT_EQ(commands.size(), 2u);
  EXPECT_EQ(commands[0].kind, Kind::bad);
  EXPECT_EQ(commands[0].opcode, 0xaa);
  EXPECT_EQ(commands[1].kind, Kind::read_low);
}

TEST(MpsseDecoder, takes_every_other_opcode_for_bad) {
  int good = 0;
  for (int opcode = 0; opcode < 256; ++opcode) {
    const Bytes bytes{static_cast<std::uint8_t>(opcode), 0, 0};
    ByteView stream = bytes;
    const auto command = next(stream);
    ASSERT_TRUE(command);
    EXPECT_EQ(command->opcode, opcode);
    good += command->kind != Kind::bad;
  }
  EXPECT_EQ(good, 22);
}

TEST(MpsseDecoder, decodes_the_same_from_any_split) {
  const Bytes bytes{0x8a, 0x86, 0x1d, 0x00, 0x80, 0x02, 0xfb, 0x8f, 0x10, 0x02,
                    0x8e, 0x03, 0xab, 0x81, 0x83, 0x9c, 0x01, 0x02, 0x88, 0x87};
  const auto whole = decode_all(bytes);
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    std::vector<Command> commands;
    ByteView first = ByteView(bytes).first(split);
    while (const auto command = next(first)) commands.push_back(*command);
    EXPECT_LE(first.size(), 2u);
    Bytes rest(first.begin(), first.end());
    rest.insert(rest.end(), bytes.begin() + static_cast<std::ptrdiff_t>(split),
                bytes.end());
    std::ranges::copy(decode_all(rest), std::back_inserter(commands));
    EXPECT_EQ(commands, whole) << "split at " << split;
  }
}

TEST(MpsseDecoder, takes_nothing_of_an_incomplete_command) {
  const Bytes bytes{0x8f, 0x10};
  ByteView stream = bytes;
  EXPECT_FALSE(next(stream));
  EXPECT_EQ(stream.size(), 2u);
}

}  // namespace
}  // namespace lockrig::mpsse
