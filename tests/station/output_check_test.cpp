#include "rig/station/output_check.hpp"

#include "tests/station/rig.hpp"

namespace lockrig::station {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct OutputCheck : testing::TestWithParam<const char*> {
  Rig rig{GetParam()};
  Gpio& gpio = rig.station.gpio;
};

TEST_P(OutputCheck, drives_all_but_power_to_both_levels_and_leaves_them_as_they_were) {
  rig.chip.outputs.clear();
  EXPECT_THAT(rig.run(drive_outputs(gpio)), IsEmpty());
  for (const mpsse::Line& line : rig.wiring.lines()) {
    if (!line.output) continue;
    EXPECT_EQ(rig.chip.times(line.name, true).empty(), line.name == "power")
        << line.name;
    EXPECT_FALSE(rig.chip.commanded(line.name)) << line.name;
  }
}

TEST_P(OutputCheck, closes_key_switches_only_behind_the_isolator_and_for_a_moment) {
  const bool multiplexed = rig.wiring.has("key_strobe");
  const char* const gate = multiplexed ? "key_strobe" : "keypad_enable";
  rig.run(drive_outputs(gpio));
  const auto closed = rig.chip.times(gate, true);
  const auto opened = rig.chip.times(gate, false);
  ASSERT_EQ(closed.size(), 1u);
  ASSERT_EQ(opened.size(), 1u);
  EXPECT_EQ(opened[0] - closed[0], 100us);
  EXPECT_TRUE(rig.chip.was("isolate", closed[0]));
  EXPECT_TRUE(rig.chip.was("isolate", opened[0]));
}

TEST_P(OutputCheck, names_what_is_held_and_how_it_was_driven) {
  const int discharge = gpio.line("discharge");
  rig.chip.shorted_low = rig.wiring.at("discharge").mask();
  EXPECT_THAT(rig.run(drive_outputs(gpio)), ElementsAre(HeldOutput{discharge, true}));
}

TEST_P(OutputCheck, looks_at_outputs_as_they_stand_without_touching_them) {
  rig.run(rig.station.power.on());
  rig.chip.outputs.clear();
  EXPECT_THAT(rig.run(read_outputs(gpio)), IsEmpty());
  rig.chip.shorted_low = rig.wiring.at("power").mask();
  EXPECT_THAT(rig.run(read_outputs(gpio)),
              ElementsAre(HeldOutput{gpio.line("power"), true}));
  EXPECT_THAT(rig.chip.outputs, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Models, OutputCheck, testing::Values("6000i", "7000i"));

}  // namespace
}  // namespace lockrig::station
