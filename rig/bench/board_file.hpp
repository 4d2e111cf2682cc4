// What the rig knows of a kind of lock: the folder fixtures/boards/<model> with
// board.toml, wiring.csv, keypad.csv and codes.csv. fixtures/README.md has the keys.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "rig/protocol/keypad_map.hpp"
#include "rig/protocol/wiring.hpp"
#include "rig/trial/limits.hpp"
#include "rig/twin/lock_model.hpp"

namespace lockrig::bench {

class TomlFile;

struct BoardFile {
  /// False for a board that is only powered and spoken to: it has a rail and limits.
  bool is_lock = true;
  twin::LockModel model;
  /// Its service port takes no write without the unit's key (service_key.hpp).
  bool demands_service_key = false;
  mpsse::Wiring wiring{{}};
  mpsse::KeypadMap keys{{}};
  trial::Limits limits;
  /// Presets of the factory that are known to the world: no lock may take them once it
  /// is set up.
  std::vector<std::string> default_users, default_programming;
};

/// "6000i-A", "6000i-B", "7000i-A": model and revision of every board in a folder.
std::vector<std::string> board_names(const std::filesystem::path& boards_dir);

/// What a bench says of its boards otherwise than their own files do: `table` of `file`
/// holds sections of board.toml (but identity and revision).
struct Overlay {
  const TomlFile& file;
  std::string table;
};

/// The trusted key's path in board.toml counts from the folder above `boards_dir`.
/// BadInput for every mistake, in the other revisions of the model too, and for a board
/// that is not there. Costs some 1 ms: load once a bench, not once a trial.
BoardFile load_board(const std::filesystem::path& boards_dir, const std::string& board,
                     const Overlay* overlay = nullptr);

}  // namespace lockrig::bench
