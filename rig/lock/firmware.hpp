// The conversation with the firmware of one station, whichever way it speaks: SMP
// (client.hpp) or a text console (text_client.hpp). What a way of speaking cannot tell,
// nobody asks.
#pragma once

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "rig/core/world.hpp"
#include "rig/lock/answers.hpp"
#include "rig/lock/banner.hpp"
#include "rig/lock/reply.hpp"

namespace lockrig::lock {

/// What a firmware can be asked about itself.
enum class Topic {
  version,
  identity,  // model, revision and serial
  boots,     // a counter of its starts
  codes,     // how many user codes it has, and whether it is set up
  trial,     // whether an image is on trial
  log,       // its audit log
  images,    // what is in its slots
  update,    // takes an image
  recovery,  // takes one in its boot loader
};

/// Which service key a client shows to a lock that demands one before it takes a write.
enum class Shows { own, none, wrong };

/// Called at each advance, when the answer arrives: bytes that the lock has confirmed.
using Progress = std::function<void(std::size_t acknowledged)>;

struct Push {
  /// The lock has taken the whole image and will try it at its next boot.
  bool accepted = false;
  /// Why the lock did not want it: "MODEL", "REVISION", "DOWNGRADE", "SIGNATURE",
  /// "FORMAT", "SIZE", "STATE" or "LOCKED" (the service port takes no writes from who
  /// has not shown its key), or a text console's own word; empty if it did, or if
  /// something else went wrong.
  std::string refusal;
  /// What else went wrong; with `accepted`, the restart did.
  std::optional<Failure> failure;
  std::size_t acknowledged = 0;
};

/// REQUIRES: one call at a time. A call may be abandoned (its life ends): the next one
/// is not disturbed by it. A console that fails (cable, adapter) is a RigError; all
/// else that goes wrong is a Failure.
class Firmware {
 public:
  virtual ~Firmware() = default;

  virtual bool tells(Topic topic) const = 0;

  /// How its next start shows on the console, once the firmware runs; empty if it did
  /// not by `until`, or at once when the console is dead and has nothing more.
  virtual Task<std::optional<Banner>> next_start(Instant until) = 0;
  /// The oldest line of text that was not fetched yet. nullopt when `until` came first,
  /// or at once when the console is dead and has nothing more.
  virtual Task<std::optional<std::string>> next_text(Instant until) = 0;
  /// Forgets what has come so far: text from now on is news. To be called before power
  /// is switched on, or the last words before a cut stand before the banner.
  virtual void discard() = 0;

  /// Of what it does not tell, the fields are as in an empty State.
  virtual Task<Reply<State>> state() = 0;
  /// All events after that sequence, oldest first.
  virtual Task<Reply<std::vector<LogEvent>>> log(std::uint32_t after) = 0;
  virtual Task<Reply<std::vector<ImageSlot>>> images() = 0;

  /// From the next write on, also in a boot that was unlocked before. A way of speaking
  /// that has no such key has none to show wrong: std::invalid_argument.
  virtual void show(Shows shows) {
    if (shows != Shows::own) {
      throw std::invalid_argument("this console is not spoken to with a service key");
    }
  }

  /// Hands an image over and has it tried, as a technician does: the lock restarts.
  /// `image` outlives the call.
  virtual Task<Push> push(ByteView image, Progress progress) = 0;
  /// The same to the boot loader, which waits for it already. `accepted`: the loader
  /// has the whole image; it judges it only when it boots.
  virtual Task<Push> recover(ByteView image, Progress progress) = 0;
};

}  // namespace lockrig::lock
