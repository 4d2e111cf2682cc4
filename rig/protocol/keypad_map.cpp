#include "rig/protocol/keypad_map.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "rig/protocol/wiring_csv.hpp"

namespace lockrig::mpsse {
namespace {

constexpr std::array<std::string_view, 13> kKeys{"0",
                                                 "1",
                                                 "2",
                                                 "3",
                                                 "4",
                                                 "5",
                                                 "6",
                                                 "7",
                                                 "8",
                                                 "9",
                                                 "enter",
                                                 "lock",
                                                 KeypadMap::kReset};
constexpr int kInterlockedSwitch = KeypadMap::kSwitches - 1;

}  // namespace

int KeypadMap::code(std::string_view key) const {
  if (const auto found = find(key)) return *found;
  throw std::invalid_argument("the keypad has no key '" + std::string(key) + "'");
}

std::optional<int> KeypadMap::find(std::string_view key) const {
  for (const auto& [name, code] : keys_) {
    if (name == key) return code;
  }
  return std::nullopt;
}

std::string_view KeypadMap::key_at(int code) const {
  for (const auto& [name, own] : keys_) {
    if (own == code) return name;
  }
  return {};
}

KeypadMap load_keypad_map(const std::string& path) {
  std::vector<KeypadMap::Key> keys;
  const auto add = [&](const CsvRow& row, const std::string& key,
                       const std::string& text) {
    if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) {
      row.reject("key", "unknown key '" + key + "'");
    }
    const int code = row.number("code", text, KeypadMap::kSwitches - 1);
    for (const auto& [other, taken] : keys) {
      if (other == key) row.reject("key", "'" + key + "' is there twice");
      if (taken == code) row.reject("code", text + " already presses " + other);
    }
    if ((key == KeypadMap::kReset) != (code == kInterlockedSwitch)) {
      row.reject("code", "switch 15 is behind the interlock: R and no other key");
    }
    keys.emplace_back(key, code);
  };
  for_each_csv_row(path, add, "key", "code");
  KeypadMap map(std::move(keys));
  for (const std::string_view key : kKeys) {
    if (!map.has(key)) throw BadInput(path, 0, std::string(key), "key is missing");
  }
  return map;
}

}  // namespace lockrig::mpsse
