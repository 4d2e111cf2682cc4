// A trial as a plain value, and what came of it. Sweeping, replaying, shrinking and
// resuming only make or filter specs.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "rig/core/units.hpp"
#include "rig/trial/consulted.hpp"
#include "rig/trial/cut.hpp"
#include "rig/trial/verdict.hpp"

namespace lockrig::trial {

/// How an image reaches the lock.
enum class Path { serial, portal };

/// What is done to the lock.
enum class Stimulus {
  none,
  push,                     // an image by serial or portal
  change_code,              // the user code, by keypad
  unlock,                   // a right code at the keypad
  lock,                     // a right code at the keypad of an open lock
  sync,                     // a contact with the portal, asked for at the keypad
  change_programming_code,  // by keypad
  recover,                  // an image by the boot loader's serial recovery
  factory_reset,            // the key R after power-up
};

/// What the rig withholds from the lock or from its own judgement, after the fault: a
/// trial whose verdict is known in advance. On any bench they show that the rig would
/// see such a thing.
enum class Sham {
  none,
  power,        // the power switch stays open: bricked
  portal,       // the portal stays unreachable: degraded
  code,         // another code than the right one is typed: bricked
  bolt_sensor,  // the sensor bolt_retracted reads open: inconclusive
  cut,          // no cut is made: inconclusive
};

struct TrialSpec {
  std::string station;
  std::string board;                 // "6000i-A"
  std::vector<std::string> defects;  // of a twin; none on hardware
  Stimulus stimulus = Stimulus::none;
  std::string image;  // name in the run's image library, when pushed
  Path path = Path::serial;
  std::vector<Cut> cuts;
  Duration portal_down{};                // from the stimulus on
  std::vector<std::string> unplugged;    // wires pulled before the stimulus
  std::vector<std::string> blind;        // questions the oracle must not ask
  std::string counts_from = "power_on";  // flash_op counts from: "stimulus" or
                                         // "power_on"
  std::uint64_t seed = 0;                // of the run
  Sham sham = Sham::none;
  /// Tells trials apart that are alike: 0 is the first.
  std::uint64_t repeat = 0;

  bool operator==(const TrialSpec&) const = default;
};

/// "sham", "repeat" and what only chatter needs are left out where there is none, so
/// that every other trial keeps its identifier.
nlohmann::json to_json(const TrialSpec& spec);
/// Throws std::invalid_argument that names the key.
TrialSpec spec_from_json(const nlohmann::json& json);

/// Twelve hexadecimal digits of the spec's hash.
std::string identifier(const TrialSpec& spec);
/// That of the same trial with a golden lock. What the world of a trial knows it by: a
/// known-bad twin meets just what a golden one met.
std::string golden_identifier(const TrialSpec& spec);
/// The trial's own seed: from the run's and the golden identifier, never from the
/// order. `identifier` is the spec's, for whoever has it already: it costs a hash.
std::uint64_t trial_seed(const TrialSpec& spec);
std::uint64_t trial_seed(const TrialSpec& spec, const std::string& identifier);

struct TrialRecord {
  std::string id;
  TrialSpec spec;
  Verdict verdict = Verdict::inconclusive;
  std::vector<Answer> answers;
  std::vector<CutEvidence> cuts;
  std::string phase;      // of the first cut: "swap", "revert", ...
  std::string operation;  // "erase slot0", "" where not known
  std::string note;       // the rig's error, when inconclusive; else what was observed
  /// What the stimulus met, for a case's own expectation: "accepted", "refusal",
  /// "slot_writes", "served", "version". Not part of the journal but as the note.
  std::map<std::string, std::string> observed;
  std::string trace_hash;
  double simulated_s = 0;
  bool forked = false;    // judged from a forked Durable
  bool checked = false;   // also run whole, and agreed
  bool recalled = false;  // not run: an earlier run of the sweep has it
  /// By the baseline, too; of a forked trial, by what followed the cut. Not journalled.
  Consulted consulted;
};

}  // namespace lockrig::trial
