// The flash of a board that is a program, as far as the program tells of it: each
// operation is announced and waits for its answer, so that a cut can come before it,
// inside it (where the program can tear one) or not at all.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "rig/core/flash_probe.hpp"
#include "rig/core/world.hpp"
#include "rig/protocol/board_lines.hpp"

namespace lockrig::program {

class AnnouncedFlash final : public FlashProbe {
 public:
  /// From "tear" to "torn": a sector's erase takes 0.4 s at most on the chips that
  /// protocols know; a program has no reason to be slower.
  static constexpr Duration kTearLimit = 5s;

  /// `say` answers the program, `cut` takes its power away at once. `tears`: the
  /// program can leave an operation half done.
  AnnouncedFlash(World& world, bool tears, std::function<void(const std::string&)> say,
                 std::function<void()> cut);

  std::uint64_t count() const override { return count_; }
  std::uint64_t slot_count() const override { return slot_count_; }
  void watch(std::function<void(const FlashOp&)> callback) override {
    watcher_ = std::move(callback);
  }
  /// None: what a program would leave behind is known once it is killed.
  std::shared_ptr<const FlashMoment> moment() override { return nullptr; }
  /// The program decides what torn cells hold: `seed` is not used.
  /// std::invalid_argument for a fraction above 0 where the program cannot tear.
  void cut_at(std::uint64_t index, double fraction, std::uint64_t seed,
              std::function<void()> fired) override;
  void disarm() override;

  // What the program says.

  void begins(const board_lines::FlashBegins& operation);
  void torn();
  /// The program is no more: what it was asked for will not come.
  void power_lost() { limit_.cancel(); }

 private:
  struct Armed {
    std::uint64_t index;
    double fraction;
    std::function<void()> fired;
  };
  void fire();

  World& world_;
  bool tears_;
  std::function<void(const std::string&)> say_;
  std::function<void()> cut_;
  std::function<void(const FlashOp&)> watcher_;
  std::uint64_t count_ = 0;
  std::uint64_t slot_count_ = 0;
  std::optional<Armed> armed_;
  Timer limit_;
};

}  // namespace lockrig::program
