// A bench: all stations of one host, as fixtures/benches/<name>.toml has them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lockrig::bench {

struct StationEntry {
  std::string name;              // "A1"
  std::string board;             // "6000i-A"
  std::string serial;            // of the lock
  std::string user_code;         // on its slip, as it left the factory
  std::string programming_code;  // likewise
  std::vector<std::string> defects;
  std::string on_exit;  // what becomes of its power: "off" or "keep"
};

struct BenchFile {
  std::string path;
  std::string kind;  // "virtual"
  std::filesystem::path boards_dir;
  std::vector<StationEntry> stations;  // in the order of the file
};

/// BadInput, with file, line and key, for every mistake: in the file itself, and in the
/// boards that it names. Two stations never share a serial, nor codes unless both have
/// the defect shared-codes; nor does a lock without it have a preset that is known to
/// the world (codes.csv).
BenchFile load_bench(const std::filesystem::path& path);

}  // namespace lockrig::bench
