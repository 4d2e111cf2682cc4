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

// network
inline constexpr std::string_view kNoReconnect = "no-reconnect";

// credentials
inline constexpr std::string_view kResetAtATouch = "reset-at-a-touch";
inline constexpr std::string_view kResetKeepsGuests = "reset-keeps-guests";
inline constexpr std::string_view kResetToPresets = "reset-to-presets";
inline constexpr std::string_view kSharedCodes = "shared-codes";

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
    // network
    kNoReconnect,
    // credentials
    kResetAtATouch,
    kResetKeepsGuests,
    kResetToPresets,
    kSharedCodes,
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
