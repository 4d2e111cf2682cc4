// Which switch presses which key: the switch number of the 6000i's shift registers, the
// channel of the 7000i's multiplexer.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockrig::mpsse {

class KeypadMap {
 public:
  /// Both keypads have 16 switches.
  static constexpr int kSwitches = 16;
  /// The reset key behind the interlock. Only a station's interlock may ask for it: a
  /// glitch on it at power-up is a factory reset.
  static constexpr std::string_view kReset = "R";

  using Key = std::pair<std::string, int>;

  /// REQUIRES: names and codes are unique, codes are 0-15; load_keypad_map() checks.
  explicit KeypadMap(std::vector<Key> keys) : keys_(std::move(keys)) {}

  /// std::invalid_argument if there is no such key.
  int code(std::string_view key) const;
  bool has(std::string_view key) const { return find(key).has_value(); }
  /// Empty if there is no such key.
  std::optional<int> find(std::string_view key) const;
  /// The key behind a switch; empty if it is a spare.
  std::string_view key_at(int code) const;
  const std::vector<Key>& keys() const { return keys_; }  // in the order of the file

 private:
  std::vector<Key> keys_;
};

/// Reads a board's keypad.csv: key,code. Keys are exactly 0-9, enter, lock and R.
/// BadInput with the line and key for anything else: a missing or unknown key, a key or
/// a code twice, a code that is no number from 0 to 15, R on another switch than 15
/// (the one that is wired through the interlock).
KeypadMap load_keypad_map(const std::string& path);

}  // namespace lockrig::mpsse
