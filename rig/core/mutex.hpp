// Mutual exclusion between the tasks of one world, for sections that suspend.
#pragma once

#include <utility>

#include "rig/core/world.hpp"

namespace lockrig {

class Mutex {
 public:
  explicit Mutex(World& world) : freed_(world) {}

  class Guard {
   public:
    explicit Guard(Mutex* mutex) : mutex_(mutex) {}
    Guard(Guard&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
    Guard& operator=(Guard&&) = delete;
    ~Guard() {
      if (mutex_ != nullptr) mutex_->release();
    }

   private:
    Mutex* mutex_;
  };

  /// REQUIRES: the mutex outlives the guard.
  Task<Guard> lock() {
    while (held_) co_await freed_.wait(kNever, "another task's turn to end");
    held_ = true;
    co_return Guard(this);
  }

 private:
  void release() {
    held_ = false;
    freed_.notify();
  }

  bool held_ = false;
  Signal freed_;
};

}  // namespace lockrig
