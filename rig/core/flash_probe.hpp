// A side door: looking at a board's flash operations and cutting power inside one.
// A capability that twins have; a debug probe may offer it on a real board.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace lockrig {

/// What survives a power cut of one board, as a value that may be shared by threads.
/// Opaque to everyone but the kind of board that made it.
class Durable {
 public:
  virtual ~Durable() = default;
};

struct FlashOp {
  enum class Kind { erase, program };
  struct Extent {
    std::uint64_t offset;
    std::uint32_t length;
  };

  std::uint64_t index;  // counted from the start of this world, first is 0
  Kind kind;
  std::string_view region;         // "slot0", "slot1", "settings", "log"
  std::string_view phase;          // "staging", "trailer", "swap", "trial", "confirm",
                                   // "revert", "boot", "run": what the board was doing
  std::optional<Extent> extent{};  // bytes, where the probe knows
};

constexpr const char* to_string(FlashOp::Kind kind) {
  return kind == FlashOp::Kind::erase ? "erase" : "program";
}

/// An operation that has begun, kept as a value. May be asked from any thread, at any
/// later time.
class FlashMoment {
 public:
  virtual ~FlashMoment() = default;

  /// What would survive if power died inside the operation, with `fraction` of it done
  /// (0 to 1). `seed` decides what the torn cells hold.
  virtual std::shared_ptr<const Durable> torn(double fraction,
                                              std::uint64_t seed) const = 0;
};

class FlashProbe {
 public:
  virtual ~FlashProbe() = default;

  /// Operations begun since this world started.
  virtual std::uint64_t count() const = 0;

  /// Operations of both image slots alone: "was anything written?"
  virtual std::uint64_t slot_count() const = 0;

  /// Called as each operation begins; empty to stop. Within the callback moment() may
  /// be asked.
  virtual void watch(std::function<void(const FlashOp&)> callback) = 0;

  /// The operation that has just begun; null where none can be kept. REQUIRES: called
  /// within watch's callback.
  virtual std::shared_ptr<const FlashMoment> moment() = 0;

  /// Takes the supply away inside operation `index`. It stays away until the station's
  /// own power line has been switched off. `fired` runs at that moment.
  virtual void cut_at(std::uint64_t index, double fraction, std::uint64_t seed,
                      std::function<void()> fired) = 0;
  /// Forgets a cut that has not come.
  virtual void disarm() = 0;
};

}  // namespace lockrig
