#include "rig/twin/defects.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace lockrig::twin {
namespace {

constexpr std::array kAll = {
    kLockstate2017,
    kNoRollback,
    kSharedCodes,
    kNoReconnect,
    kTornSettings,
    kNoDebounce,
    kChordIsAKey,
    kGhostKey,
    kEntryNeverForgotten,
    kPrefixOpens,
    kSlidingWindow,
    kLongEntryCrashes,
    kDeadAfterHold,
    kStuckKeyBlocks,
    kStuckKeyUntold,
    kMuteIsDark,
    kFailureLooksDone,
    kNoLockOut,
    kLockOutForgotten,
    kWrongCodesForgotten,
    kCountsAfterSignal,
    kLockOutForEver,
    kRightCodeEndsLockOut,
    kTriesProlong,
    kNeverForgives,
    kLockOutHints,
    kAnswerTellsDigits,
    kLockOutUnlogged,
    kHammers,
    kNoJitter,
    kGivesUp,
    kNeedsPortal,
    kOutageUntold,
    kUploadsAFew,
    kStaleUnlock,
    kPortalOpensUnowned,
    kGarbageCrashes,
    kGarbageSilences,
    kOldCodeOpens,
    kNewCodeNeedsRestart,
    kDeletedCodeOpens,
    kOldProgrammingCode,
    kPresetsTaken,
    kHalfSetUp,
    kWeakCodesTaken,
    kUserCodePrograms,
    kUpdateResetsCodes,
    kBatteryUnsaid,
    kOneBatteryWarning,
    kBatteryUntold,
    kMotorOnFlatBattery,
    kNeverRelocks,
    kRelocksLate,
    kRelockForgotten,
    kOpensAtPowerUp,
    kNoStallLimit,
    kJamIsSuccess,
    kJamUntold,
    kRetriesForEver,
    kBacksOffOpen,
    kReportsTheWish,
    kWrongCodesUnlogged,
    kOpeningUnlogged,
    kRestartsUnlogged,
    kLogHoldsCodes,
    kUpdatesOnLowBattery,
    kLogStops,
};

}  // namespace

Defects::Defects(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (std::find(kAll.begin(), kAll.end(), name) == kAll.end()) {
      std::string known;
      for (const std::string_view each : kAll) known += " " + std::string(each);
      throw std::invalid_argument("no defect " + name + "; there are:" + known);
    }
    seeded_.insert(name);
  }
}

}  // namespace lockrig::twin
