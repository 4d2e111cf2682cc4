#include "rig/twin/settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <stdexcept>

#include "rig/protocol/crc32.hpp"

namespace lockrig::twin {
namespace {

constexpr std::uint32_t kSize = 64;
constexpr std::size_t kValueAt = 6;
constexpr std::size_t kValueMax = 48;
// The first record of a bank: its value is the bank's generation.
constexpr auto kBankHeader = static_cast<Key>(0xf0);

using Record = std::array<std::uint8_t, kSize>;

std::uint32_t checksum(ByteView record) { return crc32(record.subspan(4)); }

// crc32 of the rest, key, length, value, 0xff
Record encode(Key key, const std::string& value) {
  if (value.size() > kValueMax) throw std::invalid_argument("a setting is too long");
  Record record;
  record.fill(0xff);
  record[4] = static_cast<std::uint8_t>(key);
  record[5] = static_cast<std::uint8_t>(value.size());
  std::copy(value.begin(), value.end(), record.begin() + kValueAt);
  const std::uint32_t crc = checksum(record);
  std::memcpy(record.data(), &crc, 4);
  return record;
}

struct Entry {
  Key key;
  std::string value;
};

std::optional<Entry> decode(ByteView record) {
  std::uint32_t crc;
  std::memcpy(&crc, record.data(), 4);
  if (record[5] > kValueMax || crc != checksum(record)) return std::nullopt;
  const auto value = record.subspan(kValueAt, record[5]);
  return Entry{static_cast<Key>(record[4]), std::string(value.begin(), value.end())};
}

bool all(ByteView bytes, std::uint8_t value) {
  return std::all_of(bytes.begin(), bytes.end(),
                     [value](std::uint8_t byte) { return byte == value; });
}

}  // namespace

Settings::Settings(World& world, NorFlash& flash, const Region& region,
                   const Defects& defects)
    : flash_(flash), region_(region), defects_(defects), turn_(world) {}

void Settings::program(FlashContent& content, const Region& region,
                       const std::map<Key, std::string>& values) {
  std::uint32_t at = region.address;
  content.program(at, encode(kBankHeader, "1"));
  for (const auto& [key, value] : values) {
    content.program(at += kSize, encode(key, value));
  }
}

Task<bool> Settings::load() {
  bool found = false;
  for (int index = 0; index < 2; ++index) {
    const auto header = decode(flash_.read(bank(index), kSize));
    if (!header || header->key != kBankHeader) continue;
    const auto generation = static_cast<std::uint32_t>(std::stoul(header->value));
    if (found && generation < generation_) continue;
    found = true;
    bank_ = index;
    generation_ = generation;
  }
  if (!found) co_return false;
  // What reads as valid now must still do so at the next boot.
  const Record firm_header = encode(kBankHeader, std::to_string(generation_));
  co_await flash_.program(bank(bank_), firm_header);

  const Bytes content = flash_.read(bank(bank_), region_.size / 2);
  for (next_ = 1; next_ < records(); ++next_) {
    const ByteView record = ByteView(content).subspan(next_ * kSize, kSize);
    if (all(record, 0xff)) break;
    if (const auto entry = decode(record)) values_[entry->key] = entry->value;
  }
  if (next_ > 1) {
    // The last record may be torn: make it firm, or void for good.
    const std::uint32_t last = next_ - 1;
    const ByteView record = ByteView(content).subspan(last * kSize, kSize);
    const Bytes firm =
        decode(record) ? Bytes(record.begin(), record.end()) : Bytes(kSize, 0);
    if (!all(record, 0)) co_await flash_.program(bank(bank_) + last * kSize, firm);
  }
  co_return true;
}

const std::string& Settings::get(Key key) const {
  static const std::string none;
  const auto found = values_.find(key);
  return found == values_.end() ? none : found->second;
}

int Settings::number(Key key) const {
  const std::string& text = get(key);
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Task<void> Settings::set(Key key, std::string value) {
  const auto guard = co_await turn_.lock();
  if (get(key) == value) co_return;
  const Record record = encode(key, value);
  values_[key] = std::move(value);
  const bool is_code = key == Key::programming_code || key >= Key::user_code;
  if (is_code && defects_.has(kTornSettings)) {
    co_await rewrite_in_place();
    co_return;
  }
  if (next_ == records()) {
    if (defects_.has(kSettingsMovedInPlace)) {
      co_await rewrite_in_place();
    } else {
      co_await move_to_other_bank();
    }
  } else {
    co_await flash_.program(bank(bank_) + next_ * kSize, record);
    ++next_;
  }
}

Task<void> Settings::replace(std::map<Key, std::string> values) {
  const auto guard = co_await turn_.lock();
  values_ = std::move(values);
  if (defects_.has(kFactoryResetHalf)) {
    co_await rewrite_in_place();
  } else {
    co_await move_to_other_bank();
  }
}

// The header that makes the new bank count is written last.
Task<void> Settings::move_to_other_bank() {
  const int other = 1 - bank_;
  const bool counted_early = defects_.has(kSettingsCountedEarly);
  const Record header = encode(kBankHeader, std::to_string(generation_ + 1));
  for (std::uint32_t at = 0; at < region_.size / 2; at += kSectorSize) {
    co_await flash_.erase(bank(other) + at);
    if (counted_early && at == 0) co_await flash_.program(bank(other), header);
  }
  next_ = 1;
  for (const auto& [key, value] : values_) {
    if (value.empty()) continue;
    const Record record = encode(key, value);
    co_await flash_.program(bank(other) + next_ * kSize, record);
    ++next_;
  }
  bank_ = other;
  ++generation_;
  if (!counted_early) co_await flash_.program(bank(bank_), header);
}

// Of three defects: nothing else holds the codes while this runs.
Task<void> Settings::rewrite_in_place() {
  for (std::uint32_t at = 0; at < region_.size / 2; at += kSectorSize) {
    co_await flash_.erase(bank(bank_) + at);
  }
  const Record header = encode(kBankHeader, std::to_string(generation_));
  co_await flash_.program(bank(bank_), header);
  next_ = 1;
  for (const auto& [key, value] : values_) {
    if (value.empty()) continue;
    const Record record = encode(key, value);
    co_await flash_.program(bank(bank_) + next_ * kSize, record);
    ++next_;
  }
}

}  // namespace lockrig::twin
