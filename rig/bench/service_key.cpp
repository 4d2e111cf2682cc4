#include "rig/bench/service_key.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "rig/protocol/service_key.hpp"

namespace lockrig::bench {
namespace {

constexpr const char* kOfAll = "LOCKRIG_SERVICE_KEY";

// 128 bits are beyond guessing; beyond 64 bytes HMAC-SHA256 uses a hash of the key.
constexpr std::size_t kMinBytes = 16, kMaxBytes = 64;

std::string variable_of(const std::string& station) {
  std::string name = std::string(kOfAll) + "_" + station;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]), low = digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return bytes;
}

/// nullopt where it is not set.
std::optional<Bytes> key_in(const std::string& variable) {
  const char* const value = std::getenv(variable.c_str());
  if (value == nullptr) return std::nullopt;
  auto key = from_hex(value);
  if (!key || key->size() < kMinBytes || key->size() > kMaxBytes) {
    throw std::invalid_argument("$" + variable +
                                " is no service key: 16 to 64 bytes in hex");
  }
  return key;
}

}  // namespace

std::optional<lock::Credential> service_credential(const StationEntry& entry,
                                                   const BoardFile& board, Kind kind) {
  if (!board.demands_service_key || entry.profile) return std::nullopt;
  const std::string own = variable_of(entry.name);
  auto key = key_in(own);
  if (!key) key = key_in(kOfAll);
  const bool twin = kind == Kind::virtual_twins || kind == Kind::rehearsal;
  if (!key && twin) key = smp::twin_service_key(entry.serial);
  if (!key) {
    throw std::invalid_argument("station " + entry.name + ": a " + entry.board +
                                " demands a service key: set $" + own + " or $" +
                                kOfAll);
  }
  return lock::Credential{std::move(*key), entry.serial};
}

Bytes twin_service_key(const StationEntry& entry, const BoardFile& board, Kind kind) {
  auto credential = service_credential(entry, board, kind);
  return credential ? std::move(credential->key) : Bytes{};
}

}  // namespace lockrig::bench
