#include "rig/trial/flash_watch.hpp"

#include "rig/trial/baseline.hpp"

namespace lockrig::trial {

void watch_flash(Rig& rig, const Known& known, const Observer& observer,
                 std::uint64_t from) {
  rig.probe()->watch([&rig, &known, &observer, from](const FlashOp& op) {
    observer(rig, known, {op.index - from, op.kind, op.region, op.phase});
  });
}

Task<void> watch_recovery(Rig& rig, const Known& known, const Observer& observer) {
  watch_flash(rig, known, observer, rig.probe()->count());
  const auto start_up = co_await power_up(rig);
  if (!start_up || rig.client() == nullptr) co_return;
  co_await settled(rig, rig.facts().limits.confirm_max);
}

}  // namespace lockrig::trial
