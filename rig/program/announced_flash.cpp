#include "rig/program/announced_flash.hpp"

#include <stdexcept>
#include <utility>

namespace lockrig::program {

AnnouncedFlash::AnnouncedFlash(World& world, bool tears,
                               std::function<void(const std::string&)> say,
                               std::function<void()> cut)
    : world_(world),
      tears_(tears),
      say_(std::move(say)),
      cut_(std::move(cut)),
      // It never said "torn". Its power goes all the same, and nobody hears that the
      // cut came where it was asked for: not proven.
      limit_(world, "an operation to be torn", [this] {
        armed_.reset();
        cut_();
      }) {}

void AnnouncedFlash::cut_at(std::uint64_t index, double fraction, std::uint64_t,
                            std::function<void()> fired) {
  if (!tears_ && fraction > 0) {
    throw std::invalid_argument(
        "this program cannot tear a flash operation: it is cut before one (fraction "
        "0)");
  }
  armed_ = Armed{index, fraction, std::move(fired)};
}

void AnnouncedFlash::disarm() {
  armed_.reset();
  limit_.cancel();
}

void AnnouncedFlash::begins(const board_lines::FlashBegins& operation) {
  const std::uint64_t index = count_++;
  if (operation.region.starts_with("slot")) ++slot_count_;
  if (watcher_) watcher_({index, operation.kind, operation.region, operation.phase});
  if (!armed_ || armed_->index != index) {
    return say_(board_lines::go());
  }
  if (armed_->fraction <= 0) return fire();
  limit_.at(world_.now() + kTearLimit);
  say_(board_lines::tear(armed_->fraction));
}

void AnnouncedFlash::torn() {
  if (!limit_.armed()) return;
  limit_.cancel();
  fire();
}

void AnnouncedFlash::fire() {
  const std::function<void()> fired = std::exchange(armed_, {})->fired;
  if (fired) fired();
  cut_();
}

}  // namespace lockrig::program
