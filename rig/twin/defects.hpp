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
inline constexpr std::string_view kLockstate2017 = "lockstate-2017";

// boot
inline constexpr std::string_view kNoRollback = "no-rollback";

// storage
inline constexpr std::string_view kTornSettings = "torn-settings";

// network
inline constexpr std::string_view kNoReconnect = "no-reconnect";

// credentials
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
