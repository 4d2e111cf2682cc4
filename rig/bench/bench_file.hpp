// A bench: all stations of one host, as fixtures/benches/<name>.toml has them.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rig/bench/board_file.hpp"
#include "rig/lock/text_profile.hpp"
#include "rig/program/program_board.hpp"
#include "rig/station/keypad.hpp"
#include "rig/station/supply.hpp"
#include "rig/trial/rig.hpp"

namespace lockrig::bench {

/// virtual: twins in simulated time. hardware: boards behind FTDI chips and serial
/// ports. rehearsal: the same code as hardware, with paced twins behind emulated ones.
/// programs: boards that are programs, in paced time.
enum class Kind { virtual_twins, rehearsal, hardware, programs };

/// "virtual", "rehearsal", "hardware", "programs"
const char* to_string(Kind kind);

/// The FTDI chip whose MPSSE channel drives a station's lines.
struct GpioEntry {
  std::string chip = "FT2232H";
  std::string usb_serial;
};

/// A serial line: by the USB serial number and interface of its device, or by path
/// where it has none.
struct SerialEntry {
  std::string usb_serial;
  int interface = 0;
  std::string path;
  int baud = 0;
};

/// What a programmable supply may be asked for.
struct SupplyEntry {
  std::optional<SerialEntry> line;  // empty: the virtual bench's own instrument
  station::SupplyConfig config;
};

/// The block device of a program: an empty one, or as a file has it.
struct DiskEntry {
  int kib = 0;
  std::filesystem::path image;
  std::uint32_t unit = 1;  // a torn write ends where one of so many bytes does
};

/// A board that is a program (docs/program-boards.md).
struct ProgramEntry {
  std::vector<std::string> run;
  std::filesystem::path folder;  // it runs in the bench file's
  std::filesystem::path state;   // files that it begins with; "" for none
  program::ConsoleKind console = program::ConsoleKind::none;
  bool lines = false;
  bool flash_ops = false;
  bool tears = false;
  std::optional<DiskEntry> disk;
};

struct StationEntry {
  std::string name;                  // "A1"
  std::string board;                 // "6000i-A"
  std::string serial;                // of the lock
  std::string user_code;             // on its slip, as it left the factory
  std::string programming_code;      // likewise
  std::vector<std::string> defects;  // of a twin
  std::string on_exit;               // what becomes of its power: "off" or "keep"
  trial::Return returns{};           // how the lock gets back to its baseline
  bool reset_key = false;            // the interlock of R is closed
  Duration min_off{};                // between power off and on
  Duration key_drive_max{};          // that a key may stay pressed
  station::KeypadTimings keys{};     // how fast the rig types
  std::optional<SupplyEntry> supply;
  /// Its console speaks text by that; SMP where there is none.
  std::shared_ptr<const lock::TextProfile> profile;
  /// The codes on its slip are the ones that it is to have: nothing is programmed.
  bool keeps_slip_codes = false;

  // Of a bench of programs.
  ProgramEntry program;

  // Of a virtual bench.
  std::vector<std::string> station_faults;  // what is wrong with the rig (harness.hpp)

  // Of a real one.
  GpioEntry gpio;
  mpsse::Wiring wiring{{}};  // the station's own file, or the board's
  std::optional<SerialEntry> console;
  std::string portal;  // where the lock's web service listens, "ADDRESS:PORT"
  std::vector<std::string> probe;  // run as `... save NAME` and `... restore NAME`
};

struct BenchFile {
  std::string path;
  Kind kind = Kind::virtual_twins;
  std::filesystem::path boards_dir;
  std::size_t image_bytes = 0;  // of the images that the rig builds
  /// Equal boards share the cases of a run: each case on one of them.
  bool shared = false;
  std::vector<std::string> nightly;    // catalogue rows and scenarios; empty: the tier
  std::vector<StationEntry> stations;  // in the order of the file
  /// Of every board that a station names, as this bench has it; by its name.
  std::map<std::string, BoardFile> boards;
};

/// BadInput, with file, line and key, for every mistake: in the file itself, and in the
/// boards that it names. Two stations never share a serial, a device or a portal, nor
/// codes unless both have the defect shared-codes; nor does a lock without it have a
/// preset that is known to the world (codes.csv).
BenchFile load_bench(const std::filesystem::path& path);

}  // namespace lockrig::bench
