// What the drivers of keypad and bolt find wrong, for the log to tell: they run before
// it can be written, and never wait for it.
#pragma once

#include <deque>
#include <string>
#include <utility>

#include "rig/twin/audit_log.hpp"

namespace lockrig::twin {

class FaultNotes {
 public:
  explicit FaultNotes(World& world) : added_(world) {}

  /// Returns at once.
  void add(std::string text) {
    texts_.push_back(std::move(text));
    added_.notify();
  }

  /// Writes them down, in order. Runs for the whole boot; the log outlives it.
  Task<void> run(AuditLog& log, std::uint32_t boots) {
    for (;;) {
      while (texts_.empty()) co_await added_.wait(kNever, "a fault to write down");
      std::string text = std::move(texts_.front());
      texts_.pop_front();
      co_await log.add(boots, std::move(text));
    }
  }

 private:
  std::deque<std::string> texts_;
  Signal added_;
};

}  // namespace lockrig::twin
