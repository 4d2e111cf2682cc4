// What the host remembers of a station between runs: whether it knows what is on the
// board, what the doctor measured, when the shams last showed that faults are found.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace lockrig::io {

/// Whether the board holds what the last run left there on purpose. Unknown: back to
/// baseline before its next trial.
struct BoardMark {
  bool known = false;
  std::string why;
  std::string since;  // utc_text()
  bool operator==(const BoardMark&) const = default;
};

/// $LOCKRIG_STATE, else $XDG_STATE_HOME/lockrig, else ~/.local/state/lockrig. Makes the
/// folder; std::invalid_argument if it cannot be written.
std::filesystem::path state_folder();

/// One JSON file a station. Every change is made to the file as it is then, so that
/// what others of the station's holder wrote meanwhile stays (the doctor's
/// calibration), and is on the disk when the call returns; a reader sees the file
/// before it or after it, never a part. REQUIRES: whoever changes it holds the
/// station's lock, and no two of them change it at the same moment.
class StationState {
 public:
  /// The sections that the rig itself uses.
  static constexpr const char* kCalibration = "calibration";      // the doctor's
  static constexpr const char* kLastGoodSham = "last_good_sham";  // {"at", "run"}

  /// Reads the file. One that is not there is a station never seen: its board is
  /// unknown. BadInput, with what to do, for one that is damaged.
  explicit StationState(std::filesystem::path file);

  /// The file of a station in state_folder().
  static std::filesystem::path file_of(const std::filesystem::path& folder,
                                       const std::string& station);

  const std::filesystem::path& file() const { return file_; }

  /// As of the last change by this object, or of its making; get() likewise.
  const BoardMark& board() const { return board_; }
  // BadInput, and nothing is changed, if the file has been damaged meanwhile.

  void mark_unknown(std::string why, std::string since);
  /// The board is at its baseline, or holds what a finished trial put there.
  void clear_mark(std::string since);

  /// A named section, as the text of a JSON value; nullopt if it was never set.
  std::optional<std::string> get(const std::string& section) const;
  /// std::invalid_argument if it is not JSON.
  void set(const std::string& section, const std::string& value);
  void remove(const std::string& section);

 private:
  void load();
  void save() const;

  std::filesystem::path file_;
  BoardMark board_;
  std::map<std::string, std::string> sections_;
};

}  // namespace lockrig::io
