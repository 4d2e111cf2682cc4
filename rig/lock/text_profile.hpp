// How a board with a plain text console is spoken to: prompt, login, commands and what
// their answers look like. bench/profile_file.hpp reads one from TOML;
// fixtures/README.md has the keys.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rig/core/units.hpp"
#include "rig/protocol/ymodem.hpp"

namespace lockrig::lock {

/// A regular expression (Perl's syntax, as Boost.Regex has it) with named groups,
/// compiled once. A line's end is \n: carriage returns are dropped before.
class Pattern {
 public:
  /// std::invalid_argument, with what is wrong and where, for one that is none.
  explicit Pattern(std::string text);

  struct Match {
    std::size_t begin;
    std::size_t end;
    std::map<std::string, std::string> groups;  // by name; those that took part
  };
  /// The first place where it matches. Text that would take it too long counts as no
  /// match.
  std::optional<Match> search(std::string_view text) const;
  const std::string& text() const { return text_; }
  bool has_group(const std::string& name) const;

 private:
  struct Compiled;
  std::string text_;
  std::vector<std::string> names_;
  std::shared_ptr<const Compiled> compiled_;
};

struct TextProfile {
  /// At a start, in this order: what to wait for, and what to type then ("": nothing).
  struct Step {
    Pattern expect;
    std::string send;
  };
  struct Command {
    std::string send;
    Pattern answer;
    Duration limit{};
  };
  /// How an image is handed over.
  struct Update {
    std::string send;  // brings the loader to where it waits for blocks
    ymodem::Protocol protocol;
    std::string name;                 // of the file, in YMODEM's first block
    std::optional<Pattern> accepted;  // its word on the whole image; empty: none comes
    std::optional<Pattern> refused;   // the group `reason` is the refusal
    std::string then;                 // has it tried; "" where the board does so itself
    Duration limit{};                 // from the last block to that word
  };

  std::string file;  // it was read from
  Pattern prompt;    // at the end of what has come
  std::string line_end = "\n";
  std::vector<Step> login;
  Pattern booted;  // groups version, board, boots, cause where it says so
  std::optional<Pattern> opened;  // what it prints when it opens
  /// "version" and "state" fill the State by their groups' names: version, model,
  /// revision, serial, cause, boots, codes, log. Others are for whoever calls them.
  std::map<std::string, Command> commands;
  std::optional<Update> update;
  std::optional<Update> recovery;
};

}  // namespace lockrig::lock
