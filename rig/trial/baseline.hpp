// The known state that trials start from: a lock that its owner has set up, through
// the keypad, as an owner would.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

#include "rig/lock/banner.hpp"
#include "rig/trial/hand.hpp"
#include "rig/trial/rig.hpp"

namespace lockrig::trial {

/// The codes that the rig gives a lock: different for every unit, from its serial.
struct OwnerCodes {
  std::string user;
  std::string programming;
};
OwnerCodes owner_codes(const std::string& serial);
/// The same, or those on its slip where the lock is to keep them.
OwnerCodes owner_codes(const LockFacts& facts);

/// How a board started: its own words, where it has a console.
struct StartUp {
  Duration took;
  std::optional<lock::Banner> banner;
};

/// Waits for the next start of a board that has power: the banner, or without a console
/// the start-up signal. Empty if none comes by `until`; `took` counts from the call.
Task<std::optional<StartUp>> started_by(Rig& rig, Instant until);

/// Powers a station on and waits until its firmware runs: the banner, or without a
/// console the start-up signal. Empty where it never did.
Task<std::optional<StartUp>> power_up(Rig& rig);

/// What the lock says of itself once no trial of an image is under way; empty where it
/// does not say.
Task<std::optional<lock::State>> settled(Rig& rig, Duration within);

/// The log as far as the rig could read it, and the rest of what a lock must keep.
Task<Known> look(Rig& rig, OwnerCodes codes);

/// Sets a factory-fresh lock up, waits for its first check-in and switches it off.
/// Throws RigError where the lock does not do as its manual says: without a baseline
/// nothing can be judged.
Task<Snapshot> set_up_lock(Rig& rig);

/// Baselines of a bench, each made once; one that could not be made (RigError) is tried
/// again when it is asked for again. May be asked from any thread.
class Baselines {
 public:
  explicit Baselines(Bench& bench) : bench_(bench) {}

  std::shared_ptr<const Snapshot> get(const std::string& station,
                                      const std::vector<std::string>& defects);

  /// From now on trials of this station begin here: where the last one left it.
  void go_on(const std::string& station, const std::vector<std::string>& defects,
             Snapshot from);

 private:
  Bench& bench_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::vector<std::string>>,
           std::shared_ptr<const Snapshot>>
      made_;
};

}  // namespace lockrig::trial
