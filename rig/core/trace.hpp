// What happened on a bench, on one clock: edges, byte runs, requests and phases, as the
// rig saw them. The hash of two traces is equal if and only if they are.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rig/core/units.hpp"

namespace lockrig {

class Trace {
 public:
  /// A line, a stream or a source of notes; named once, then a number.
  using Channel = std::uint16_t;

  enum class Kind : std::uint8_t { edge, bytes, note };

  struct Event {
    Kind kind;
    Channel channel;
    Instant at;
    bool level = false;      // edge
    Duration byte_period{};  // bytes: from the start of one byte to the next
    std::string data;        // bytes, or the text of a note
  };

  Trace();
  ~Trace();

  /// The same name gives the same channel.
  Channel channel(std::string_view name);

  void edge(Channel channel, Instant at, bool level);
  void bytes(Channel channel, Instant start, Duration byte_period, ByteView data);
  void note(Channel channel, Instant at, std::string_view text);

  /// From now on keep the events themselves, not only their hash. A trial that passed
  /// needs only the hash: replay rebuilds the rest.
  void keep_events() { keep_ = true; }
  const std::vector<Event>& events() const { return events_; }
  const std::vector<std::string>& channels() const { return names_; }
  std::uint64_t count() const { return count_; }

  /// 128 bits in hexadecimal, over everything recorded so far.
  std::string hash() const;

 private:
  struct Hash;
  void absorb(Kind kind, Channel channel, Instant at, std::int64_t extra,
              std::string_view data);

  std::unique_ptr<Hash> hash_;
  std::vector<std::string> names_;
  std::vector<Event> events_;
  std::uint64_t count_ = 0;
  bool keep_ = false;
};

}  // namespace lockrig
