// SMP messages and text lines over one station's console, both ways. Knows nothing of
// what they say.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <string>

#include "rig/protocol/smp_line.hpp"
#include "rig/station/console.hpp"

namespace lockrig::lock {

/// A console that fails (cable, adapter) is the rig's fault: RigError.
class Link {
 public:
  /// World and console outlive the link. `station` names it in a RigError.
  Link(World& world, station::Console& console, std::string station);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  World& world() { return world_; }
  const std::string& station() const { return station_; }
  std::uint8_t next_sequence() { return sequence_++; }

  /// Returns when the last byte has left: ok or closed. `message` outlives the call.
  Task<StreamStatus> send(ByteView message);

  struct Incoming {
    StreamStatus status;  // ok, timed_out or closed
    Bytes message{};
  };
  /// The oldest message that was not fetched yet, or why there is none.
  Task<Incoming> receive(Instant until);
  /// The oldest line of text that was not fetched yet; nullopt when `until` came first,
  /// or at once when the console is dead and has nothing more. Drops messages.
  Task<std::optional<std::string>> next_text(Instant until);

  /// Takes in what has arrived, without waiting.
  Task<void> collect();
  /// Forgets the messages that have come.
  void drop_messages();
  /// Forgets all that has come, text and half a line too.
  void discard();

  /// Changes when there may have been another boot: a banner has come, the console was
  /// found dead, or discard().
  int boots_seen() const { return boots_seen_; }
  /// Frames that were lost to damage since then.
  std::uint32_t damaged() const;

 private:
  Task<StreamStatus> read(Instant until);
  void collect_text();
  void begin_anew();

  World& world_;
  station::Console& console_;
  std::string station_;
  smp::LineDecoder decoder_;
  std::deque<std::string> texts_;
  std::uint8_t sequence_ = 0;
  int boots_seen_ = 0;
  Bytes frame_;
  std::array<std::uint8_t, 1024> buffer_;
};

}  // namespace lockrig::lock
