// Who an image is for, and which one it is.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lockrig::image {

/// Ordered as MCUboot orders versions, the build number last.
struct Version {
  std::uint8_t major = 0;
  std::uint8_t minor = 0;
  std::uint16_t revision = 0;
  std::uint32_t build = 0;

  auto operator<=>(const Version&) const = default;

  /// "2.4.0" or "2.4.0+17", as imgtool writes it; nullopt for anything else.
  static std::optional<Version> parse(std::string_view text);
  /// Without "+build" if that is 0.
  std::string to_string() const;
};

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Uuid&) const = default;

  /// "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", either case; nullopt for anything else.
  static std::optional<Uuid> parse(std::string_view text);
  /// In lower case.
  std::string to_string() const;
};

struct Identity {
  Uuid vendor;
  Uuid device_class;
  std::uint32_t hardware_mask = 0;  ///< bit n: revision 'A' + n may run it
  std::uint32_t security_counter = 0;

  bool operator==(const Identity&) const = default;

  /// `revision` is a letter from 'A' to 'Z'; any other is fitted by no image.
  bool fits_revision(char revision) const;
};

}  // namespace lockrig::image
