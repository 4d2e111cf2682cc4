// One holder a station: who drives its device, and how the next one learns who that is.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace lockrig::io {

/// Somebody else has the station. One line: "station A1 is held by ana, process 4711
/// (./lockrig nightly), since 2026-11-22 21:04:05 UTC".
class StationHeld : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// $LOCKRIG_LOCKS, else /run/lock/lockrig, else $XDG_RUNTIME_DIR/lockrig, else
/// /tmp/lockrig-<uid>: the first that can be written. Only the first two hold apart
/// people of different accounts. Makes the folder, with mode 1777 in /run/lock, so that
/// all may lock there and nobody removes another's lock. std::invalid_argument if
/// $LOCKRIG_LOCKS is set and cannot be written.
std::filesystem::path lock_folder();

/// A name that is safe as a file's, different for different keys: all but letters,
/// digits, '.', '_' and '-' becomes %XX, and so does a leading '.'.
/// std::invalid_argument for an empty key, or one of more than 80 bytes.
std::string file_name(std::string_view key);

/// The kernel lets go (flock) when the last descriptor of the file is closed: however
/// the holder dies, nothing has to be cleaned up. A guard that has inherited the
/// descriptor holds the station on until it is safe.
class StationLock {
 public:
  /// `device` is what the lock is on: the USB serial of the station's chip, so that two
  /// bench files cannot both have it. `since` is utc_text(). StationHeld if somebody
  /// has it, std::invalid_argument if the lock's file cannot be used.
  StationLock(const std::filesystem::path& folder, const std::string& station,
              std::string_view device, std::string_view since);
  StationLock(const StationLock&) = delete;
  StationLock& operator=(const StationLock&) = delete;
  ~StationLock();

  /// For the guard; closed by exec unless it is handed on by name.
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
  int owner_;  // process; a fork's copy must not wipe the note
};

/// For the guard: releases the lock for all copies of the descriptor, also one that a
/// fork of the dead rig still has.
void release_lock(int descriptor);

}  // namespace lockrig::io
