// The line that a lock prints at every boot.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lockrig::lock {

/// "6000i-A 2.3.0 boot 5 cause power_on"
struct Banner {
  std::string board;  // may have rubbish before it: the rest of a line that was cut
  std::string version;
  std::uint32_t boots = 0;
  std::string cause;

  bool operator==(const Banner&) const = default;
};

/// nullopt for any other line.
std::optional<Banner> parse_banner(std::string_view line);

}  // namespace lockrig::lock
