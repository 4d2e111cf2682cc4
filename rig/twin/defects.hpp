// The faults that are seeded in a twin, each at one named branch point.
#pragma once

#include <bitset>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace lockrig::twin {

// Every defect there is. fixtures/defects.csv says what is wrong, the precedent, and
// the cases that must catch it; by its areas, one a line and in order within each.

// update
inline constexpr std::string_view kAcceptsDevelopmentKey = "accepts-development-key";
inline constexpr std::string_view kAcceptsDowngrade = "accepts-downgrade";
inline constexpr std::string_view kAcceptsUnsigned = "accepts-unsigned";
inline constexpr std::string_view kConfirmsAtOnce = "confirms-at-once";
inline constexpr std::string_view kConfirmsInRam = "confirms-in-ram";
inline constexpr std::string_view kErasesBeforeChecking = "erases-before-checking";
inline constexpr std::string_view kIgnoresDigest = "ignores-digest";
inline constexpr std::string_view kIgnoresRevision = "ignores-revision";
inline constexpr std::string_view kLockstate2017 = "lockstate-2017";
inline constexpr std::string_view kSerialPathUnchecked = "serial-path-unchecked";
inline constexpr std::string_view kStagesOverItself = "stages-over-itself";

// boot
inline constexpr std::string_view kCopyDoneFirst = "copy-done-first";
inline constexpr std::string_view kMcuboot1592 = "mcuboot-1592";
inline constexpr std::string_view kMcuboot1966 = "mcuboot-1966";
inline constexpr std::string_view kMcuboot2109 = "mcuboot-2109";
inline constexpr std::string_view kMcuboot480 = "mcuboot-480";
inline constexpr std::string_view kNoRollback = "no-rollback";
inline constexpr std::string_view kNoWatchdog = "no-watchdog";
inline constexpr std::string_view kRecoveryUnchecked = "recovery-unchecked";
inline constexpr std::string_view kSwapProgressDropped = "swap-progress-dropped";

// power
inline constexpr std::string_view kBoltResumesAfterCut = "bolt-resumes-after-cut";
inline constexpr std::string_view kBootsInAByte = "boots-in-a-byte";
inline constexpr std::string_view kBootsNotCounted = "boots-not-counted";
inline constexpr std::string_view kHangsAfterDip = "hangs-after-dip";

// storage
inline constexpr std::string_view kCodesLostAtUpdate = "codes-lost-at-update";
inline constexpr std::string_view kFactoryResetHalf = "factory-reset-half";
inline constexpr std::string_view kLogRestartsSequence = "log-restarts-sequence";
inline constexpr std::string_view kLogTailNotVoided = "log-tail-not-voided";
inline constexpr std::string_view kSettingsCountedEarly = "settings-counted-early";
inline constexpr std::string_view kSettingsMovedInPlace = "settings-moved-in-place";
inline constexpr std::string_view kTornSettings = "torn-settings";

// keypad
inline constexpr std::string_view kChordIsAKey = "chord-is-a-key";
inline constexpr std::string_view kDeadAfterHold = "dead-after-hold";
inline constexpr std::string_view kEntryNeverForgotten = "entry-never-forgotten";
inline constexpr std::string_view kFailureLooksDone = "failure-looks-done";
inline constexpr std::string_view kGhostKey = "ghost-key";
inline constexpr std::string_view kLongEntryCrashes = "long-entry-crashes";
inline constexpr std::string_view kMuteIsDark = "mute-is-dark";
inline constexpr std::string_view kNoDebounce = "no-debounce";
inline constexpr std::string_view kPrefixOpens = "prefix-opens";
inline constexpr std::string_view kSlidingWindow = "sliding-window";
inline constexpr std::string_view kStuckKeyBlocks = "stuck-key-blocks";
inline constexpr std::string_view kStuckKeyUntold = "stuck-key-untold";

// lock-out
inline constexpr std::string_view kAnswerTellsDigits = "answer-tells-digits";
inline constexpr std::string_view kCountsAfterSignal = "counts-after-signal";
inline constexpr std::string_view kLockOutForEver = "lock-out-for-ever";
inline constexpr std::string_view kLockOutForgotten = "lock-out-forgotten";
inline constexpr std::string_view kLockOutHints = "lock-out-hints";
inline constexpr std::string_view kLockOutUnlogged = "lock-out-unlogged";
inline constexpr std::string_view kNoLockOut = "no-lock-out";
inline constexpr std::string_view kRightCodeEndsLockOut = "right-code-ends-lock-out";
inline constexpr std::string_view kNeverForgives = "right-code-never-forgives";
inline constexpr std::string_view kTriesProlong = "tries-prolong-lock-out";
inline constexpr std::string_view kWrongCodesForgotten = "wrong-codes-forgotten";

// network
inline constexpr std::string_view kGarbageCrashes = "garbage-crashes";
inline constexpr std::string_view kGarbageSilences = "garbage-silences";
inline constexpr std::string_view kGivesUp = "gives-up";
inline constexpr std::string_view kHammers = "hammers";
inline constexpr std::string_view kNeedsPortal = "needs-portal";
inline constexpr std::string_view kNoJitter = "no-jitter";
inline constexpr std::string_view kNoReconnect = "no-reconnect";
inline constexpr std::string_view kOutageUntold = "outage-untold";
inline constexpr std::string_view kPortalOpensUnowned = "portal-opens-unowned";
inline constexpr std::string_view kStaleUnlock = "stale-unlock";

// credentials
inline constexpr std::string_view kDeletedCodeOpens = "deleted-code-opens";
inline constexpr std::string_view kHalfSetUp = "half-set-up";
inline constexpr std::string_view kNewCodeNeedsRestart = "new-code-needs-restart";
inline constexpr std::string_view kOldCodeOpens = "old-code-opens";
inline constexpr std::string_view kOldProgrammingCode = "old-programming-code";
inline constexpr std::string_view kOpenServicePort = "open-service-port";
inline constexpr std::string_view kPresetsTaken = "presets-taken";
inline constexpr std::string_view kResetAtATouch = "reset-at-a-touch";
inline constexpr std::string_view kResetKeepsGuests = "reset-keeps-guests";
inline constexpr std::string_view kResetToPresets = "reset-to-presets";
inline constexpr std::string_view kSharedCodes = "shared-codes";
inline constexpr std::string_view kUpdateResetsCodes = "update-resets-codes";
inline constexpr std::string_view kUserCodePrograms = "user-code-programs";
inline constexpr std::string_view kWeakCodesTaken = "weak-codes-taken";

// battery
inline constexpr std::string_view kBatteryUnsaid = "battery-unsaid";
inline constexpr std::string_view kBatteryUntold = "battery-untold";
inline constexpr std::string_view kMotorOnFlatBattery = "motor-on-flat-battery";
inline constexpr std::string_view kOneBatteryWarning = "one-battery-warning";
inline constexpr std::string_view kUpdatesOnLowBattery = "updates-on-low-battery";

// bolt
inline constexpr std::string_view kBacksOffOpen = "backs-off-open";
inline constexpr std::string_view kJamIsSuccess = "jam-is-success";
inline constexpr std::string_view kJamUntold = "jam-untold";
inline constexpr std::string_view kNeverRelocks = "never-relocks";
inline constexpr std::string_view kNoStallLimit = "no-stall-limit";
inline constexpr std::string_view kRelockForgotten = "relock-forgotten";
inline constexpr std::string_view kRelocksLate = "relocks-late";
inline constexpr std::string_view kReportsTheWish = "reports-the-wish";
inline constexpr std::string_view kRetriesForEver = "retries-for-ever";

// log
inline constexpr std::string_view kLogHoldsCodes = "log-holds-codes";
inline constexpr std::string_view kLogStops = "log-stops-when-full";
inline constexpr std::string_view kOpeningUnlogged = "opening-unlogged";
inline constexpr std::string_view kRestartsUnlogged = "restarts-unlogged";
inline constexpr std::string_view kUploadsAFew = "uploads-a-few";
inline constexpr std::string_view kWrongCodesUnlogged = "wrong-codes-unlogged";

inline constexpr std::string_view kAll[] = {
    // update
    kAcceptsDevelopmentKey,
    kAcceptsDowngrade,
    kAcceptsUnsigned,
    kConfirmsAtOnce,
    kConfirmsInRam,
    kErasesBeforeChecking,
    kIgnoresDigest,
    kIgnoresRevision,
    kLockstate2017,
    kSerialPathUnchecked,
    kStagesOverItself,
    // boot
    kCopyDoneFirst,
    kMcuboot1592,
    kMcuboot1966,
    kMcuboot2109,
    kMcuboot480,
    kNoRollback,
    kNoWatchdog,
    kRecoveryUnchecked,
    kSwapProgressDropped,
    // power
    kBoltResumesAfterCut,
    kBootsInAByte,
    kBootsNotCounted,
    kHangsAfterDip,
    // storage
    kCodesLostAtUpdate,
    kFactoryResetHalf,
    kLogRestartsSequence,
    kLogTailNotVoided,
    kSettingsCountedEarly,
    kSettingsMovedInPlace,
    kTornSettings,
    // keypad
    kChordIsAKey,
    kDeadAfterHold,
    kEntryNeverForgotten,
    kFailureLooksDone,
    kGhostKey,
    kLongEntryCrashes,
    kMuteIsDark,
    kNoDebounce,
    kPrefixOpens,
    kSlidingWindow,
    kStuckKeyBlocks,
    kStuckKeyUntold,
    // lock-out
    kAnswerTellsDigits,
    kCountsAfterSignal,
    kLockOutForEver,
    kLockOutForgotten,
    kLockOutHints,
    kLockOutUnlogged,
    kNoLockOut,
    kRightCodeEndsLockOut,
    kNeverForgives,
    kTriesProlong,
    kWrongCodesForgotten,
    // network
    kGarbageCrashes,
    kGarbageSilences,
    kGivesUp,
    kHammers,
    kNeedsPortal,
    kNoJitter,
    kNoReconnect,
    kOutageUntold,
    kPortalOpensUnowned,
    kStaleUnlock,
    // credentials
    kDeletedCodeOpens,
    kHalfSetUp,
    kNewCodeNeedsRestart,
    kOldCodeOpens,
    kOldProgrammingCode,
    kOpenServicePort,
    kPresetsTaken,
    kResetAtATouch,
    kResetKeepsGuests,
    kResetToPresets,
    kSharedCodes,
    kUpdateResetsCodes,
    kUserCodePrograms,
    kWeakCodesTaken,
    // battery
    kBatteryUnsaid,
    kBatteryUntold,
    kMotorOnFlatBattery,
    kOneBatteryWarning,
    kUpdatesOnLowBattery,
    // bolt
    kBacksOffOpen,
    kJamIsSuccess,
    kJamUntold,
    kNeverRelocks,
    kNoStallLimit,
    kRelockForgotten,
    kRelocksLate,
    kReportsTheWish,
    kRetriesForEver,
    // log
    kLogHoldsCodes,
    kLogStops,
    kOpeningUnlogged,
    kRestartsUnlogged,
    kUploadsAFew,
    kWrongCodesUnlogged,
};

/// One of them by its place. A name that is not in the list does not compile.
struct BranchPoint {
  // NOLINTNEXTLINE(google-explicit-constructor): has(kNoRollback) is what is written.
  consteval BranchPoint(std::string_view name) : index(0) {
    while (kAll[index] != name) ++index;
  }
  std::size_t index;
};

/// The defects of one unit. Firmware asks at each branch point, and the asking is
/// noted: a run that never consulted a defect is the same with and without it. Ask last
/// in a condition, where the answer alone decides: then few runs consult it.
class Defects {
 public:
  Defects() = default;
  /// Throws std::invalid_argument that lists the names there are.
  explicit Defects(const std::vector<std::string>& names);

  bool has(BranchPoint point) const {
    consulted_[point.index] = true;
    return seeded_[point.index];
  }
  /// In alphabetical order.
  std::vector<std::string_view> consulted() const;

 private:
  std::bitset<std::size(kAll)> seeded_;
  mutable std::bitset<std::size(kAll)> consulted_;
};

}  // namespace lockrig::twin
