#include "rig/station/keypad.hpp"

#include "tests/station/rig.hpp"

namespace lockrig::station {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Which contacts were closed from when on.
struct Closed {
  Instant at;
  std::uint16_t contacts;
};

/// A pair of 74HC595 as its data sheet draws it: shifts on the rising clock, stores on
/// the rising latch, drives while the (active low) enable is active.
std::vector<Closed> as_shift_register(const Rig& rig) {
  const auto level = [&](std::uint16_t value, const char* line) {
    return (value & rig.wiring.at(line).mask()) != 0;
  };
  std::vector<Closed> found;
  std::uint16_t before = 0, shift = 0, store = 0, drives = 0;
  Instant data_changed{};
  for (const FakeChip::Output& o : rig.chip.outputs) {
    if (level(before, "keypad_data") != level(o.value, "keypad_data")) {
      data_changed = o.at;
    }
    if (!level(before, "keypad_clock") && level(o.value, "keypad_clock")) {
      EXPECT_GE(o.at - data_changed, 1us) << "data set-up time";
      shift = static_cast<std::uint16_t>(shift << 1 | level(o.value, "keypad_data"));
    }
    if (!level(before, "keypad_latch") && level(o.value, "keypad_latch")) store = shift;
    before = o.value;
    const std::uint16_t now =
        level(o.value, "keypad_enable") ? std::uint16_t{0} : store;
    if (now != drives) found.push_back({o.at, now});
    drives = now;
  }
  return found;
}

/// The 16-way multiplexer: the addressed contact while the (active low) strobe is
/// active.
std::vector<Closed> as_multiplexer(const Rig& rig) {
  std::vector<Closed> found;
  std::uint16_t drives = 0;
  Instant address_changed{};
  int address = 0;
  for (const FakeChip::Output& o : rig.chip.outputs) {
    int now = 0;
    for (int bit = 0; bit < 4; ++bit) {
      const auto& line = rig.wiring.at("key_a" + std::to_string(bit));
      now |= (o.value & line.mask()) != 0 ? 1 << bit : 0;
    }
    if (now != address) address_changed = o.at;
    const bool strobe = (o.value & rig.wiring.at("key_strobe").mask()) == 0;
    EXPECT_TRUE(!strobe || now == address) << "address changed under the strobe";
    address = now;
    const auto closed = static_cast<std::uint16_t>(strobe ? 1 << address : 0);
    if (closed != drives && strobe) {
      EXPECT_GE(o.at - address_changed, 1us);
    }
    if (closed != drives) found.push_back({o.at, closed});
    drives = closed;
  }
  return found;
}

std::vector<Closed> closed(const Rig& rig) {
  return rig.wiring.has("key_strobe") ? as_multiplexer(rig) : as_shift_register(rig);
}

std::vector<std::string> keys(const Rig& rig) {
  std::vector<std::string> found;
  for (const Closed& each : closed(rig)) {
    std::string text;
    for (int code = 0; code < 16; ++code) {
      if (each.contacts >> code & 1) text += std::string(rig.map.key_at(code)) + " ";
    }
    if (!text.empty()) text.pop_back();
    found.push_back(text);
  }
  return found;
}

TEST(Keypad, a_code_presses_its_digits_then_enter_on_either_wiring) {
  for (const char* model : {"6000i", "7000i"}) {
    Rig rig(model);
    rig.run(rig.station.keypad.enter("2580"));
    EXPECT_THAT(keys(rig), ElementsAre("2", "", "5", "", "8", "", "0", "", "enter", ""))
        << model;
    const std::vector<Closed> all = closed(rig);
    for (std::size_t i = 0; i + 1 < all.size(); ++i) {
      const Duration wanted = 80ms;
      EXPECT_GE(all[i + 1].at - all[i].at, wanted) << model << i;
      EXPECT_LE(all[i + 1].at - all[i].at, wanted + 40us) << model << i;
    }
  }
}

TEST(Keypad, types_as_fast_as_it_is_told_to) {
  for (const char* model : {"6000i", "7000i"}) {
    Rig rig(model);
    rig.run(rig.station.keypad.type({"2", "5", "8"}, 30ms, 50ms));
    EXPECT_THAT(keys(rig), ElementsAre("2", "", "5", "", "8", "")) << model;
    const std::vector<Closed> all = closed(rig);
    for (std::size_t i = 0; i + 1 < all.size(); ++i) {
      const Duration wanted = i % 2 == 0 ? 30ms : 50ms;
      EXPECT_GE(all[i + 1].at - all[i].at, wanted) << model << i;
      EXPECT_LE(all[i + 1].at - all[i].at, wanted + 40us) << model << i;
    }
    EXPECT_THROW(rig.run(rig.station.keypad.type({"2"}, 4ms, 50ms)),
                 std::invalid_argument);
    EXPECT_THROW(rig.run(rig.station.keypad.type({"2"}, 30ms, 4ms)),
                 std::invalid_argument);
    EXPECT_THROW(rig.run(rig.station.keypad.type({"2"}, 61s, 50ms)),
                 std::invalid_argument);
  }
}

TEST(Keypad, every_key_closes_the_switch_of_its_board) {
  for (const char* model : {"6000i", "7000i"}) {
    Rig rig(model, true);
    std::vector<std::string> expected;
    for (const auto& [key, code] : rig.map.keys()) {
      rig.run(rig.station.keypad.press(key));
      expected.insert(expected.end(), {key, ""});
    }
    EXPECT_EQ(keys(rig), expected) << model;
  }
}

struct Noted {
  Instant at;
  std::string keys;
};

std::vector<Noted> noted(Rig& rig) {
  std::vector<Noted> found;
  for (const Trace::Event& event : rig.world.trace().events()) {
    if (rig.world.trace().channels()[event.channel] != "A1/keypad") continue;
    found.push_back({event.at, event.data});
  }
  return found;
}

TEST(Keypad, the_trace_names_each_press_when_its_contact_closes) {
  for (const char* model : {"6000i", "7000i"}) {
    Rig rig(model);
    rig.sleep(123us);
    rig.run(rig.station.keypad.enter("25"));
    rig.run(rig.station.keypad.press_with_bounce("1", 5ms, 5, 7));
    const std::vector<Noted> notes = noted(rig);
    const std::vector<Closed> all = closed(rig);
    ASSERT_EQ(notes.size(), 4u) << model;
    const char* const kKeys[] = {"2", "5", "enter", "1"};
    for (std::size_t i = 0; i < notes.size(); ++i) {
      EXPECT_EQ(notes[i].keys, kKeys[i]) << model;
      EXPECT_LE(abs(notes[i].at - all[2 * i].at), 1us) << model << i;
    }
  }
}

TEST(Keypad, a_key_added_to_held_ones_is_noted_alone_and_a_chord_as_one) {
  Rig rig("6000i");
  rig.run(rig.station.keypad.hold("1"));
  rig.run(rig.station.keypad.chord({"9", "enter"}, 200ms));
  rig.run(rig.station.keypad.release_all());
  const std::vector<Noted> notes = noted(rig);
  ASSERT_EQ(notes.size(), 2u);
  EXPECT_EQ(notes[0].keys, "1");
  EXPECT_THAT(notes[1].keys, testing::AnyOf("9 enter", "enter 9"));
}

TEST(Keypad, the_lines_that_choose_a_key_are_not_traced_but_its_gate_is) {
  for (const char* model : {"6000i", "7000i"}) {
    Rig rig(model);
    rig.run(rig.station.keypad.press("5"));
    int gate = 0;
    for (const Trace::Event& event : rig.world.trace().events()) {
      const std::string& name = rig.world.trace().channels()[event.channel];
      if (name == "A1/keypad_enable" || name == "A1/key_strobe") ++gate;
      EXPECT_THAT(name, testing::Not(testing::AnyOf(
                            HasSubstr("keypad_data"), HasSubstr("keypad_clock"),
                            HasSubstr("keypad_latch"), HasSubstr("key_a"))));
    }
    EXPECT_EQ(gate, 3) << model;  // as it was found, closed, opened
  }
}

TEST(Keypad, a_gap_is_kept_between_two_calls) {
  Rig rig("6000i");
  rig.run([](Rig& r) -> Task<void> {
    const Gpio::Attention closely(r.station.gpio);
    co_await r.station.keypad.press("1", 30ms);
    co_await r.station.keypad.press("1", 30ms);
  }(rig));
  const std::vector<Closed> all = closed(rig);
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[1].at - all[0].at, 30ms);
  EXPECT_GE(all[2].at - all[1].at, 80ms);
}

TEST(Keypad, a_chord_closes_all_its_keys_at_once) {
  Rig rig("6000i");
  rig.run(rig.station.keypad.chord({"1", "9", "enter"}, 200ms));
  EXPECT_THAT(keys(rig), ElementsAre("1 9 enter", ""));
}

TEST(Keypad, a_multiplexed_keypad_refuses_chords) {
  Rig rig("7000i");
  EXPECT_THROW(rig.run(rig.station.keypad.chord({"1", "9"}, 200ms)),
               std::invalid_argument);
  rig.run(rig.station.keypad.hold("1"));
  EXPECT_THROW(rig.run(rig.station.keypad.press("9")), std::invalid_argument);
  EXPECT_THAT(keys(rig), ElementsAre("1"));
}

TEST(Keypad, a_held_key_stays_closed_while_others_are_pressed) {
  Rig rig("6000i");
  rig.run(rig.station.keypad.hold("4"));
  rig.run(rig.station.keypad.press("7"));
  rig.run(rig.station.keypad.release_all());
  EXPECT_THAT(keys(rig), ElementsAre("4", "4 7", "4", ""));
}

TEST(Keypad, an_unknown_key_is_refused_with_a_list_of_those_there_are) {
  Rig rig("6000i");
  try {
    rig.run(rig.station.keypad.enter("25x0"));
    FAIL() << "no error";
  } catch (const std::invalid_argument& e) {
    EXPECT_THAT(e.what(), HasSubstr("no key 'x'; there are 1 2 3"));
    EXPECT_THAT(e.what(), HasSubstr("enter lock"));
  }
  EXPECT_THAT(keys(rig), ElementsAre());
}

TEST(Keypad, the_reset_key_is_refused_while_its_interlock_is_open) {
  Rig rig("6000i");
  EXPECT_THROW(rig.run(rig.station.keypad.press("R")), std::invalid_argument);
}

TEST(Keypad, a_bounce_is_the_same_for_the_same_seed_and_ends_pressed_and_released) {
  for (const char* model : {"6000i", "7000i"}) {
    Rig first(model), second(model), other(model);
    first.run(first.station.keypad.press_with_bounce("3", 5ms, 7, 42));
    second.run(second.station.keypad.press_with_bounce("3", 5ms, 7, 42));
    other.run(other.station.keypad.press_with_bounce("3", 5ms, 7, 43));
    const auto times = [](const Rig& rig) {
      std::vector<Instant> all;
      for (const Closed& each : closed(rig)) all.push_back(each.at);
      return all;
    };
    EXPECT_EQ(times(first), times(second));
    EXPECT_NE(times(first), times(other));

    const std::vector<Closed> all = closed(first);
    ASSERT_EQ(all.size(), 14u);
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(all[i].contacts, i % 2 == 0 ? 1 << first.map.code("3") : 0);
    }
    EXPECT_LT(all[6].at - all[0].at, 5ms);
    EXPECT_LT(all[13].at - all[7].at, 5ms);
    EXPECT_GE(all[7].at - all[6].at, 80ms);
    EXPECT_LE(all[7].at - all[6].at, 90ms);
  }
}

TEST(Keypad, a_bounce_that_cannot_be_is_refused) {
  Rig rig("6000i");
  EXPECT_THROW(rig.run(rig.station.keypad.press_with_bounce("3", 5ms, 6, 1)),
               std::invalid_argument);
  EXPECT_THROW(rig.run(rig.station.keypad.press_with_bounce("3", 6us, 7, 1)),
               std::invalid_argument);
  rig.run(rig.station.keypad.press_with_bounce("3", 7us, 7, 1));
  rig.run(rig.station.keypad.hold("1"));
  EXPECT_THROW(rig.run(rig.station.keypad.press_with_bounce("3", 5ms, 7, 1)),
               std::invalid_argument);
}

TEST(Keypad, a_key_that_nobody_releases_is_let_go_by_the_chip) {
  for (const char* model : {"6000i", "7000i"}) {
    Rig rig(model);
    rig.run(rig.station.keypad.hold("5"));
    const Instant closed_at = closed(rig).back().at;
    EXPECT_EQ(rig.chip.dead_man_due, closed_at + Keypad::kDriveMax);
    rig.run(rig.station.power.on());  // other lines of the same byte change
    rig.sleep(59s);
    EXPECT_THAT(keys(rig), ElementsAre("5"));
    rig.sleep(3s);
    EXPECT_THAT(keys(rig), ElementsAre("5", "")) << model;
    EXPECT_LE(closed(rig).back().at, closed_at + 61s);
    EXPECT_TRUE(rig.chip.commanded("power"));
    rig.run(rig.station.power.off(Power::Style::hard));
    try {
      rig.run(rig.station.keypad.press("1"));
      FAIL() << "no error";
    } catch (const RigError& e) {
      EXPECT_THAT(e.what(), HasSubstr("station A1, keypad: key 5 was driven longer "
                                      "than 60 s and was released"));
    }
    rig.run(rig.station.keypad.press("1"));
    EXPECT_THAT(keys(rig), ElementsAre("5", "", "1", ""));
  }
}

TEST(Keypad, a_key_that_is_released_in_time_is_no_business_of_the_dead_man) {
  Rig rig("6000i");
  rig.run(rig.station.keypad.hold("5"));
  rig.run(rig.station.keypad.press("7"));
  EXPECT_FALSE(rig.chip.dead_man_commands.empty());
  rig.run(rig.station.keypad.release_all());
  EXPECT_TRUE(rig.chip.dead_man_commands.empty());
  for (int i = 0; i < 3; ++i) rig.sleep(50s);
  rig.run(rig.station.keypad.hold("5"));
  EXPECT_FALSE(rig.chip.dead_man_commands.empty());
  rig.run(rig.station.power.off(Power::Style::hard));
  EXPECT_TRUE(rig.chip.dead_man_commands.empty());
}

TEST(Keypad, a_press_longer_than_the_maximum_is_refused) {
  Rig rig("6000i");
  EXPECT_THROW(rig.run(rig.station.keypad.press("1", 61s)), std::invalid_argument);
  EXPECT_THROW(rig.run(rig.station.keypad.chord({"1", "9"}, 61s)),
               std::invalid_argument);
  EXPECT_THAT(keys(rig), ElementsAre());
}

}  // namespace
}  // namespace lockrig::station
