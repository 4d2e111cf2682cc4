// Gpio with a lead, on a chip behind a slow bus.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rig/core/error.hpp"
#include "rig/station/gpio.hpp"
#include "tests/station/fake_chip.hpp"

namespace lockrig::station {
namespace {

using mpsse::Pins;
using mpsse::Waveform;
using testing::ElementsAre;
using testing::HasSubstr;

struct GpioStream : testing::Test {
  explicit GpioStream(GpioOptions options = {.lead = 10ms})
      : gpio(world, chip, "A1", wiring, options) {
    chip.command_latency = 300us;
    chip.answer_latency = 700us;
  }

  void open() { world.run(gpio.open(), kLimit, "open"); }
  void sleep(Duration d) { world.run(world.sleep_for(d, "test"), 1h, "sleep"); }
  Instant run(Gpio::Build build) {
    return world.run(gpio.run(std::move(build)), kLimit, "run");
  }
  std::string run_error(Gpio::Build build) {
    try {
      run(std::move(build));
    } catch (const RigError& e) {
      return e.what();
    }
    return "";
  }

  Pins with(Pins pins, const char* line, bool active) const {
    return {mpsse::Wiring::with(pins.value, wiring.at(line), active), pins.direction};
  }
  Gpio::Build pulse(Duration width) {
    return [this, width](Pins now) {
      return Waveform(now).set(with(now, "dip", true)).wait(width).set(now);
    };
  }
  /// `count` pulses of 1 ms, 1 ms apart: 11 bytes each.
  Gpio::Build pulses(int count) {
    return [this, count](Pins now) {
      Waveform waveform(now);
      for (int i = 0; i < count; ++i) {
        waveform.set(with(now, "dip", true)).wait(1ms).set(now).wait(1ms);
      }
      return waveform;
    };
  }

  World world{1};
  mpsse::Wiring wiring = wiring_of("6000i");
  FakeChip chip{world, wiring};
  Gpio gpio;
};

TEST_F(GpioStream, the_chip_never_idles_while_nobody_attends) {
  open();
  sleep(60s);
  EXPECT_EQ(gpio.gaps().count, 0);
  EXPECT_LE(chip.written.size(), 110u);
  // Every 5 ms an edge can be seen: one of 6 ms is.
  const Instant at = world.now() + 100ms;
  chip.blink("beeper", at, 5, 6ms, 27ms);
  sleep(2s);
  ASSERT_EQ(gpio.edges().size(), 10u);
  EXPECT_GE(gpio.edges()[0].at, at - 1ms);
  EXPECT_LE(gpio.edges()[0].at, at + Gpio::kSamplePeriod + 1ms);
}

TEST_F(GpioStream, commands_go_out_a_lead_before_the_chip_needs_them) {
  open();
  sleep(5s);
  const std::size_t before = chip.written.size();
  sleep(2s);
  ASSERT_GE(chip.written.size(), before + 2);
  const Duration apart = chip.written[before + 1] - chip.written[before];
  EXPECT_GE(apart, Gpio::kLongestChunk - 2ms);
  EXPECT_LE(apart, Gpio::kLongestChunk + 2ms);
  EXPECT_EQ(chip.blocked_writes, 0);
}

TEST_F(GpioStream, a_host_that_is_later_than_the_lead_is_a_gap_and_no_error) {
  open();
  sleep(5s);
  chip.next_write_late = 700ms;
  sleep(5s);
  EXPECT_EQ(gpio.gaps().count, 1);
  EXPECT_GE(gpio.gaps().longest, 0ms);
  EXPECT_LE(gpio.gaps().longest, 700ms);
  EXPECT_NO_THROW(gpio.check());
}

TEST_F(GpioStream, a_slow_and_a_fast_crystal_are_followed_for_an_hour) {
  for (const int ppm : {200, -200}) {
    World other{1};
    FakeChip slow(other, wiring);
    slow.slow_ppm = ppm;
    slow.answer_latency = 700us;
    Gpio it(other, slow, "A1", wiring, {.lead = 10ms});
    other.run(it.open(), kLimit, "open");
    other.run(other.sleep_for(1h, "an hour"), 2h, "sleep");
    const Instant at = other.now() + 1234ms;
    slow.input("beeper", true, at);
    other.run(other.sleep_for(3s, "more"), kLimit, "sleep");
    ASSERT_EQ(it.edges().size(), 1u) << ppm;
    EXPECT_GE(it.edges()[0].at, at - 4ms) << ppm;
    EXPECT_LE(it.edges()[0].at, at + Gpio::kSamplePeriod + 4ms) << ppm;
    EXPECT_EQ(it.gaps().count, 0) << ppm;
    EXPECT_EQ(slow.blocked_writes, 0) << ppm;
  }
}

TEST_F(GpioStream, under_attention_a_waveform_is_written_at_once) {
  open();
  const Gpio::Attention closely(gpio);
  sleep(1s);
  for (int i = 0; i < 20; ++i) {
    sleep(1100us);  // also while a sample's answer is under way
    const Instant asked = world.now();
    const std::size_t before = chip.times("dip", true).size();
    // A write under way ends first.
    EXPECT_LE(run(pulse(1ms)) - asked, chip.command_latency);
    ASSERT_EQ(chip.times("dip", true).size(), before + 1);
    EXPECT_LE(chip.times("dip", true).back() - asked, 2 * chip.command_latency);
  }
}

TEST_F(GpioStream, attention_polls_by_single_samples) {
  open();
  sleep(2s);
  const Gpio::Attention closely(gpio);
  world.run(gpio.sampled(world.now()), kLimit, "sampled");
  const std::size_t before = chip.written.size();
  world.run(gpio.sampled(world.now() + 1s), kLimit, "sampled");
  EXPECT_EQ(chip.last_length, 0ms);
  EXPECT_NEAR(static_cast<double>(chip.written.size() - before), 200, 5);
  chip.input("rail", true, world.now() + 12'300us);
  const Instant change = world.now() + 12'300us;
  EXPECT_TRUE(
      world.run(gpio.wait_for(gpio.line("rail"), true, kNever), kLimit, "wait"));
  EXPECT_LE(world.now(), change + 5ms + 2ms);
  EXPECT_EQ(gpio.gaps().count, 0);
}

TEST_F(GpioStream, attention_leaves_the_chip_alone_while_nobody_waits_for_a_line) {
  open();
  sleep(2s);
  const Gpio::Attention closely(gpio);
  world.run(gpio.sampled(world.now()), kLimit, "sampled");
  const std::size_t before = chip.written.size();
  sleep(1s);
  EXPECT_NEAR(static_cast<double>(chip.written.size() - before), 20, 2);
  // Whoever begins to wait is told as soon as under close watch.
  sleep(10ms);
  const Instant change = world.now() + 12'300us;
  chip.input("rail", true, change);
  EXPECT_TRUE(
      world.run(gpio.wait_for(gpio.line("rail"), true, kNever), kLimit, "wait"));
  EXPECT_LE(world.now(), change + 5ms + 2ms);
  EXPECT_EQ(gpio.gaps().count, 0);
}

TEST_F(GpioStream, a_waveform_longer_than_the_chips_fifo_is_streamed) {
  open();
  run(pulses(2000));
  EXPECT_EQ(chip.times("dip", true).size(), 2000u);
  const auto on = chip.times("dip", true);
  for (std::size_t i = 1; i < on.size(); ++i) ASSERT_EQ(on[i] - on[i - 1], 2ms) << i;
  EXPECT_EQ(chip.blocked_writes, 0);
  EXPECT_LE(chip.most_bytes, chip.fifo_bytes);
  EXPECT_NO_THROW(gpio.check());
}

TEST_F(GpioStream, answers_beyond_the_chips_fifo_are_taken_while_it_runs) {
  open();
  const Instant at = world.now() + 2s;
  chip.input("beeper", true, at);
  const Instant start =
      run([](Pins now) { return Waveform(now).sample_every(1ms, 10s); });
  EXPECT_FALSE(chip.answers_overflowed);
  EXPECT_GE(world.now() - start, 10s);
  EXPECT_LE(world.now() - start, 10s + 10ms);
  ASSERT_EQ(gpio.edges().size(), 1u);
  EXPECT_LE(gpio.edges()[0].at, at + 2ms);
}

TEST_F(GpioStream, a_starved_waveform_is_an_error_that_says_by_how_much) {
  open();
  Life other(world, "a busy host");
  other.spawn([](World& w, FakeChip& c) -> Task<void> {
    co_await w.sleep_for(1s, "the waveform to be under way");
    c.next_write_late = 900ms;
  }(world, chip));
  const std::string text = run_error(pulses(2000));
  EXPECT_THAT(text, HasSubstr("station A1, gpio: starved: the chip had to wait "));
  EXPECT_THAT(text, HasSubstr(" us while running a waveform"));
  EXPECT_EQ(chip.times("dip", false).size(), 2000u) << "left half done";
  EXPECT_EQ(run_error(pulse(1ms)), "");
}

TEST_F(GpioStream, waveforms_in_a_row_see_each_others_outputs) {
  open();
  Life other(world, "other");
  other.spawn([](Gpio& g, Gpio::Build build) -> Task<void> {
    co_await g.run(std::move(build));
  }(gpio, [this](Pins now) { return Waveform(now).set(with(now, "power", true)); }));
  run([this](Pins now) { return Waveform(now).set(with(now, "isolate", true)); });
  EXPECT_TRUE(chip.commanded("power"));
  EXPECT_TRUE(chip.commanded("isolate"));
  EXPECT_TRUE(gpio.active(gpio.line("power")));
}

TEST_F(GpioStream, a_caller_that_goes_during_its_waveform_does_no_harm) {
  open();
  EXPECT_THROW(world.run(gpio.run(pulses(1000)), 1s, "run"), LimitReached);
  sleep(3s);
  EXPECT_EQ(chip.times("dip", false).size(), 1000u);
  run(pulse(1ms));
}

TEST_F(GpioStream, every_fault_of_the_channel_ends_it_within_the_limit) {
  using Fault = FakeChip::Fault;
  for (const Fault fault : {Fault::write_fails, Fault::write_stalls, Fault::no_answer,
                            Fault::loses_byte, Fault::read_fails}) {
    chip.fault = Fault::none;
    open();
    sleep(2s);
    chip.fault = fault;
    chip.fault_at = chip.exchanges;
    const Instant begun = world.now();
    EXPECT_THROW(
        world.run(gpio.wait_for(gpio.line("rail"), true, kNever), kLimit, "wait"),
        RigError)
        << static_cast<int>(fault);
    EXPECT_LE(world.now() - begun, Gpio::kAnswerLimit + 3 * Gpio::kLongestChunk);
    EXPECT_THROW(gpio.check(), RigError);
  }
}

TEST_F(GpioStream, an_answer_that_nobody_asked_for_is_an_error) {
  open();
  sleep(2s);
  chip.fault = FakeChip::Fault::extra_byte;
  chip.fault_at = chip.exchanges;
  sleep(3s);
  try {
    gpio.check();
    FAIL() << "no error";
  } catch (const RigError& e) {
    EXPECT_THAT(e.what(), HasSubstr("answers out of step with commands"));
  }
}

TEST_F(GpioStream, a_failure_of_the_past_is_still_known_after_opening_anew) {
  open();
  chip.fault = FakeChip::Fault::write_fails;
  chip.fault_at = chip.exchanges;
  sleep(2s);
  chip.fault = FakeChip::Fault::none;
  open();
  run(pulse(1ms));
  EXPECT_THROW(gpio.check(), RigError);
}

struct SmallFifo : GpioStream {
  SmallFifo() : GpioStream({.lead = 10ms, .fifo_bytes = 1024}) {
    chip.fifo_bytes = 1024;
  }
};

TEST_F(SmallFifo, nothing_is_ever_written_beyond_it) {
  open();
  sleep(10s);
  run(pulses(500));
  sleep(10s);
  EXPECT_EQ(chip.times("dip", true).size(), 500u);
  EXPECT_EQ(chip.blocked_writes, 0);
  EXPECT_EQ(gpio.gaps().count, 0);
  EXPECT_LE(chip.most_bytes, 1024u);
}

TEST(GpioOptions, that_cannot_be_are_refused) {
  World world{1};
  const mpsse::Wiring wiring = wiring_of("6000i");
  FakeChip chip(world, wiring);
  const auto make = [&](GpioOptions options) {
    Gpio(world, chip, "A1", wiring, options);
  };
  EXPECT_THROW(make({.lead = -1ms}), std::invalid_argument);
  EXPECT_THROW(make({.fifo_bytes = 255}), std::invalid_argument);
  EXPECT_THROW(make({.attentive_poll = 0ms}), std::invalid_argument);
  EXPECT_THROW(make({.unwatched_poll = 0ms}), std::invalid_argument);
  EXPECT_NO_THROW(make({.fifo_bytes = 256}));
}

// Waits for an edge, with and without a lead.

struct OnEdge : testing::TestWithParam<Duration> {
  explicit OnEdge(Duration latency = 0ms) {
    chip.command_latency = latency;
    chip.answer_latency = latency;
    world.run(gpio.open(), kLimit, "open");
  }
  Gpio::Build cut() {
    return [this](Pins now) {
      Waveform waveform(now);
      waveform.wait_for_gpiol1(false).wait_for_gpiol1(true);
      now.value = mpsse::Wiring::with(now.value, wiring.at("dip"), true);
      return waveform.set(now).sample_every(1ms, 5ms);
    };
  }
  std::optional<Instant> run(Instant until) {
    return world.run(gpio.run_on_edge(cut(), until), kLimit, "run");
  }

  World world{1};
  mpsse::Wiring wiring = wiring_of("6000i");
  FakeChip chip{world, wiring};
  Gpio gpio{world, chip, "A1", wiring, {.lead = GetParam()}};
};

TEST_P(OnEdge, the_chip_acts_when_the_pin_does_whatever_the_hosts_latency) {
  for (const Duration latency : {0us, 2000us, 4000us}) {
    chip.command_latency = chip.answer_latency = latency;
    const Instant edge = world.now() + 1s + 321us;
    chip.input("busy", true, world.now());  // already active: that is no edge
    chip.input("busy", false, edge - 10ms);
    chip.input("busy", true, edge);
    const auto fired = run(world.now() + 5s);
    ASSERT_TRUE(fired.has_value());
    EXPECT_EQ(chip.times("dip", true).back(), edge);
    EXPECT_GE(*fired, edge);
    EXPECT_LE(*fired, edge + latency);
    chip.input("busy", false, world.now());
    world.run(gpio.run([this](Pins now) {
      Pins to = now;
      to.value = mpsse::Wiring::with(to.value, wiring.at("dip"), false);
      return Waveform(now).set(to);
    }),
              kLimit, "clear");
  }
}

TEST_P(OnEdge, an_edge_that_never_comes_ends_by_a_reset_of_the_chip) {
  world.run(gpio.run([this](Pins now) {
    Pins to = now;
    to.value = mpsse::Wiring::with(to.value, wiring.at("power"), true);
    return Waveform(now).set(to);
  }),
            kLimit, "power");
  ASSERT_TRUE(chip.commanded("power"));
  const Instant until = world.now() + 2s;
  chip.input("busy", true, world.now());  // stuck
  EXPECT_FALSE(run(until).has_value());
  EXPECT_LE(world.now(), until + 100ms);
  EXPECT_THAT(chip.modes, ElementsAre("reset", "mpsse", "reset", "mpsse"));
  EXPECT_FALSE(chip.commanded("power"));
  EXPECT_FALSE(chip.commanded("dip"));
  EXPECT_FALSE(gpio.active(gpio.line("power")));
  EXPECT_GE(gpio.reset_at(), until);
  // And it goes on.
  chip.input("beeper", true, world.now() + 1s);
  EXPECT_TRUE(
      world.run(gpio.wait_for(gpio.line("beeper"), true, kNever), kLimit, "wait"));
  EXPECT_NO_THROW(gpio.check());
}

TEST_P(OnEdge, what_cannot_be_armed_is_refused) {
  const Instant until = world.now() + 1s;
  const auto refused = [&](Gpio::Build build, Instant limit) {
    EXPECT_THROW(world.run(gpio.run_on_edge(std::move(build), limit), kLimit, "run"),
                 std::invalid_argument);
  };
  refused(cut(), kNever);
  refused([](Pins now) { return Waveform(now).wait(1ms); }, until);
  refused([](Pins now) { return Waveform(now).wait(1ms).wait_for_gpiol1(true); },
          until);
  refused(
      [](Pins now) {
        return Waveform(now).wait_for_gpiol1(true).sample_every(1us, 5ms);
      },
      until);
  EXPECT_THROW(world.run(gpio.run(cut()), kLimit, "run"), std::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(Lead, OnEdge, testing::Values(Duration{}, Duration{10ms}));

}  // namespace
}  // namespace lockrig::station
