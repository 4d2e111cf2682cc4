#include "rig/lock/banner.hpp"

#include <array>
#include <charconv>

namespace lockrig::lock {

std::optional<Banner> parse_banner(std::string_view line) {
  std::array<std::string_view, 6> words;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool last = i + 1 == words.size();
    const std::size_t end = last ? line.size() : line.find(' ');
    if (end == std::string_view::npos || end == 0) return std::nullopt;
    words[i] = line.substr(0, end);
    line.remove_prefix(last ? end : end + 1);
  }
  const auto [board, version, boot, number, cause_word, cause] = words;
  if (boot != "boot" || cause_word != "cause") return std::nullopt;
  std::uint32_t boots = 0;
  const char* const stop = number.data() + number.size();
  const auto [end, error] = std::from_chars(number.data(), stop, boots);
  if (error != std::errc{} || end != stop) return std::nullopt;
  return Banner{std::string(board), std::string(version), boots, std::string(cause)};
}

}  // namespace lockrig::lock
