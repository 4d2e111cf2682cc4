// The faults that are seeded in a twin, each at one named branch point.
#pragma once

#include <set>
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
