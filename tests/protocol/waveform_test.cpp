#include "rig/protocol/waveform.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace lockrig::mpsse {
namespace {

constexpr ChipClock kMegahertz{};

std::int64_t clocks_in(const Bytes& bytes) {
  std::int64_t clocks = 0;
  ByteView stream = bytes;
  while (const auto command = next(stream)) clocks += command->clocks;
  EXPECT_TRUE(stream.empty());
  return clocks;
}

// What a chip answers, if its pins are `pins(sample number)`.
template <class F>
Bytes reply_of(const Compiled& compiled, F&& pins) {
  Bytes reply;
  for (std::size_t i = 0; i < compiled.reply_bytes / 2; ++i) {
    const std::uint16_t value = pins(i);
    reply.push_back(static_cast<std::uint8_t>(value & 0xff));
    reply.push_back(static_cast<std::uint8_t>(value >> 8));
  }
  return reply;
}

std::vector<Sample> changes(const Compiled& compiled, ByteView reply,
                            std::uint16_t previous) {
  std::vector<Sample> seen;
  EXPECT_TRUE(
      for_each_change(compiled, reply, previous, [&](Sample s) { seen.push_back(s); }));
  return seen;
}

TEST(Waveform, compiles_a_pulse_to_the_expected_bytes) {
  Waveform waveform(Pins{0x0000, 0x0102});
  waveform.set({0x0002, 0x0102}).wait(10us).set({0x0000, 0x0102}).sample();
  const Compiled compiled = compile(waveform, kMegahertz);
  EXPECT_EQ(compiled.commands, (Bytes{0x80, 0x02, 0x02,  // pulse begins
                                      0x8f, 0x00, 0x00,  // 8 us
                                      0x8e, 0x01,        // 2 us
                                      0x80, 0x00, 0x02,  // pulse ends
                                      0x81, 0x83, 0x87}));
  EXPECT_EQ(compiled.length, 10us);
  EXPECT_EQ(compiled.reply_bytes, 2u);
  EXPECT_EQ(compiled.left, (Pins{0x0000, 0x0102}));
}

TEST(Waveform, sends_nothing_back_without_samples) {
  const Compiled compiled = compile(Waveform().set({1, 1}).wait(1ms), kMegahertz);
  EXPECT_NE(compiled.commands.back(), op::kFlush);
  EXPECT_EQ(compiled.reply_bytes, 0u);
  EXPECT_TRUE(compile(Waveform(), kMegahertz).commands.empty());
}

TEST(Waveform, writes_both_bytes_when_the_pins_are_unknown) {
  const Compiled compiled = compile(Waveform().set({0, 0}), kMegahertz);
  EXPECT_EQ(compiled.commands, (Bytes{0x80, 0, 0, 0x82, 0, 0}));
}

TEST(Waveform, writes_only_the_byte_that_changed) {
  Waveform waveform(Pins{0x0000, 0xffff});
  waveform.set({0x0000, 0xffff});  // nothing
  waveform.set({0x0100, 0xffff});  // ACBUS
  waveform.set({0x0101, 0xffff});  // ADBUS
  waveform.set({0x0101, 0xfffe});  // ADBUS, direction alone
  EXPECT_EQ(compile(waveform, kMegahertz).commands,
            (Bytes{0x82, 0x01, 0xff, 0x80, 0x01, 0xff, 0x80, 0x01, 0xfe}));
}

TEST(Waveform, says_when_it_sets_what) {
  Waveform waveform(Pins{0x0000, 0xffff});
  waveform.set({0x0001, 0xffff}).wait(400ns).wait(400ns).set({0x0100, 0xffff});
  waveform.sample_every(5us, 13us).set({0x0000, 0xffff});
  EXPECT_EQ(waveform.length(), 13800ns);
  EXPECT_EQ(compile(waveform, kMegahertz).settings,
            (std::vector<Setting>{{0, 0x0001}, {60, 0x0100}, {14 * 60, 0x0000}}));
}

TEST(Waveform, waits_exactly_the_microseconds_asked) {
  for (int us = 0; us < 3000; ++us) {
    const Compiled compiled =
        compile(Waveform().wait(std::chrono::microseconds{us}), kMegahertz);
    ASSERT_EQ(clocks_in(compiled.commands), us);
    ASSERT_EQ(compiled.length, std::chrono::microseconds{us});
  }
  for (std::int64_t us = 524280; us < 40'000'000; us = us * 5 / 3 + 1) {
    const Compiled compiled =
        compile(Waveform().wait(std::chrono::microseconds{us}), kMegahertz);
    ASSERT_EQ(clocks_in(compiled.commands), us);
  }
}

TEST(Waveform, does_not_add_up_rounding) {
  Waveform waveform;
  for (int i = 0; i < 3000; ++i) waveform.wait(333ns);  // 999 us in all
  EXPECT_EQ(clocks_in(compile(waveform, kMegahertz).commands), 999);

  Waveform thirds;
  for (int i = 0; i < 300; ++i) thirds.wait(1us);
  const ChipClock fast{.divisor = 1};  // 15 MHz: 66.7 ns
  const Compiled compiled = compile(thirds, fast);
  EXPECT_EQ(clocks_in(compiled.commands), 4500);
  EXPECT_EQ(compiled.ticks, 18000);
  EXPECT_EQ(compiled.length, 300us);
}

TEST(Waveform, refuses_impossible_times) {
  EXPECT_THROW(Waveform().wait(-1ns), std::invalid_argument);
  EXPECT_THROW(Waveform().sample_every(0ns, 1s), std::invalid_argument);
  EXPECT_THROW(Waveform().sample_every(1ms, -1s), std::invalid_argument);
  EXPECT_THROW(Waveform().wait(Duration::max()), std::invalid_argument);
  EXPECT_THROW(Waveform().wait(24h).wait(1ns), std::invalid_argument);
}

TEST(Waveform, refuses_a_sampling_period_between_clocks) {
  EXPECT_THROW(compile(Waveform().sample_every(1500ns, 1ms), kMegahertz),
               std::invalid_argument);
}

TEST(Waveform, samples_evenly_and_fills_the_whole_time) {
  const Compiled compiled =
      compile(Waveform().wait(3us).sample_every(5ms, 1s + 7us), kMegahertz);
  ASSERT_EQ(compiled.samples.size(), 1u);
  const SampleRun run = compiled.samples[0];
  EXPECT_EQ(run.count, 200);
  EXPECT_EQ(run.at(0), 5ms + 3us);
  EXPECT_EQ(run.at(199), 1s + 3us);
  EXPECT_EQ(compiled.reply_bytes, 400u);
  EXPECT_EQ(compiled.length, 1s + 10us);
  EXPECT_EQ(clocks_in(compiled.commands), 1'000'010);
}

TEST(Waveform, puts_each_sample_where_its_run_says) {
  Waveform waveform;
  waveform.sample().wait(10us).sample_every(3us, 10us).wait(500ns).sample();
  waveform.sample_every(2us, 4us);
  const Compiled compiled = compile(waveform, kMegahertz);
  std::vector<Duration> promised;
  for (const SampleRun& run : compiled.samples) {
    for (std::int64_t i = 0; i < run.count; ++i) promised.push_back(run.at(i));
  }
  std::vector<Duration> actual;
  std::int64_t clocks = 0;
  ByteView stream = compiled.commands;
  while (const auto command = next(stream)) {
    clocks += command->clocks;
    if (command->kind == Command::Kind::read_high) {
      actual.push_back(to_duration(clocks * kMegahertz.ticks_per_clock()));
    }
  }
  EXPECT_EQ(promised, actual);
  EXPECT_EQ(promised.size(), 7u);
  EXPECT_EQ(clocks * kMegahertz.ticks_per_clock(), compiled.ticks);
}

TEST(Waveform, takes_no_sample_in_less_than_a_period) {
  const Compiled compiled = compile(Waveform().sample_every(5ms, 4ms), kMegahertz);
  EXPECT_TRUE(compiled.samples.empty());
  EXPECT_EQ(compiled.length, 4ms);
}

TEST(Waveform, arms_on_gpiol1_and_says_that_it_waits) {
  const Compiled compiled = compile(
      Waveform().wait_for_gpiol1(false).wait_for_gpiol1(true).wait(1us), kMegahertz);
  EXPECT_EQ(compiled.commands, (Bytes{0x89, 0x88, 0x8e, 0x00}));
  EXPECT_TRUE(compiled.waits_for_pin);
  EXPECT_FALSE(compile(Waveform().wait(1us), kMegahertz).waits_for_pin);
}

TEST(WaveformParts, are_the_stream_and_its_time_without_a_remainder) {
  Waveform waveform(Pins{0, 0xffff});
  for (int i = 0; i < 100; ++i) {
    const auto value = static_cast<std::uint16_t>(i);
    waveform.set({value, 0xffff}).wait(123us).sample_every(7us, 30us);
  }
  const Compiled compiled = compile(waveform, kMegahertz);
  for (const std::size_t most : {3u, 7u, 64u, 100'000u}) {
    std::size_t bytes = 0, replies = 0;
    std::int64_t ticks = 0;
    for (const Part& part : cut(compiled, most, kMegahertz)) {
      EXPECT_EQ(part.from, bytes);
      EXPECT_LE(part.size, most);
      const Bytes piece(
          compiled.commands.begin() + static_cast<long>(part.from),
          compiled.commands.begin() + static_cast<long>(part.from + part.size));
      EXPECT_EQ(clocks_in(piece) * kMegahertz.ticks_per_clock(), part.ticks);
      bytes += part.size;
      replies += part.reply_bytes;
      ticks += part.ticks;
    }
    EXPECT_EQ(bytes, compiled.commands.size());
    EXPECT_EQ(replies, compiled.reply_bytes);
    EXPECT_EQ(ticks, compiled.ticks);
  }
}

TEST(WaveformParts, end_between_commands) {
  const Compiled compiled =
      compile(Waveform().wait(8us).sample().wait(16us), kMegahertz);
  EXPECT_EQ(cut(compiled, 100, kMegahertz), (std::vector<Part>{{0, 9, 24 * 60, 2}}));
  EXPECT_EQ(cut(compiled, 4, kMegahertz)[0], (Part{0, 4, 8 * 60, 1}));
}

TEST(WaveformParts, cannot_be_made_of_a_wait_for_a_pin_or_of_half_commands) {
  EXPECT_THROW(
      cut(compile(Waveform().wait_for_gpiol1(true), kMegahertz), 100, kMegahertz),
      std::invalid_argument);
  EXPECT_THROW(cut(compile(Waveform().wait(1ms), kMegahertz), 2, kMegahertz),
               std::invalid_argument);
}

TEST(WaveformReply, has_no_changes_while_nothing_changes) {
  const Compiled compiled = compile(Waveform().sample_every(5ms, 1s), kMegahertz);
  const Bytes reply = reply_of(compiled, [](std::size_t) { return 0x1234; });
  EXPECT_TRUE(changes(compiled, reply, 0x1234).empty());
}

TEST(WaveformReply, finds_one_edge_wherever_it_is) {
  const Compiled compiled = compile(Waveform().sample_every(5ms, 100ms), kMegahertz);
  for (std::size_t edge = 0; edge < 20; ++edge) {
    const Bytes reply =
        reply_of(compiled, [&](std::size_t i) { return i < edge ? 0x0000 : 0x8000; });
    EXPECT_EQ(changes(compiled, reply, 0x0000),
              (std::vector<Sample>{{5ms * static_cast<int>(edge + 1), 0x8000}}));
  }
}

TEST(WaveformReply, finds_every_edge_of_a_toggling_pin_across_runs) {
  const Compiled compiled =
      compile(Waveform().sample().sample_every(1us, 9us).sample(), kMegahertz);
  const Bytes reply = reply_of(compiled, [](std::size_t i) {
    return static_cast<std::uint16_t>(i % 2 == 0 ? 2 : 0);
  });
  const auto seen = changes(compiled, reply, 0);
  ASSERT_EQ(seen.size(), 11u);
  EXPECT_EQ(seen[0], (Sample{0us, 2}));
  EXPECT_EQ(seen[9], (Sample{9us, 0}));
  EXPECT_EQ(seen[10], (Sample{9us, 2}));
}

TEST(WaveformReply, ignores_the_chips_own_clock_pin) {
  const Compiled compiled = compile(Waveform().sample_every(1us, 40us), kMegahertz);
  const Bytes reply = reply_of(
      compiled, [](std::size_t i) { return static_cast<std::uint16_t>(i % 2); });
  EXPECT_TRUE(changes(compiled, reply, 0).empty());
}

// A key's load of a shift register, in small.
Waveform pulses(Pins from) {
  Waveform waveform(from);
  for (std::uint16_t i = 1; i < 6; ++i) {
    waveform.set({static_cast<std::uint16_t>(0x0100 * (i % 2) + i), from.direction});
    waveform.wait(1us);
  }
  return waveform;
}

TEST(WaveformPiece, gives_what_its_own_steps_give) {
  const Pins from{0x0000, 0xffff};
  const Piece piece(pulses(from), kMegahertz);
  // Begun on a clock, between two clocks, and from other pins than it was made for.
  for (const Duration before : {Duration(5us), Duration(5400ns), Duration(400ns)}) {
    for (const Pins start : {from, Pins{0x0100, 0xffff}, Pins{0x0000, 0x00ff}}) {
      Waveform whole(start);
      whole.wait(before).add(piece).sample_every(10us, 25us).add(piece).wait(1us);
      Waveform steps(start);
      steps.wait(before);
      const auto each = [&] {
        for (std::uint16_t i = 1; i < 6; ++i) {
          steps.set({static_cast<std::uint16_t>(0x0100 * (i % 2) + i), from.direction});
          steps.wait(1us);
        }
      };
      each();
      steps.sample_every(10us, 25us);
      each();
      steps.wait(1us);
      const Compiled a = compile(whole, kMegahertz);
      const Compiled b = compile(steps, kMegahertz);
      EXPECT_EQ(a.commands, b.commands);
      EXPECT_EQ(a.settings, b.settings);
      EXPECT_EQ(a.samples, b.samples);
      EXPECT_EQ(a.ticks, b.ticks);
      EXPECT_EQ(a.left, b.left);
      EXPECT_EQ(whole.length(), steps.length());
    }
  }
}

TEST(WaveformPiece, is_compiled_anew_for_another_clock) {
  const Pins from{0x0000, 0xffff};
  const Piece piece(pulses(from), kMegahertz);
  constexpr ChipClock kTwoMegahertz{.divide_by_5 = false, .divisor = 14};
  EXPECT_EQ(compile(Waveform(from).add(piece), kTwoMegahertz).commands,
            compile(pulses(from), kTwoMegahertz).commands);
}

TEST(WaveformReply, looks_only_at_the_masked_pins) {
  const Compiled compiled = compile(Waveform().sample_every(1us, 8us), kMegahertz);
  const Bytes reply = reply_of(compiled, [](std::size_t i) {
    return static_cast<std::uint16_t>(i == 2 ? 0x0104 : i == 5 ? 0x0004 : 0);
  });
  std::vector<Sample> seen;
  const auto last = for_each_change(
      compiled, reply, 0, [&](Sample s) { seen.push_back(s); }, 0x0100);
  EXPECT_EQ(seen, (std::vector<Sample>{{3us, 0x0104}, {4us, 0x0000}}));
  EXPECT_EQ(last, 0x0000);
}

TEST(WaveformReply, refuses_a_reply_of_the_wrong_size) {
  const Compiled compiled = compile(Waveform().sample().sample(), kMegahertz);
  const Bytes bad_command{0xfa, 0xaa, 1, 2, 3, 4};
  for (std::size_t size : {0u, 3u, 5u, 6u}) {
    int calls = 0;
    EXPECT_FALSE(for_each_change(compiled, ByteView(bad_command).first(size), 0,
                                 [&](Sample) { ++calls; }));
    EXPECT_EQ(calls, 0);
  }
}

}  // namespace
}  // namespace lockrig::mpsse
