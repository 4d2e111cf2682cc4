#include "rig/station/gpio.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rig/core/error.hpp"
#include "tests/station/fake_chip.hpp"

namespace lockrig::station {
namespace {

using mpsse::Pins;
using mpsse::Waveform;
using testing::ElementsAre;
using testing::HasSubstr;

struct GpioTest : testing::Test {
  World world{1};
  mpsse::Wiring wiring = wiring_of("6000i");
  FakeChip chip{world, wiring};
  Gpio gpio{world, chip, "A1", wiring};

  void open() { world.run(gpio.open(), kLimit, "open"); }
  void sleep(Duration d) { world.run(world.sleep_for(d, "test"), kLimit, "sleep"); }

  std::string open_error() {
    try {
      open();
    } catch (const RigError& e) {
      EXPECT_EQ(e.station(), "A1");
      EXPECT_EQ(e.device(), "gpio");
      return e.what();
    }
    return "";
  }

  /// Sets a line, waits, and sets it back.
  Gpio::Build pulse(std::string line, Duration width) {
    return [this, line, width](Pins now) {
      const Pins on{mpsse::Wiring::with(now.value, wiring.at(line), true),
                    now.direction};
      return Waveform(now).set(on).wait(width).set(now);
    };
  }
};

TEST_F(GpioTest, open_leaves_every_output_inactive) {
  open();
  EXPECT_THAT(chip.modes, ElementsAre("reset", "mpsse"));
  for (const mpsse::Line& line : wiring.lines()) {
    if (!line.output) continue;
    EXPECT_FALSE(chip.commanded(line.name)) << line.name;
  }
  EXPECT_TRUE(gpio.active(gpio.line("bolt_extended")));
  EXPECT_FALSE(gpio.active(gpio.line("bolt_retracted")));
}

TEST_F(GpioTest, nothing_can_be_done_before_open) {
  EXPECT_THROW(gpio.active(0), std::invalid_argument);
  EXPECT_THROW(world.run(gpio.run(pulse("dip", 1ms)), kLimit, "run"),
               std::invalid_argument);
}

TEST_F(GpioTest, a_stalled_bit_mode_is_named_within_the_limit) {
  chip.mode_stalls = true;
  EXPECT_THAT(open_error(), HasSubstr("no answer while entering MPSSE mode"));
  EXPECT_EQ(world.now(), Instant(Gpio::kAnswerLimit));
}

TEST_F(GpioTest, every_step_of_open_fails_with_a_name_and_within_the_limit) {
  using Fault = FakeChip::Fault;
  const struct {
    Fault fault;
    const char* text;
  } faults[] = {
      {Fault::write_fails, "writing failed while "},
      {Fault::write_stalls, "no answer while "},
      {Fault::no_answer, "no answer while "},
      {Fault::loses_byte, "no answer while "},
      {Fault::extra_byte, "more answers than commands while "},
      {Fault::read_fails, "reading failed while "},
  };
  const char* const steps[] = {"checking that answers follow commands",
                               "setting clock and outputs"};
  for (int step = 0; step < 2; ++step) {
    for (const auto& each : faults) {
      chip.fault = each.fault;
      chip.fault_at = chip.exchanges + step;
      const Instant begun = world.now();
      const std::string text = open_error();
      EXPECT_THAT(text, HasSubstr(std::string(each.text) + steps[step]));
      EXPECT_THAT(text, HasSubstr("USB cable"));
      EXPECT_LE(world.now() - begun, Gpio::kAnswerLimit);
    }
  }
  chip.fault = Fault::none;
  EXPECT_EQ(open_error(), "");
}

TEST_F(GpioTest, open_refuses_a_wrong_answer_to_the_bad_command) {
  chip.fault = FakeChip::Fault::wrong_answer;
  EXPECT_THAT(open_error(),
              HasSubstr("wrong answer while checking that answers follow commands"));
}

TEST_F(GpioTest, a_waveform_runs_behind_the_chunk_under_way_on_the_chips_clock) {
  open();
  sleep(7ms);
  const Instant start = world.run(gpio.run(pulse("dip", 1234us)), kLimit, "run");
  EXPECT_EQ(start, Instant(Gpio::kShortestChunk));
  EXPECT_EQ(world.now(), start + 1234us);
  EXPECT_THAT(chip.times("dip", true), ElementsAre(start));
  EXPECT_THAT(chip.times("dip", false), ElementsAre(start + 1234us));
}

TEST_F(GpioTest, waveforms_of_two_callers_do_not_undo_each_others_outputs) {
  open();
  const auto set = [this](std::string line) -> Gpio::Build {
    return [this, line](Pins now) {
      return Waveform(now).set(
          {mpsse::Wiring::with(now.value, wiring.at(line), true), now.direction});
    };
  };
  Life other(world, "other");
  other.spawn([](Gpio& g, Gpio::Build build) -> Task<void> {
    co_await g.run(std::move(build));
  }(gpio, set("power")));
  world.run(gpio.run(set("isolate")), kLimit, "run");
  sleep(1s);
  EXPECT_TRUE(chip.commanded("power"));
  EXPECT_TRUE(chip.commanded("isolate"));
  EXPECT_TRUE(gpio.active(gpio.line("power")));
}

TEST_F(GpioTest, a_caller_that_has_gone_leaves_no_waveform_behind) {
  open();
  EXPECT_THROW(world.run(gpio.run(pulse("power", 1ms)), 1ms, "run"), LimitReached);
  sleep(1s);
  EXPECT_THAT(chip.times("power", true), ElementsAre());
}

TEST_F(GpioTest, a_caller_that_goes_during_its_waveform_does_no_harm) {
  open();
  EXPECT_THROW(world.run(gpio.run(pulse("dip", 100ms)), 50ms, "run"), LimitReached);
  sleep(1s);
  EXPECT_EQ(chip.times("dip", false).size(), 1u);
  world.run(gpio.run(pulse("dip", 1ms)), kLimit, "again");
}

TEST_F(GpioTest, a_waveform_that_cannot_be_is_its_callers_mistake_and_not_the_pumps) {
  open();
  const Gpio::Build drives_input = [](Pins now) {
    return Waveform(now).set({now.value, 0xfffe});
  };
  const Gpio::Build waits = [](Pins now) {
    return Waveform(now).wait_for_gpiol1(true);
  };
  EXPECT_THROW(world.run(gpio.run(drives_input), kLimit, "run"), std::invalid_argument);
  EXPECT_THROW(world.run(gpio.run(waits), kLimit, "run"), std::invalid_argument);
  world.run(gpio.run(pulse("dip", 1ms)), kLimit, "run");
}

TEST_F(GpioTest, an_edge_has_the_time_of_the_first_sample_that_saw_it) {
  chip.input("bolt_extended", false, Instant(301ms));
  chip.input("bolt_retracted", true, Instant(600ms));
  open();
  sleep(2s);
  EXPECT_THAT(gpio.edges(),
              ElementsAre(Edge{Instant(305ms), gpio.line("bolt_extended"), false},
                          Edge{Instant(600ms), gpio.line("bolt_retracted"), true}));
  EXPECT_TRUE(gpio.active_at(gpio.line("bolt_extended"), Instant(304ms)));
  EXPECT_FALSE(gpio.active_at(gpio.line("bolt_extended"), Instant(305ms)));
}

TEST_F(GpioTest, edges_within_a_commanded_waveform_are_found) {
  open();
  chip.input("beeper", true, Instant(52ms));
  const Gpio::Build sampled = [](Pins now) {
    return Waveform(now).sample_every(1ms, 100ms);
  };
  const Instant start = world.run(gpio.run(sampled), kLimit, "run");
  EXPECT_EQ(start, Instant(20ms));
  EXPECT_THAT(gpio.edges(),
              ElementsAre(Edge{Instant(52ms), gpio.line("beeper"), true}));
}

TEST_F(GpioTest, a_waveform_may_answer_more_than_the_chip_holds) {
  open();
  chip.input("beeper", true, Instant(30s));
  const Gpio::Build held = [this](Pins now) {
    const Pins on{mpsse::Wiring::with(now.value, wiring.at("dip"), true),
                  now.direction};
    return Waveform(now).set(on).sample_every(Gpio::kSamplePeriod, 60s).set(now);
  };
  const Instant start = world.run(gpio.run(held), 2 * kLimit, "run");
  EXPECT_EQ(world.now(), start + 60s);
  EXPECT_THAT(chip.times("dip", true), ElementsAre(start));
  EXPECT_THAT(chip.times("dip", false), ElementsAre(start + 60s));
  EXPECT_THAT(gpio.edges(), ElementsAre(Edge{Instant(30s), gpio.line("beeper"), true}));
  EXPECT_FALSE(chip.answers_overflowed);
  EXPECT_LE(chip.most_bytes, chip.fifo_bytes);
}

TEST_F(GpioTest, edges_and_outputs_are_traced_by_name_and_polarity) {
  world.trace().keep_events();
  chip.input("bolt_extended", false, Instant(31ms));
  open();
  world.run(gpio.run(pulse("dip", 2ms)), kLimit, "run");
  sleep(100ms);
  std::vector<std::string> seen;
  for (const Trace::Event& event : world.trace().events()) {
    if (event.at == Instant{}) continue;
    seen.push_back(world.trace().channels()[event.channel] +
                   (event.level ? " 1 " : " 0 ") +
                   std::to_string(event.at.time_since_epoch() / 1ms));
  }
  EXPECT_THAT(seen, ElementsAre("A1/dip 1 20", "A1/dip 0 22", "A1/bolt_extended 0 32"));
}

TEST_F(GpioTest, busy_is_not_sampled) {
  for (int i = 0; i < 100; ++i) chip.input("busy", i % 2 == 0, Instant(i * 10ms));
  open();
  sleep(1s);
  EXPECT_THAT(gpio.edges(), ElementsAre());
}

TEST_F(GpioTest, chunks_grow_while_nothing_happens_and_shrink_at_an_edge) {
  open();
  const int before = chip.exchanges;
  sleep(60s);
  EXPECT_LE(chip.exchanges - before, 100);
  EXPECT_EQ(chip.last_length, Gpio::kLongestChunk);
  chip.input("beeper", true, world.now());
  sleep(700ms);
  EXPECT_LT(chip.last_length, Gpio::kLongestChunk);
  EXPECT_EQ(gpio.edges().size(), 1u);
}

TEST_F(GpioTest, attention_samples_every_millisecond_in_short_chunks) {
  open();
  sleep(10s);
  {
    const Gpio::Attention closely(gpio);
    world.run(gpio.sampled(world.now()), kLimit, "the long chunk to end");
    chip.input("rail", true, world.now() + 12'300us);
    const Instant before = world.now();
    EXPECT_TRUE(
        world.run(gpio.wait_for(gpio.line("rail"), true, kNever), kLimit, "wait"));
    EXPECT_EQ(world.now(), before + 15ms);
    EXPECT_EQ(gpio.edges().back().at, before + 13ms);
  }
  sleep(10s);
  EXPECT_EQ(chip.last_length, Gpio::kLongestChunk);
}

TEST_F(GpioTest, closer_attention_begins_behind_the_chunk_under_way) {
  open();
  const Gpio::Attention far(gpio, 400ms);
  sleep(100ms);
  EXPECT_EQ(chip.last_length, 400ms);
  const Gpio::Attention near(gpio, 10ms);
  chip.input("rail", true, world.now() + 50'300us);
  sleep(1s);
  EXPECT_EQ(chip.last_length, 10ms);
  EXPECT_THAT(gpio.edges(), ElementsAre(Edge{Instant(151ms), gpio.line("rail"), true}));
  EXPECT_THROW(Gpio::Attention(gpio, 1500us), std::invalid_argument);
}

TEST_F(GpioTest, opening_anew_ends_the_waveform_under_way_for_its_caller) {
  open();
  Life other(world, "other");
  bool failed = false;
  other.spawn([](Gpio& g, Gpio::Build build, bool& seen) -> Task<void> {
    try {
      co_await g.run(std::move(build));
    } catch (const RigError&) {
      seen = true;
    }
  }(gpio, pulse("dip", 1s), failed));
  sleep(500ms);
  open();
  sleep(1ms);
  EXPECT_TRUE(failed);
  EXPECT_FALSE(chip.commanded("dip"));
  world.run(gpio.run(pulse("dip", 1ms)), kLimit, "run");
}

TEST_F(GpioTest, a_wait_sees_a_pulse_that_was_over_before_the_chunk_ended) {
  open();
  sleep(5s);
  chip.blink("beeper", world.now() + 10ms, 1, 20ms, 0ms);
  const Instant until = world.now() + 1s;
  EXPECT_TRUE(
      world.run(gpio.wait_for(gpio.line("beeper"), true, until), kLimit, "wait"));
}

TEST_F(GpioTest, a_wait_is_not_answered_by_what_was_over_before_it_began) {
  open();
  chip.blink("beeper", Instant(5s), 1, 100ms, 0ms);
  sleep(5500ms);
  const Instant until = world.now() + 1s;
  EXPECT_FALSE(
      world.run(gpio.wait_for(gpio.line("beeper"), true, until), kLimit, "wait"));
  EXPECT_LE(world.now(), until + Gpio::kWaitedChunk);
}

TEST_F(GpioTest, an_edge_after_the_deadline_comes_too_late) {
  open();
  chip.input("beeper", true, Instant(1001ms));
  EXPECT_FALSE(
      world.run(gpio.wait_for(gpio.line("beeper"), true, Instant(1s)), kLimit, "wait"));
}

TEST_F(GpioTest, a_channel_that_stops_answering_is_an_error_within_the_limit) {
  for (const auto fault : {FakeChip::Fault::no_answer, FakeChip::Fault::write_stalls,
                           FakeChip::Fault::loses_byte}) {
    chip.fault = FakeChip::Fault::none;
    open();
    chip.fault = fault;
    chip.fault_at = chip.exchanges;
    const Instant begun = world.now();
    EXPECT_THROW(
        world.run(gpio.wait_for(gpio.line("rail"), true, kNever), kLimit, "wait"),
        RigError);
    EXPECT_LE(world.now() - begun, Gpio::kAnswerLimit + 2 * Gpio::kShortestChunk);
  }
}

TEST_F(GpioTest, a_failure_while_nobody_waits_is_thrown_by_the_next_call) {
  open();
  chip.fault = FakeChip::Fault::write_fails;
  chip.fault_at = chip.exchanges + 2;
  sleep(1s);
  EXPECT_THROW(gpio.active(0), RigError);
  EXPECT_THROW(world.run(gpio.run(pulse("dip", 1ms)), kLimit, "run"), RigError);
  EXPECT_THROW(world.run(gpio.sampled(world.now()), kLimit, "sampled"), RigError);
}

TEST_F(GpioTest, a_waveform_under_way_fails_with_the_channel) {
  open();
  chip.fault = FakeChip::Fault::no_answer;
  chip.fault_at = chip.exchanges;  // the next one: behind the chunk under way
  try {
    world.run(gpio.run(pulse("dip", 100ms)), kLimit, "run");
    FAIL() << "no error";
  } catch (const RigError& e) {
    EXPECT_THAT(e.what(), HasSubstr("no answer while running a waveform"));
  }
  EXPECT_EQ(world.now(), Instant(20ms + 100ms + Gpio::kAnswerLimit));
}

}  // namespace
}  // namespace lockrig::station
