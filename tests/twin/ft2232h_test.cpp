#include "rig/twin/ft2232h.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include "rig/core/random.hpp"
#include "rig/protocol/waveform.hpp"

namespace lockrig::twin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// 60 MHz / (2 (1 + 29)) = 1 MHz: one clock is one microsecond.
const Bytes k1MHz{0x8a, 0x86, 29, 0};

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Bytes times(int n, const Bytes& unit) {
  Bytes all;
  for (int i = 0; i < n; ++i) all = std::move(all) + unit;
  return all;
}

Task<Bytes> read_until(Ft2232h& chip, std::size_t count, Instant until) {
  Bytes all;
  std::uint8_t buffer[512];
  while (all.size() < count) {
    const ReadResult read = co_await chip.read_some(buffer, until);
    if (read.status != StreamStatus::ok) break;
    all.insert(all.end(), buffer, buffer + read.count);
  }
  co_return all;
}

class Ft2232hTest : public testing::Test {
 protected:
  using Change = std::tuple<Instant, int, int>;  // when, levels, driven

  void SetUp() override {
    chip.watch_outputs([this](std::uint16_t levels, std::uint16_t driven) {
      changes.emplace_back(world.now(), levels, driven);
    });
  }
  void mode(BitMode m) {
    world.run(chip.set_bit_mode(m), 1s, "mode");
    changes.clear();
  }
  StreamStatus write(const Bytes& bytes) {
    return world.run(chip.write(bytes), 1h, "write");
  }
  Bytes read(std::size_t count, Duration within = 1h) {
    return world.run(read_until(chip, count, world.now() + within), 2h, "read");
  }
  /// Everything the chip answers to a stream, and where the clock stands after the last
  /// answer.
  Bytes exchange(const Bytes& bytes, std::size_t count) {
    write(bytes + Bytes{0x87});
    return read(count);
  }
  void pass(Duration time) {
    world.run(world.sleep_for(time, "time"), time + 1s, "pass");
  }

  World world{1};
  Ft2232h chip{world};
  std::vector<Change> changes;
};

/// From nothing to MPSSE at 1 MHz.
class Mpsse : public Ft2232hTest {
 protected:
  void SetUp() override {
    Ft2232hTest::SetUp();
    mode(BitMode::mpsse);
    write(k1MHz);
  }
};

TEST_F(Ft2232hTest, drives_its_uart_outputs_high_from_power_up) {
  EXPECT_EQ(chip.driven(), 0x1915);  // ADBUS0, 2, 4, ACBUS0, 3, 4
  EXPECT_EQ(chip.levels(), 0x1815);
}

TEST_F(Ft2232hTest, entering_mpsse_makes_every_pin_an_input) {
  world.run(chip.set_bit_mode(BitMode::mpsse), 1s, "mode");
  EXPECT_EQ(chip.driven(), 0);
  EXPECT_THAT(changes, ElementsAre(Change{Instant(0s), 0, 0}));
}

TEST_F(Ft2232hTest, reset_and_close_release_the_pins_but_for_the_uart) {
  mode(BitMode::mpsse);
  write({0x80, 0xff, 0xff, 0x82, 0xff, 0xff});
  EXPECT_EQ(chip.driven(), 0xffff);
  mode(BitMode::reset);
  EXPECT_EQ(chip.driven(), Ft2232h::kUartOutputs);
  mode(BitMode::mpsse);
  write({0x80, 0x00, 0xff});
  chip.close();
  EXPECT_EQ(chip.driven(), Ft2232h::kUartOutputs);
  EXPECT_EQ(chip.levels(), Ft2232h::kUartIdle);
}

TEST_F(Ft2232hTest, bytes_outside_mpsse_mode_are_no_commands) {
  EXPECT_EQ(write({0x80, 0xff, 0xff, 0x81}), StreamStatus::ok);
  pass(1s);
  EXPECT_THAT(changes, IsEmpty());
  EXPECT_THAT(read(1, 1ms), IsEmpty());
}

TEST_F(Ft2232hTest, comes_up_with_60_MHz_by_5_and_divisor_0) {
  mode(BitMode::mpsse);
  write({0x8e, 5, 0x81, 0x87});  // 6 clocks of 6 MHz
  EXPECT_EQ(read(1).size(), 1u);
  EXPECT_EQ(world.now(), Instant(1us));
}

TEST_F(Ft2232hTest, leaving_and_entering_mpsse_restores_the_clock) {
  mode(BitMode::mpsse);
  write(k1MHz);
  mode(BitMode::mpsse);
  exchange({0x8e, 5, 0x81}, 1);
  EXPECT_EQ(world.now(), Instant(1us));
}

TEST_F(Ft2232hTest, a_closed_chip_neither_takes_nor_gives) {
  chip.close();
  EXPECT_EQ(write({0x81}), StreamStatus::closed);
  std::uint8_t byte[1];
  EXPECT_EQ(world.run(chip.read_some(byte, kNever), 1s, "read").status,
            StreamStatus::closed);
}

TEST_F(Mpsse, without_its_usb_cable_it_drives_nothing_and_fails) {
  write({0x80, 0xff, 0x02});
  chip.unplug_usb();
  EXPECT_EQ(chip.driven(), 0);
  EXPECT_EQ(write({0x81}), StreamStatus::failed);
  std::uint8_t byte[1];
  EXPECT_EQ(world.run(chip.read_some(byte, kNever), 1s, "read").status,
            StreamStatus::failed);
  chip.replug_usb();
  EXPECT_EQ(chip.driven(), Ft2232h::kUartOutputs);
  EXPECT_EQ(chip.mode(), BitMode::reset);
}

TEST_F(Mpsse, a_read_and_a_write_under_way_fail_when_the_cable_comes_out) {
  std::optional<StreamStatus> reading, writing;
  Life life(world, "host");
  life.spawn([](Ft2232h& of, std::optional<StreamStatus>& to) -> Task<void> {
    std::uint8_t byte[1];
    const ReadResult read = co_await of.read_some(byte, kNever);
    to = read.status;
  }(chip, reading));
  life.spawn([](Ft2232h& of, std::optional<StreamStatus>& to) -> Task<void> {
    const Bytes stuck = Bytes{0x89} + times(5000, {0x8a});
    const ByteView bytes = stuck;
    to = co_await of.write(bytes);
  }(chip, writing));
  pass(1s);
  EXPECT_FALSE(reading || writing);
  chip.unplug_usb();
  pass(1us);
  EXPECT_EQ(reading, StreamStatus::failed);
  EXPECT_EQ(writing, StreamStatus::failed);
}

TEST_F(Ft2232hTest, the_cable_comes_out_at_the_exchange_it_was_told) {
  std::vector<bool> seen;
  chip.watch_usb([&](bool plugged) { seen.push_back(plugged); });
  chip.pull_usb_at(3);
  mode(BitMode::mpsse);
  EXPECT_EQ(write({0x81, 0x87}), StreamStatus::ok);
  EXPECT_EQ(read(1).size(), 1u);
  EXPECT_THAT(seen, IsEmpty());
  EXPECT_EQ(write({0x81, 0x87}), StreamStatus::failed);
  EXPECT_THAT(seen, ElementsAre(false));
  EXPECT_EQ(chip.exchanges(), 3u);
}

TEST_F(Mpsse, sets_pins_only_where_they_are_outputs) {
  write({0x80, 0xff, 0x0a, 0x82, 0x01, 0x81});
  EXPECT_THAT(changes, ElementsAre(Change{Instant(0s), 0x000a, 0x000a},
                                   Change{Instant(0s), 0x010a, 0x810a}));
}

TEST_F(Mpsse, setting_what_is_set_already_is_no_change) {
  write({0x80, 0x02, 0x0a, 0x80, 0xf2, 0x0a, 0x8e, 0, 0x80, 0x02, 0x0a});
  pass(1s);
  EXPECT_EQ(changes.size(), 1u);
}

TEST_F(Mpsse, reads_its_own_outputs_the_wires_and_the_pull_ups) {
  chip.set_input(1, false);
  chip.set_input(9, false);
  EXPECT_THAT(exchange({0x80, 0x00, 0x90, 0x81, 0x83}, 2), ElementsAre(0x6d, 0xfd));
}

TEST_F(Mpsse, an_outside_pull_overrides_the_chips_own) {
  chip.set_input(1, true);
  chip.release_input(1, false);
  EXPECT_THAT(exchange({0x81}, 1), ElementsAre(0xfd));
  write({0x80, 0x02, 0x02});  // a pull is no driver
  EXPECT_EQ(chip.driven(), 0x0002);
}

TEST_F(Mpsse, waits_bits_and_bytes_of_clocks) {
  for (const auto& [command, time] :
       std::vector<std::pair<Bytes, Duration>>{{{0x8e, 0}, 1us},
                                               {{0x8e, 7}, 8us},
                                               {{0x8f, 0, 0}, 8us},
                                               {{0x8f, 9, 0}, 80us},
                                               {{0x8f, 0xff, 0xff}, 524288us}}) {
    const Instant before = world.now();
    EXPECT_EQ(exchange(command + Bytes{0x81}, 1).size(), 1u);
    EXPECT_EQ(world.now() - before, time) << int{command[0]} << " " << int{command[1]};
  }
}

TEST_F(Mpsse, divides_by_5_on_demand) {
  exchange({0x8b, 0x8e, 1, 0x8a, 0x8e, 1, 0x81}, 1);
  EXPECT_EQ(world.now(), Instant(10us + 2us));
}

TEST_F(Mpsse, changes_outputs_at_their_exact_time) {
  write({0x80, 2, 2, 0x8e, 2, 0x80, 0, 2, 0x8f, 1, 0, 0x82, 1, 1, 0x80, 2, 2});
  pass(1s);
  EXPECT_THAT(changes, ElementsAre(Change{Instant(0us), 0x002, 0x002},
                                   Change{Instant(3us), 0x000, 0x002},
                                   Change{Instant(19us), 0x100, 0x102},
                                   Change{Instant(19us), 0x102, 0x102}));
}

// 30 MHz has a period of 33 1/3 ns: adding rounded periods would be 0.5 ms off.
TEST_F(Mpsse, long_waits_do_not_drift) {
  write(Bytes{0x86, 0, 0} + times(3000, {0x8f, 0x87, 0x13, 0x81}) + Bytes{0x8e, 0} +
        Bytes{0x80, 2, 2});
  EXPECT_EQ(read(3000).size(), 3000u);
  pass(1s);
  ASSERT_EQ(changes.size(), 1u);
  const std::int64_t clocks = 3000 * 8 * 0x1388 + 1;
  EXPECT_EQ(std::get<0>(changes[0]), Instant(mpsse::to_duration(2 * clocks)));
  EXPECT_EQ(mpsse::to_duration(2 * clocks), 4'000'000'033ns);
}

TEST_F(Mpsse, samples_see_an_edge_from_its_own_moment_on) {
  chip.set_input(1, false);
  Timer rise(world, "rise", [this] { chip.set_input(1, true); });
  Timer fall(world, "fall", [this] { chip.set_input(1, false); });
  rise.at(Instant(35us));
  fall.at(Instant(70us));
  const Bytes samples = exchange(times(10, {0x8e, 7, 0x8e, 1, 0x81, 0x83}), 20);
  Bytes low;
  for (std::size_t i = 0; i < samples.size(); i += 2) low.push_back(samples[i]);
  EXPECT_THAT(low,
              ElementsAre(0xfd, 0xfd, 0xfd, 0xff, 0xff, 0xff, 0xfd, 0xfd, 0xfd, 0xfd));
  EXPECT_EQ(std::ranges::count(samples, 0xff), 3 + 10);
}

// Random streams and edges, against a chip that goes one command at a time.
TEST_F(Mpsse, a_planned_run_reads_like_one_command_at_a_time) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    Bytes stream;
    std::vector<std::pair<std::int64_t, bool>> reads;  // clocks from the start, high
    std::int64_t clocks = 0;
    for (int unit = 0; unit < 6; ++unit) {
      const auto wait = static_cast<std::uint8_t>(random.below(8));
      const auto waits = random.below(3);
      const auto which = random.below(4);
      const auto count = static_cast<int>(random.below(12));
      for (int i = 0; i < count; ++i) {
        for (std::uint64_t w = 0; w < waits; ++w) {
          stream.insert(stream.end(), {0x8e, wait});
          clocks += wait + 1;
        }
        for (const bool high : {false, true}) {
          if ((which >> (high ? 1 : 0) & 1) == 0) continue;
          stream.push_back(high ? 0x83 : 0x81);
          reads.emplace_back(clocks, high);
        }
      }
    }
    struct Edge {
      Duration at;
      std::uint16_t levels;
    };
    std::vector<Edge> edges;
    for (int i = 0; i < 20; ++i) {
      edges.push_back({Duration(random.below(300'000)),
                       static_cast<std::uint16_t>(random.next() | 0x0101)});
    }
    std::ranges::stable_sort(edges, {}, &Edge::at);
    const Instant start = world.now();
    for (int bit = 0; bit < 16; ++bit) chip.set_input(bit, true);
    std::size_t next = 0;
    Timer wires(world, "wires", [&] {
      const std::uint16_t levels = edges[next].levels;
      for (int bit = 0; bit < 16; ++bit) chip.set_input(bit, levels >> bit & 1);
      if (++next < edges.size()) wires.at(start + edges[next].at);
    });
    wires.at(start + edges[0].at);

    Bytes expected;
    for (const auto& [clock, high] : reads) {
      std::uint16_t levels = 0xffff;
      for (const Edge& edge : edges) {
        if (edge.at <= clock * 1us) levels = edge.levels;
      }
      expected.push_back(static_cast<std::uint8_t>(high ? levels >> 8 : levels));
    }
    EXPECT_EQ(exchange(stream, expected.size()), expected) << "seed " << seed;
    pass(1ms);
  }
}

TEST_F(Mpsse, a_read_that_times_out_in_a_run_gets_what_was_sampled_so_far) {
  write(times(10, {0x8e, 0, 0x81}));
  EXPECT_EQ(read(10, 4500ns).size(), 4u);
  EXPECT_EQ(read(6).size(), 6u);
  EXPECT_EQ(world.now(), Instant(10us));
}

TEST_F(Mpsse, flush_sends_answers_at_its_own_time) {
  write({0x8e, 4, 0x81, 0x87, 0x8f, 0xff, 0xff, 0x81});
  EXPECT_EQ(read(1).size(), 1u);
  EXPECT_EQ(world.now(), Instant(5us));
}

TEST_F(Mpsse, a_bad_opcode_is_named_and_skipped) {
  EXPECT_THAT(exchange({0xaa, 0x81, 0xab}, 5),
              ElementsAre(0xfa, 0xaa, 0xff, 0xfa, 0xab));
}

TEST_F(Mpsse, an_opcode_it_cannot_model_is_refused_aloud) {
  EXPECT_THROW(write({0x96}), std::logic_error);  // adaptive clocking
}

TEST_F(Mpsse, loopback_leaves_the_pins_alone) {
  EXPECT_THAT(exchange({0x84, 0x81, 0x85, 0x81}, 2), ElementsAre(0xff, 0xff));
}

TEST_F(Mpsse, waits_for_the_rest_of_a_command) {
  write({0x80, 0x02});
  pass(1ms);
  EXPECT_THAT(changes, IsEmpty());
  write({0x02});
  EXPECT_THAT(changes, ElementsAre(Change{Instant(1ms), 2, 2}));
}

TEST_F(Mpsse, a_starved_fifo_costs_time) {
  write({0x8e, 9 & 7, 0x80, 2, 2});
  pass(10us);
  write({0x8e, 0, 0x80, 0, 2});
  pass(1ms);
  EXPECT_THAT(changes,
              ElementsAre(Change{Instant(2us), 2, 2}, Change{Instant(11us), 0, 2}));
}

TEST_F(Mpsse, write_waits_until_the_fifo_has_room) {
  // 3 bytes a wait of 8 us: 4096 bytes are queued when 968 waits of 2333 have ended.
  EXPECT_EQ(write(times(2333, {0x8f, 0, 0})), StreamStatus::ok);
  EXPECT_EQ(world.now(), Instant(968 * 8us));
}

TEST_F(Mpsse, a_second_write_waits_for_a_run_that_is_under_way) {
  write(times(1000, {0x8e, 0, 0x8e, 0}));  // 4000 bytes, 2 ms
  EXPECT_EQ(world.now(), Instant(0us));
  write(times(50, {0x8e, 0, 0x8e, 0}));  // 104 too many: 52 waits
  EXPECT_EQ(world.now(), Instant(52us));
}

TEST_F(Mpsse, a_second_write_waits_for_room_among_pulses) {
  write(times(400, {0x8e, 0, 0x80, 2, 2, 0x8e, 0, 0x80, 0, 2}));  // 4000 bytes, 800 us
  EXPECT_EQ(world.now(), Instant(0us));
  // 104 too many: each wait leaves when it ends, the set behind it at once.
  write(times(20, {0x8e, 0, 0x80, 2, 2, 0x8e, 0, 0x80, 0, 2}));
  EXPECT_EQ(world.now(), Instant(21us));
  EXPECT_EQ(changes.size(), 21u);
}

// 30 MHz has a period of 33 1/3 ns.
TEST_F(Mpsse, pulses_do_not_drift) {
  write(Bytes{0x86, 0, 0} + times(1500, {0x8e, 0, 0x80, 2, 2, 0x8e, 0, 0x80, 0, 2}));
  pass(1ms);
  ASSERT_EQ(changes.size(), 3000u);
  EXPECT_EQ(std::get<0>(changes[0]), Instant(33ns));
  EXPECT_EQ(std::get<0>(changes[1]), Instant(67ns));
  EXPECT_EQ(std::get<0>(changes[2999]), Instant(100us));
}

TEST_F(Mpsse, reset_ends_a_wait_in_front_of_a_set) {
  write({0x8f, 9, 0, 0x80, 2, 2});
  pass(10us);
  mode(BitMode::mpsse);
  write(k1MHz + Bytes{0x8e, 0, 0x80, 4, 4});
  pass(1ms);
  EXPECT_THAT(changes, ElementsAre(Change{Instant(11us), 4, 4}));
}

TEST_F(Mpsse, an_edge_in_the_wait_before_a_set_is_read_behind_it) {
  write({0x8f, 9, 0, 0x80, 2, 2, 0x81, 0x87});
  pass(10us);
  chip.set_input(3, false);
  EXPECT_THAT(read(1), ElementsAre(0xf7));
  EXPECT_EQ(world.now(), Instant(80us));
}

TEST_F(Mpsse, a_second_write_waits_for_room_among_samples) {
  write(times(1000, {0x8e, 0, 0x81}));  // 3000 bytes, 1 ms
  write(times(400, {0x8e, 0, 0x81}));   // 104 too many
  EXPECT_EQ(world.now(), Instant(35us));
}

TEST_F(Mpsse, unread_answers_stall_the_engine) {
  const Bytes two = times(1, {0x81, 0x83});
  write(times(1024, two) + times(1024, {0x8e, 0, 0x81, 0x83}) +
        Bytes{0x8e, 0, 0x81, 0x80, 2, 2});
  pass(10ms);
  EXPECT_THAT(changes, IsEmpty());
  EXPECT_EQ(read(4096).size(), 4096u);
  const Instant drained = world.now();
  EXPECT_EQ(read(1).size(), 1u);
  EXPECT_THAT(changes, ElementsAre(Change{drained, 2, 2}));
}

TEST_F(Mpsse, a_reader_that_keeps_up_costs_no_time) {
  Life life(world, "writer");
  const Bytes stream = times(6000, {0x8e, 0, 0x81, 0x83}) + Bytes{0x80, 2, 2};
  life.spawn([](Ft2232h& c, const Bytes& b) -> Task<void> { co_await c.write(b); }(
                                                chip, stream));
  EXPECT_EQ(read(12000).size(), 12000u);
  pass(1ms);
  EXPECT_THAT(changes, ElementsAre(Change{Instant(6ms), 2, 2}));
}

TEST_F(Mpsse, waits_for_gpiol1_to_be_high_or_low) {
  chip.set_input(5, false);
  Timer rise(world, "rise", [this] { chip.set_input(5, true); });
  Timer fall(world, "fall", [this] { chip.set_input(5, false); });
  rise.at(Instant(1234567ns));
  fall.at(Instant(2345678ns));
  write({0x88, 0x80, 2, 2, 0x89, 0x80, 0, 2});
  pass(1s);
  EXPECT_THAT(changes, ElementsAre(Change{Instant(1234567ns), 2, 2},
                                   Change{Instant(2345678ns), 0, 2}));
}

TEST_F(Mpsse, a_wait_for_a_level_that_is_there_fires_at_once) {
  chip.set_input(5, true);
  write({0x88, 0x94, 0x9c, 9, 0, 0x80, 2, 2});
  EXPECT_THAT(changes, ElementsAre(Change{Instant(0s), 2, 2}));
}

TEST_F(Mpsse, while_waiting_for_gpiol1_it_neither_samples_nor_obeys) {
  chip.set_input(5, false);
  write({0x81, 0x88, 0x81});
  EXPECT_EQ(read(1).size(), 1u);
  write({0x80, 2, 2, 0x81});
  EXPECT_THAT(read(1, 1h), IsEmpty());
  EXPECT_THAT(changes, IsEmpty());
}

TEST_F(Mpsse, reset_ends_a_wait_for_gpiol1_and_drops_what_was_queued) {
  chip.set_input(5, false);
  write({0x81, 0x88, 0x80, 2, 2});
  mode(BitMode::reset);
  mode(BitMode::mpsse);
  chip.set_input(5, true);
  pass(1s);
  EXPECT_THAT(changes, IsEmpty());
  EXPECT_THAT(exchange({0x83}, 1), ElementsAre(0xff));
}

TEST_F(Mpsse, reset_in_the_middle_of_a_run_stops_it) {
  write({0x80, 2, 2, 0x8f, 0xff, 0, 0x80, 0, 2});
  pass(1ms);
  mode(BitMode::reset);
  pass(1s);
  EXPECT_THAT(changes, IsEmpty());
}

TEST_F(Mpsse, reset_lets_a_blocked_writer_go) {
  chip.set_input(5, false);
  Timer reset(world, "reset", [this] { chip.close(); });
  reset.at(Instant(1s));
  EXPECT_EQ(write(Bytes{0x88} + times(5000, {0x81})), StreamStatus::closed);
  EXPECT_EQ(world.now(), Instant(1s));
}

TEST_F(Mpsse, clocks_until_gpiol1_in_whole_clocks) {
  chip.set_input(5, false);
  Timer rise(world, "rise", [this] { chip.set_input(5, true); });
  Timer fall(world, "fall", [this] { chip.set_input(5, false); });
  rise.at(Instant(10300ns));
  fall.at(Instant(20us));
  write({0x94, 0x80, 2, 2, 0x95, 0x80, 0, 2});
  pass(1s);
  EXPECT_THAT(changes,
              ElementsAre(Change{Instant(11us), 2, 2}, Change{Instant(20us), 0, 2}));
}

TEST_F(Mpsse, clocks_until_gpiol1_or_a_count) {
  chip.set_input(5, false);
  Timer rise(world, "rise", [this] { chip.set_input(5, true); });
  rise.at(Instant(100us));
  write({0x9c, 4, 0, 0x80, 2, 2,    // 40 clocks, no edge
         0x9c, 9, 0, 0x80, 0, 2,    // until the edge, at 60 of 80
         0x9d, 0, 0, 0x80, 2, 2});  // 8 clocks
  pass(1s);
  EXPECT_THAT(changes,
              ElementsAre(Change{Instant(40us), 2, 2}, Change{Instant(100us), 0, 2},
                          Change{Instant(108us), 2, 2}));
}

TEST_F(Mpsse, refuses_an_output_on_a_wire_that_is_driven) {
  chip.set_input(12, true);
  try {
    write({0x82, 0, 0x10});
    FAIL() << "accepted";
  } catch (const std::logic_error& refusal) {
    EXPECT_THAT(refusal.what(), HasSubstr("ACBUS4"));
  }
}

TEST_F(Mpsse, refuses_a_wire_driven_against_an_output) {
  write({0x80, 0, 0x08});
  try {
    chip.set_input(3, true);
    FAIL() << "accepted";
  } catch (const std::logic_error& refusal) {
    EXPECT_THAT(refusal.what(), HasSubstr("ADBUS3"));
  }
}

TEST_F(Ft2232hTest, tolerates_a_sensor_on_an_idle_uart_output) {
  EXPECT_NO_THROW(chip.set_input(2, false));
  mode(BitMode::mpsse);
  EXPECT_THAT(exchange({0x81}, 1), ElementsAre(0xfb));
}

TEST_F(Mpsse, runs_a_compiled_waveform_in_the_time_it_says) {
  const mpsse::Compiled compiled =
      mpsse::compile(mpsse::Waveform()
                         .set({.value = 2, .direction = 2})
                         .wait(1500us)
                         .sample_every(5ms, 1s)
                         .set({.value = 0, .direction = 2}),
                     mpsse::ChipClock{});
  write(compiled.commands);
  EXPECT_EQ(read(compiled.reply_bytes).size(), 400u);
  EXPECT_EQ(world.now(), Instant(compiled.length));
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(std::get<0>(changes[1]), Instant(1001500us));
}

}  // namespace
}  // namespace lockrig::twin
