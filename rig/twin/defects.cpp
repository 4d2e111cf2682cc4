#include "rig/twin/defects.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>

namespace lockrig::twin {
namespace {

constexpr std::string_view kAll[] = {
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

}  // namespace

Defects::Defects(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (std::find(std::begin(kAll), std::end(kAll), name) == std::end(kAll)) {
      std::string known;
      for (const std::string_view each : kAll) known += " " + std::string(each);
      throw std::invalid_argument("no defect " + name + "; there are:" + known);
    }
    seeded_.insert(name);
  }
}

}  // namespace lockrig::twin
