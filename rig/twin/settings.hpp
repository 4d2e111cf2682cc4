// The settings store: two banks of fixed records, appended to and never changed in
// place, so that a cut leaves the old value or the new one.
#pragma once

#include <map>
#include <string>

#include "rig/core/mutex.hpp"
#include "rig/twin/defects.hpp"
#include "rig/twin/nor_flash.hpp"

namespace lockrig::twin {

/// What is stored. Ten local user codes follow kUserCode (RemoteLock sibling manual:
/// at most 10 local codes).
enum class Key : std::uint8_t {
  programming_code = 0x01,
  set_up = 0x02,       // "1" once the owner has chosen codes
  wrong_codes = 0x03,  // in a row
  lock_out = 0x04,     // seconds that remain
  boots = 0x05,
  wifi = 0x06,     // network name; empty: never joins
  pending = 0x07,  // version of an update that is on its way
  muted = 0x08,
  reset_event = 0x0e,  // sequence of the event "factory reset", until it is logged
  user_code = 0x10,
};
inline constexpr int kUserCodes = 10;

constexpr Key user_code_key(int slot) {
  return static_cast<Key>(static_cast<int>(Key::user_code) + slot);
}

class Settings {
 public:
  Settings(World& world, NorFlash& flash, const Region& region, const Defects& defects);

  /// What the factory writes into a blank store.
  static void program(FlashContent& content, const Region& region,
                      const std::map<Key, std::string>& values);

  /// At boot, before anything else. False: no bank is valid (nothing is readable).
  Task<bool> load();

  /// Empty where nothing is stored.
  const std::string& get(Key key) const;
  int number(Key key) const;
  /// An empty value deletes. At most 48 characters.
  Task<void> set(Key key, std::string value);
  /// All of the store at once: a cut leaves what was there, or this.
  Task<void> replace(std::map<Key, std::string> values);

 private:
  static constexpr std::uint32_t kRecord = 64;
  std::uint32_t bank(int index) const {
    return region_.address + static_cast<std::uint32_t>(index) * region_.size / 2;
  }
  std::uint32_t records() const { return region_.size / 2 / kRecord; }
  Task<void> move_to_other_bank();
  Task<void> rewrite_in_place();

  NorFlash& flash_;
  Region region_;
  const Defects& defects_;
  Mutex turn_;
  int bank_ = 0;
  std::uint32_t generation_ = 0;
  std::uint32_t next_ = 1;
  std::map<Key, std::string> values_;
};

}  // namespace lockrig::twin
