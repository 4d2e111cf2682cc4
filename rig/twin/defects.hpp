// The faults that are seeded in a twin, each at one named branch point.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace lockrig::twin {

/// Every defect there is, with what is wrong; fixtures/defects.csv names the precedent
/// and the cases that must catch each.
inline constexpr std::string_view kLockstate2017 = "lockstate-2017";
inline constexpr std::string_view kNoRollback = "no-rollback";
inline constexpr std::string_view kSharedCodes = "shared-codes";
inline constexpr std::string_view kNoReconnect = "no-reconnect";
inline constexpr std::string_view kTornSettings = "torn-settings";
inline constexpr std::string_view kNoDebounce = "no-debounce";
inline constexpr std::string_view kChordIsAKey = "chord-is-a-key";
inline constexpr std::string_view kGhostKey = "ghost-key";
inline constexpr std::string_view kEntryNeverForgotten = "entry-never-forgotten";
inline constexpr std::string_view kPrefixOpens = "prefix-opens";
inline constexpr std::string_view kSlidingWindow = "sliding-window";
inline constexpr std::string_view kLongEntryCrashes = "long-entry-crashes";
inline constexpr std::string_view kDeadAfterHold = "dead-after-hold";
inline constexpr std::string_view kStuckKeyBlocks = "stuck-key-blocks";
inline constexpr std::string_view kStuckKeyUntold = "stuck-key-untold";
inline constexpr std::string_view kMuteIsDark = "mute-is-dark";
inline constexpr std::string_view kFailureLooksDone = "failure-looks-done";
inline constexpr std::string_view kNoLockOut = "no-lock-out";
inline constexpr std::string_view kLockOutForgotten = "lock-out-forgotten";
inline constexpr std::string_view kWrongCodesForgotten = "wrong-codes-forgotten";
inline constexpr std::string_view kCountsAfterSignal = "counts-after-signal";
inline constexpr std::string_view kLockOutForEver = "lock-out-for-ever";
inline constexpr std::string_view kRightCodeEndsLockOut = "right-code-ends-lock-out";
inline constexpr std::string_view kTriesProlong = "tries-prolong-lock-out";
inline constexpr std::string_view kNeverForgives = "right-code-never-forgives";
inline constexpr std::string_view kLockOutHints = "lock-out-hints";
inline constexpr std::string_view kAnswerTellsDigits = "answer-tells-digits";
inline constexpr std::string_view kLockOutUnlogged = "lock-out-unlogged";
inline constexpr std::string_view kHammers = "hammers";
inline constexpr std::string_view kNoJitter = "no-jitter";
inline constexpr std::string_view kGivesUp = "gives-up";
inline constexpr std::string_view kNeedsPortal = "needs-portal";
inline constexpr std::string_view kOutageUntold = "outage-untold";
inline constexpr std::string_view kUploadsAFew = "uploads-a-few";
inline constexpr std::string_view kStaleUnlock = "stale-unlock";
inline constexpr std::string_view kPortalOpensUnowned = "portal-opens-unowned";
inline constexpr std::string_view kGarbageCrashes = "garbage-crashes";
inline constexpr std::string_view kGarbageSilences = "garbage-silences";
inline constexpr std::string_view kOldCodeOpens = "old-code-opens";
inline constexpr std::string_view kNewCodeNeedsRestart = "new-code-needs-restart";
inline constexpr std::string_view kDeletedCodeOpens = "deleted-code-opens";
inline constexpr std::string_view kOldProgrammingCode = "old-programming-code";
inline constexpr std::string_view kPresetsTaken = "presets-taken";
inline constexpr std::string_view kHalfSetUp = "half-set-up";
inline constexpr std::string_view kWeakCodesTaken = "weak-codes-taken";
inline constexpr std::string_view kUserCodePrograms = "user-code-programs";
inline constexpr std::string_view kUpdateResetsCodes = "update-resets-codes";
inline constexpr std::string_view kBatteryUnsaid = "battery-unsaid";
inline constexpr std::string_view kOneBatteryWarning = "one-battery-warning";
inline constexpr std::string_view kBatteryUntold = "battery-untold";
inline constexpr std::string_view kMotorOnFlatBattery = "motor-on-flat-battery";
inline constexpr std::string_view kNeverRelocks = "never-relocks";
inline constexpr std::string_view kRelocksLate = "relocks-late";
inline constexpr std::string_view kRelockForgotten = "relock-forgotten";
inline constexpr std::string_view kOpensAtPowerUp = "opens-at-power-up";
inline constexpr std::string_view kNoStallLimit = "no-stall-limit";
inline constexpr std::string_view kJamIsSuccess = "jam-is-success";
inline constexpr std::string_view kJamUntold = "jam-untold";
inline constexpr std::string_view kRetriesForEver = "retries-for-ever";
inline constexpr std::string_view kBacksOffOpen = "backs-off-open";
inline constexpr std::string_view kReportsTheWish = "reports-the-wish";
inline constexpr std::string_view kWrongCodesUnlogged = "wrong-codes-unlogged";
inline constexpr std::string_view kOpeningUnlogged = "opening-unlogged";
inline constexpr std::string_view kRestartsUnlogged = "restarts-unlogged";
inline constexpr std::string_view kLogHoldsCodes = "log-holds-codes";
inline constexpr std::string_view kUpdatesOnLowBattery = "updates-on-low-battery";
inline constexpr std::string_view kLogStops = "log-stops-when-full";

/// The defects of one unit. Firmware asks at each branch point, and the asking is
/// noted: a run that never consulted a defect is the same with and without it.
class Defects {
 public:
  Defects() = default;
  /// Throws std::invalid_argument that lists the names there are.
  explicit Defects(const std::vector<std::string>& names);

  bool has(std::string_view name) const {
    consulted_.insert(name);
    return seeded_.contains(name);
  }
  const std::set<std::string_view>& consulted() const { return consulted_; }

 private:
  std::set<std::string, std::less<>> seeded_;
  mutable std::set<std::string_view> consulted_;
};

}  // namespace lockrig::twin
