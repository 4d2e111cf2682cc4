#include "rig/trial/spec.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "rig/core/random.hpp"

namespace lockrig::trial {
namespace {

using nlohmann::json;

TrialSpec full_spec() {
  TrialSpec spec;
  spec.station = "A1";
  spec.board = "6000i-A";
  spec.defects = {"no-rollback"};
  spec.stimulus = Stimulus::push;
  spec.image = "6000i-2.4.0.img";
  spec.path = Path::portal;
  Cut& first = spec.cuts.emplace_back();
  first.at = 312;
  first.fraction = 0.3;
  Cut& second = spec.cuts.emplace_back();
  second.trigger = Cut::Trigger::event;
  second.event = "power_on";
  second.delay = Duration(1'000'000'001);
  second.off = 250ms;
  second.style = Cut::Style::pull;
  spec.portal_down = 10h;
  spec.unplugged = {"bolt_extended"};
  spec.blind = {"checks_in"};
  spec.counts_from = "stimulus";
  spec.seed = std::numeric_limits<std::uint64_t>::max();
  return spec;
}

std::string refusal(const json& spec) {
  try {
    spec_from_json(spec);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

TEST(TrialSpec, comes_back_from_its_text_unchanged) {
  const TrialSpec spec = full_spec();
  EXPECT_EQ(spec_from_json(json::parse(to_json(spec).dump())), spec);
}

TEST(TrialSpec, every_name_of_every_choice_comes_back) {
  TrialSpec spec = full_spec();
  for (const Stimulus stimulus : {Stimulus::none, Stimulus::push, Stimulus::change_code,
                                  Stimulus::unlock, Stimulus::lock}) {
    spec.stimulus = stimulus;
    EXPECT_EQ(spec_from_json(to_json(spec)), spec);
  }
  for (const Cut::Trigger trigger : {Cut::Trigger::flash_op, Cut::Trigger::bytes,
                                     Cut::Trigger::event, Cut::Trigger::pin}) {
    spec.cuts[0].trigger = trigger;
    EXPECT_EQ(spec_from_json(to_json(spec)), spec);
  }
  EXPECT_EQ(to_json(spec).at("cuts").at(0).at("trigger"), "pin");
}

TEST(TrialSpec, every_sham_comes_back_by_its_name) {
  const std::vector<std::pair<Sham, std::string>> names = {
      {Sham::power, "power"},
      {Sham::portal, "portal"},
      {Sham::code, "code"},
      {Sham::bolt_sensor, "bolt_sensor"},
      {Sham::cut, "cut"}};
  for (const auto& [sham, name] : names) {
    TrialSpec spec = full_spec();
    spec.sham = sham;
    EXPECT_EQ(to_json(spec).at("sham"), name);
    EXPECT_EQ(spec_from_json(to_json(spec)), spec);
  }
}

TEST(TrialSpec, a_trial_without_a_sham_says_nothing_of_it_and_keeps_its_identifier) {
  const TrialSpec spec = full_spec();
  EXPECT_FALSE(to_json(spec).contains("sham"));
  json with_none = to_json(spec);
  with_none["sham"] = "";
  EXPECT_EQ(spec_from_json(with_none), spec);
  TrialSpec other = spec;
  other.sham = Sham::power;
  EXPECT_NE(identifier(other), identifier(spec));
}

TEST(TrialSpec, what_is_left_out_has_its_default) {
  TrialSpec expected;
  expected.station = "A1";
  expected.board = "7000i";
  expected.cuts.emplace_back();
  EXPECT_EQ(spec_from_json({{"station", "A1"},
                            {"board", "7000i"},
                            {"cuts", json::array({json::object()})}}),
            expected);
}

TEST(TrialSpec, a_mistake_is_named_by_its_key) {
  const json good = to_json(full_spec());
  const auto with = [&](const char* pointer, json value) {
    json spec = good;
    spec[json::json_pointer(pointer)] = std::move(value);
    return refusal(spec);
  };
  using testing::HasSubstr;
  EXPECT_EQ(refusal(good), "accepted");
  EXPECT_THAT(with("/sead", 7), HasSubstr("sead: unknown key"));
  EXPECT_THAT(with("/cuts/1/of", 7), HasSubstr("cuts[1].of: unknown key"));
  EXPECT_THAT(with("/seed", "7"), HasSubstr("seed: not a whole number"));
  EXPECT_THAT(with("/seed", -7), HasSubstr("seed: not a whole number"));
  EXPECT_THAT(with("/cuts/0/at", 3.5), HasSubstr("cuts[0].at: not a whole number"));
  EXPECT_THAT(with("/cuts/0/fraction", 1.5),
              HasSubstr("cuts[0].fraction: not between"));
  EXPECT_THAT(with("/cuts/0/fraction", nullptr), HasSubstr("cuts[0].fraction: not a"));
  EXPECT_THAT(with("/cuts/0/off_ns", 1ull << 63),
              HasSubstr("cuts[0].off_ns: too long"));
  EXPECT_THAT(with("/cuts/0", 3), HasSubstr("cuts[0]: not an object"));
  EXPECT_THAT(with("/cuts", 3), HasSubstr("cuts: not a list"));
  EXPECT_THAT(with("/board", 7000), HasSubstr("board: not a text"));
  EXPECT_THAT(with("/blind", "updates"), HasSubstr("blind: not a list"));
  EXPECT_THAT(with("/blind/0", 1), HasSubstr("blind: not a text"));
  EXPECT_THAT(with("/stimulus", "shout"),
              HasSubstr("stimulus: unknown value \"shout\""));
  json without = good;
  without.erase("station");
  EXPECT_THAT(refusal(without), HasSubstr("station: missing"));
  EXPECT_THAT(refusal(json::array()), HasSubstr("not an object"));
}

// Replaying an old run depends on it: the same spec keeps its name for ever.
TEST(Identifier, is_the_first_digits_of_the_hash_of_the_canonical_text) {
  TrialSpec spec;
  spec.station = "A1";
  spec.board = "6000i-A";
  EXPECT_EQ(to_json(spec).dump(),
            R"({"blind":[],"board":"6000i-A","counts_from":"power_on","cuts":[],)"
            R"("defects":[],"image":"","path":"serial","portal_down_ns":0,"seed":0,)"
            R"("station":"A1","stimulus":"none","unplugged":[]})");
  EXPECT_EQ(identifier(spec), "d57bfffb6796");
}

TEST(Identifier, changes_with_every_part_of_the_spec) {
  const std::vector<std::function<void(TrialSpec&)>> changes = {
      [](TrialSpec&) {},
      [](TrialSpec& s) { s.station = "A2"; },
      [](TrialSpec& s) { s.board = "7000i"; },
      [](TrialSpec& s) { s.defects.clear(); },
      [](TrialSpec& s) { s.stimulus = Stimulus::unlock; },
      [](TrialSpec& s) { s.image += "x"; },
      [](TrialSpec& s) { s.path = Path::serial; },
      [](TrialSpec& s) { s.cuts.pop_back(); },
      [](TrialSpec& s) { s.cuts[0].trigger = Cut::Trigger::bytes; },
      [](TrialSpec& s) { ++s.cuts[0].at; },
      [](TrialSpec& s) { s.cuts[0].fraction = 0.7; },
      [](TrialSpec& s) { s.cuts[1].event = "unlock"; },
      [](TrialSpec& s) { s.cuts[1].delay += Duration(1); },
      [](TrialSpec& s) { s.cuts[1].off += Duration(1); },
      [](TrialSpec& s) { s.cuts[1].style = Cut::Style::hard; },
      [](TrialSpec& s) { s.portal_down += Duration(1); },
      [](TrialSpec& s) { s.unplugged.clear(); },
      [](TrialSpec& s) { s.blind.clear(); },
      [](TrialSpec& s) { s.counts_from = "power_on"; },
      [](TrialSpec& s) { --s.seed; },
  };
  std::set<std::string> identifiers;
  for (const auto& change : changes) {
    TrialSpec spec = full_spec();
    change(spec);
    identifiers.insert(identifier(spec));
  }
  EXPECT_EQ(identifiers.size(), changes.size());
}

TEST(Identifier, equal_specs_share_it) {
  TrialSpec zero = full_spec();
  zero.cuts[0].fraction = 0.0;
  TrialSpec minus_zero = zero;
  minus_zero.cuts[0].fraction = -0.0;
  ASSERT_EQ(zero, minus_zero);
  EXPECT_EQ(identifier(zero), identifier(minus_zero));
}

TEST(TrialSeed, comes_from_the_run_and_the_identifier) {
  TrialSpec spec = full_spec();
  spec.defects.clear();
  const std::uint64_t before = trial_seed(spec);
  EXPECT_EQ(before, mix(spec.seed, identifier(spec)));
  spec.cuts[0].at = 313;
  EXPECT_NE(trial_seed(spec), before);
}

TEST(TrialSeed, is_that_of_a_good_lock_whatever_its_defects) {
  TrialSpec bad = full_spec();
  ASSERT_FALSE(bad.defects.empty());
  TrialSpec good = bad;
  good.defects.clear();
  EXPECT_EQ(trial_seed(bad), trial_seed(good));
  EXPECT_NE(identifier(bad), identifier(good));
}

}  // namespace
}  // namespace lockrig::trial
