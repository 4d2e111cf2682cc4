// What a person at the door does, and what they see: codes typed and their effect.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "rig/trial/rig.hpp"

namespace lockrig::trial {

/// What came of a code.
struct Entry {
  enum class Result {
    opened,
    locked,
    refused,      // signalled an error, or did nothing
    programming,  // took it as a programming code
    done,         // signalled success, and the bolt did not have to move
    blind,        // signalled success, and the bolt's sensors saw no such motion
    dead,         // not even a key press was answered
  };
  Result result = Result::refused;
  Duration took{};  // from the last key to the bolt's end sensor
};

const char* to_string(Entry::Result result);

/// Keeps the moments at which the bolt was asked to open, so that any other motion
/// shows as unasked.
class Hand {
 public:
  explicit Hand(Rig& rig) : rig_(rig) {}

  /// Types a code and watches. `may_open`: it is a right code, and opening is asked
  /// for.
  Task<Entry> enter(std::string code, bool may_open);
  /// Waits for the next signal that begins after now.
  Task<std::optional<station::Blink>> signal(Duration within);
  /// Programming code, then entries, each ended by enter. True if the lock signalled
  /// that it is programmed (2 green).
  Task<bool> program(const std::string& programming_code,
                     std::vector<std::string> entries);
  /// A motion towards open that nobody asked for, from `since` on; empty if there was
  /// none.
  std::optional<Instant> unasked_opening(Instant since) const;
  /// Opening may happen from now until `until`: a stimulus asked for it.
  void expect_opening(Instant until) { asked_.push_back({now(), until}); }
  /// Power is off: whatever was asked of the lock, it has forgotten.
  void forget() {
    for (Span& span : asked_) span.to = std::min(span.to, now());
  }

 private:
  struct Span {
    Instant from, to;
  };
  Instant now() const { return rig_.world().now(); }

  Rig& rig_;
  std::vector<Span> asked_;
};

}  // namespace lockrig::trial
