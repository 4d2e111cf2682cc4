// A dialogue over a text console: what has come, what to wait for in it, what to type.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rig/lock/reply.hpp"
#include "rig/lock/text_profile.hpp"
#include "rig/station/console.hpp"

namespace lockrig::lock {

/// A console that fails (cable, adapter) is the rig's fault: RigError.
class TextConsole {
 public:
  /// Of text that nobody asked for, the last so much is kept.
  static constexpr std::size_t kMost = 256 * 1024;

  /// World and console outlive it. `station` names it in a RigError.
  TextConsole(World& world, station::Console& console, std::string station);

  /// Text up to the end of the first match, which is taken; carriage returns and what
  /// terminals are told (ANSI sequences) are dropped.
  struct Found {
    std::string text;
    Pattern::Match match;
  };
  /// nullopt when `until` came first, or at once when the console is dead and has
  /// nothing more; what had come stays.
  Task<std::optional<Found>> expect(const Pattern& pattern, Instant until);
  /// The same for the first of several that matches; `which` counts from 0.
  struct FoundOne {
    std::size_t which;
    Found found;
  };
  Task<std::optional<FoundOne>> expect_one(std::vector<Pattern> patterns,
                                           Instant until);
  /// Returns when the last byte has left: ok or closed.
  Task<StreamStatus> type(std::string text);
  /// Types a command with its line's end, and returns what came up to the next prompt:
  /// without the echo of the command, the prompt, and the white space around.
  Task<Reply<std::string>> command(std::string text, const TextProfile& profile,
                                   Instant until);

  /// Bytes that somebody else read from the console meanwhile.
  void hear(ByteView bytes);
  /// What has come and was not taken.
  const std::string& pending() const { return text_; }
  void discard();
  station::Console& console() { return console_; }

 private:
  Task<StreamStatus> read(Instant until);

  World& world_;
  station::Console& console_;
  std::string station_;
  std::string text_;
  enum class Escape { none, begun, sequence } escape_ = Escape::none;
  std::array<std::uint8_t, 4096> buffer_;
};

}  // namespace lockrig::lock
