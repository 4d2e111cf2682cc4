// Outputs that may stay driven only so long: the channel itself lets them go, also when
// nobody runs the world any more.
#pragma once

#include <algorithm>
#include <cstdint>

#include "rig/protocol/ftdi_channel.hpp"
#include "rig/protocol/mpsse.hpp"

namespace lockrig::station {

class DeadMan {
 public:
  DeadMan(FtdiChannel& channel, std::uint16_t idle) : channel_(channel), idle_(idle) {}

  /// Told to the channel by the next arm(). While one is pending its time stays.
  void ask(std::uint16_t mask, Instant due) {
    if (mask_ == 0) due_ = due;
    mask_ |= mask;
  }

  /// A waveform leaves the pins so when it ends. The channel is told what to do at
  /// `due`, or behind the waveform if that is later; nothing if it lets go itself.
  void arm(mpsse::Pins left, Instant end) {
    if (mask_ == 0) return;
    if (let_go(left.value) == left.value) {
      mask_ = 0;
      channel_.dead_man({}, end);
      return;
    }
    due_ = std::max(due_, end);
    left.value = let_go(left.value);
    Bytes commands;
    mpsse::append_set_low(commands, left);
    mpsse::append_set_high(commands, left);
    channel_.dead_man(std::move(commands), due_);
  }

  /// The channel changed its mode, or has done it.
  void forget() { mask_ = 0; }

  bool pending() const { return mask_ != 0; }
  bool acted(Instant now) const { return mask_ != 0 && now >= due_; }
  Instant due() const { return due_; }
  std::uint16_t let_go(std::uint16_t value) const {
    return static_cast<std::uint16_t>((value & ~mask_) | (idle_ & mask_));
  }

 private:
  FtdiChannel& channel_;
  std::uint16_t idle_;
  std::uint16_t mask_ = 0;
  Instant due_{};
};

}  // namespace lockrig::station
