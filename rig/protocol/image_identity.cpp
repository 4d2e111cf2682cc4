#include "rig/protocol/image_identity.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstddef>

namespace lockrig::image {
namespace {

// Reads digits of `base` into `to` and moves `text` past them.
template <typename T>
bool take_number(std::string_view& text, T& to, int base = 10) {
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), to, base);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

constexpr bool dash_before(std::size_t byte) {
  return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

}  // namespace

std::optional<Version> Version::parse(std::string_view text) {
  Version v;
  if (!take_number(text, v.major) || !take(text, '.') || !take_number(text, v.minor) ||
      !take(text, '.') || !take_number(text, v.revision)) {
    return std::nullopt;
  }
  if (!text.empty() && (!take(text, '+') || !take_number(text, v.build))) {
    return std::nullopt;
  }
  return text.empty() ? std::optional(v) : std::nullopt;
}

std::string Version::to_string() const {
  std::string text = fmt::format("{}.{}.{}", major, minor, revision);
  if (build != 0) text += fmt::format("+{}", build);
  return text;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  Uuid uuid;
  for (std::size_t i = 0; i < uuid.bytes.size(); ++i) {
    if (dash_before(i) && !take(text, '-')) return std::nullopt;
    std::string_view pair = text.substr(0, 2);
    if (pair.size() != 2 || !take_number(pair, uuid.bytes[i], 16) || !pair.empty()) {
      return std::nullopt;
    }
    text.remove_prefix(2);
  }
  return text.empty() ? std::optional(uuid) : std::nullopt;
}

std::string Uuid::to_string() const {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (dash_before(i)) text += '-';
    text += fmt::format("{:02x}", bytes[i]);
  }
  return text;
}

bool Identity::fits_revision(char revision) const {
  return revision >= 'A' && revision <= 'Z' &&
         (hardware_mask >> (revision - 'A') & 1) != 0;
}

}  // namespace lockrig::image
