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
inline constexpr std::string_view kLockstate2017 = "lockstate-2017";

// boot
inline constexpr std::string_view kNoRollback = "no-rollback";

// storage
inline constexpr std::string_view kTornSettings = "torn-settings";

// network
inline constexpr std::string_view kNoReconnect = "no-reconnect";

// credentials
inline constexpr std::string_view kSharedCodes = "shared-codes";

inline constexpr std::string_view kAll[] = {
    // update
    kLockstate2017,
    // boot
    kNoRollback,
    // storage
    kTornSettings,
    // network
    kNoReconnect,
    // credentials
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
