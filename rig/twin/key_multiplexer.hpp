// A 16-way analog switch (CD74HC4067): the 7000i's key contacts, one at a time. The
// strobe is said as "on"; its polarity stands in the wiring file.
// Source: CD74HC4067 data sheet (TI), truth table.
#pragma once

#include <functional>

namespace lockrig::twin {

class KeyMultiplexer {
 public:
  /// `contact` is called at the time of the change; the old channel opens first.
  explicit KeyMultiplexer(std::function<void(int channel, bool closed)> contact)
      : contact_(std::move(contact)) {}

  /// A select that changes while strobed closes the newly addressed contact: no latch
  /// stands between them. REQUIRES: address 0-15.
  void set(int address, bool strobe) {
    const int channel = strobe ? address : kNone;
    if (channel == closed_) return;
    const int before = closed_;
    closed_ = channel;
    if (before != kNone) contact_(before, false);
    if (channel != kNone) contact_(channel, true);
  }

 private:
  static constexpr int kNone = -1;

  int closed_ = kNone;
  std::function<void(int, bool)> contact_;
};

}  // namespace lockrig::twin
