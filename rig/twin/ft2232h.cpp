#include "rig/twin/ft2232h.hpp"

#include <bit>
#include <stdexcept>
#include <string>

namespace lockrig::twin {
namespace {

std::uint16_t mask_of(int bit) { return static_cast<std::uint16_t>(1u << bit); }

}  // namespace

void Ft2232h::refuse(std::uint16_t both) {
  const int bit = std::countr_zero(both);
  throw std::logic_error("two drivers on " + std::string(bit < 8 ? "ADBUS" : "ACBUS") +
                         std::to_string(bit % 8) +
                         ": the chip drives it as an output, the board as an input");
}

Ft2232h::Ft2232h(World& world)
    : world_(world),
      engine_([this](mpsse::Pins pins) { drive(pins); },
              [this](Instant due) { return world_.skip_to(due); }),
      answers_(world),
      room_(world),
      timer_(world, "MPSSE commands", [this] { run(); }),
      dead_man_(world, "the dead man's commands", [this] {
        engine_.push(dead_man_commands_);
        schedule();
      }) {}

Task<ReadResult> Ft2232h::read_some(std::span<std::uint8_t> into, Instant until) {
  exchange();
  for (bool in_time = true;; in_time = co_await answers_.wait(until, "the chip")) {
    if (!plugged_) co_return ReadResult{StreamStatus::failed, 0};
    if (closed_) co_return ReadResult{StreamStatus::closed, 0};
    engine_.settle(world_.now());
    if (const std::size_t count = engine_.take(into); count > 0) {
      if (engine_.waits_for_room()) timer_.at(world_.now());
      co_return ReadResult{StreamStatus::ok, count};
    }
    if (!in_time) co_return ReadResult{StreamStatus::timed_out, 0};
  }
}

Task<StreamStatus> Ft2232h::write(ByteView data) {
  if (!exchange()) co_return StreamStatus::failed;
  if (closed_) co_return StreamStatus::closed;
  if (mode_ == BitMode::reset) co_return StreamStatus::ok;
  engine_.push(data);
  schedule();
  while (engine_.queued() > MpsseEngine::kFifoBytes) {
    co_await room_.wait(kNever, "room in the chip's FIFO");
  }
  if (!plugged_) co_return StreamStatus::failed;
  co_return closed_ ? StreamStatus::closed : StreamStatus::ok;
}

Task<std::size_t> Ft2232h::packet(std::span<std::uint8_t> into, Instant until) {
  for (bool in_time = true; plugged_;
       in_time = co_await answers_.wait(until, "answers for the host")) {
    engine_.settle(world_.now());
    if (in_time && !flushed_ && engine_.answered() < into.size()) continue;
    const std::size_t count = engine_.take(into);
    flushed_ = flushed_ && engine_.answered() > 0;
    if (engine_.waits_for_room()) timer_.at(world_.now());
    co_return count;
  }
  co_return 0;
}

void Ft2232h::drop_commands() {
  engine_.drop_commands(world_.now());
  timer_.cancel();
  room_.notify();
}

/// False when the cable is out, or comes out now.
bool Ft2232h::exchange() {
  if (++exchanges_ == pull_at_) unplug_usb();
  return plugged_;
}

void Ft2232h::unplug_usb() {
  if (!plugged_) return;
  plugged_ = false;
  start(BitMode::reset);
  answers_.notify();
  if (watch_usb_) watch_usb_(false);
}

void Ft2232h::replug_usb() {
  if (plugged_) return;
  plugged_ = true;
  start(BitMode::reset);
  if (watch_usb_) watch_usb_(true);
}

void Ft2232h::close() {
  closed_ = true;
  start(BitMode::reset);
  answers_.notify();
}

Task<void> Ft2232h::set_bit_mode(BitMode mode) {
  enter(mode);
  co_return;
}

void Ft2232h::dead_man(Bytes commands, Instant due) {
  dead_man_commands_ = std::move(commands);
  if (dead_man_commands_.empty()) {
    dead_man_.cancel();
  } else {
    dead_man_.at(due);
  }
}

void Ft2232h::start(BitMode mode) {
  timer_.cancel();
  dead_man_.cancel();
  engine_.reset();
  flushed_ = false;
  mode_ = mode;
  room_.notify();
  drive({});
}

void Ft2232h::release_input(int bit, bool pull) {
  const std::uint16_t mask = mask_of(bit);
  wired_ &= static_cast<std::uint16_t>(~mask);
  put_inputs(static_cast<std::uint16_t>(pull ? engine_.inputs() | mask
                                             : engine_.inputs() & ~mask));
}

void Ft2232h::drive(mpsse::Pins pins) {
  std::uint16_t levels = 0;
  std::uint16_t driven = 0;
  if (mode_ == BitMode::mpsse) {
    driven = pins.direction;
    levels = static_cast<std::uint16_t>(pins.value & driven);
    if (const std::uint16_t both = driven & wired_; both != 0) refuse(both);
  } else if (plugged_) {
    driven = kUartOutputs;
    levels = kUartIdle;
  }
  if (levels == levels_ && driven == driven_) return;
  levels_ = levels;
  driven_ = driven;
  if (watch_) watch_(levels, driven);
}

Instant Ft2232h::advance(bool alone) {
  // Whoever waits for room has to hear of it at its moment.
  const Instant due = alone && !room_.awaited() ? engine_.run(world_.now())
                                                : engine_.advance(world_.now());
  if (engine_.take_flushed() && engine_.answered() > 0) {
    flushed_ = true;
    answers_.notify();
  }
  if (room_.awaited() && engine_.queued() <= MpsseEngine::kFifoBytes) room_.notify();
  return due;
}

void Ft2232h::schedule() {
  const Instant due = advance(false);
  if (due == kNever) {
    timer_.cancel();
  } else {
    timer_.at(due);
  }
}

void Ft2232h::run() {
  for (;;) {
    const Instant due = advance(true);
    if (due == kNever) return;
    if (!world_.skip_to(due)) {
      timer_.at(due);
      return;
    }
  }
}

}  // namespace lockrig::twin
