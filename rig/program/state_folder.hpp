// What survives in a board that is a program: the files of one folder.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "rig/core/flash_probe.hpp"
#include "rig/core/units.hpp"

namespace lockrig::program {

/// Files and folders by their path in the folder.
struct Files final : Durable {
  std::map<std::string, Bytes> content;
  std::set<std::string> folders;   // empty ones, too
  std::set<std::string> programs;  // files that their owner may run
};

/// Most that one holds: a board's flash, not a disk of gigabytes.
inline constexpr std::uintmax_t kMostStateBytes = 64 << 20;

/// All files below `folder`. std::runtime_error if it cannot be read or holds more than
/// kMostStateBytes. REQUIRES: nobody writes there.
std::shared_ptr<const Files> read_state(const std::filesystem::path& folder);

/// Makes the folder hold these files and no other. std::runtime_error if it cannot.
void write_state(const std::filesystem::path& folder, const Files& files);

}  // namespace lockrig::program
