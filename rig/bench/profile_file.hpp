// The profile of a board with a text console, from TOML: fixtures/README.md has the
// keys.
#pragma once

#include <filesystem>

#include "rig/lock/text_profile.hpp"

namespace lockrig::bench {

/// BadInput, with file, line and key, for every mistake: an expression that is none, a
/// group that is missing, a key that nobody knows.
lock::TextProfile load_profile(const std::filesystem::path& path);

}  // namespace lockrig::bench
