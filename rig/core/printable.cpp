#include "rig/core/printable.hpp"

#include <fmt/format.h>

namespace lockrig {
namespace {

constexpr std::size_t kShown = 300;

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  for (const char c : text.substr(0, kShown)) {
    if (c == '\n') {
      result += "\\n";
    } else if (c < ' ' || c > '~') {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      result += c;
    }
  }
  return text.size() > kShown ? result + "..." : result;
}

}  // namespace lockrig
