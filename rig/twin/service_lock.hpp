// What keeps a service port shut to writes until somebody has shown that he has the
// unit's key. One boot's RAM: shut again after every start.
#pragma once

#include <optional>

#include "rig/core/world.hpp"
#include "rig/protocol/service_key.hpp"
#include "rig/twin/lock_model.hpp"

namespace lockrig::twin {

class ServiceLock {
 public:
  /// So many wrong answers in a row, and none is heard for so long. [assumed] With 256
  /// bits to guess it only keeps the port from being kept busy. A cut of the power ends
  /// it, which costs a start.
  static constexpr int kWrongAnswers = 3;
  static constexpr Duration kBackOff = 10s;

  /// World and unit outlive it.
  ServiceLock(World& world, const Unit& unit, std::uint32_t boots);

  /// A unit without a key demands none: its port is always open.
  bool demanded() const { return !unit_.service_key.empty(); }
  bool open() const { return open_ || !demanded(); }
  /// The one before no longer serves.
  const smp::Nonce& challenge();
  enum class Answer { good, wrong, not_heard };
  /// To the newest challenge, once.
  Answer unlock(ByteView mac);

 private:
  World& world_;
  const Unit& unit_;
  std::uint32_t boots_;
  std::uint32_t challenges_ = 0;
  std::optional<smp::Nonce> nonce_;
  int wrong_ = 0;
  Instant deaf_until_{};
  bool open_ = false;
};

}  // namespace lockrig::twin
