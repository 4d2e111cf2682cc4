#include "rig/twin/audit_log.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "rig/protocol/crc32.hpp"

namespace lockrig::twin {
namespace {

// crc32 of the rest, sequence, boot, length, text
constexpr std::size_t kTextAt = 13;
constexpr std::size_t kTextMax = 48;

std::uint32_t checksum(ByteView record) { return crc32(record.subspan(4)); }

bool all(ByteView bytes, std::uint8_t value) {
  return std::all_of(bytes.begin(), bytes.end(),
                     [value](std::uint8_t byte) { return byte == value; });
}

std::uint32_t word(ByteView record, std::size_t at) {
  std::uint32_t value;
  std::memcpy(&value, record.data() + at, 4);
  return value;
}

std::uint32_t sequence_of(ByteView record) { return word(record, 4); }

/// A whole event after that sequence. What is not asked for is told by its sequence
/// alone, before its checksum costs anything; a blank record's length is too long.
bool is_after(ByteView record, std::uint32_t sequence) {
  return record[12] <= kTextMax && sequence_of(record) > sequence &&
         word(record, 0) == checksum(record);
}

Event event_of(ByteView record) {
  const auto text = record.subspan(kTextAt, record[12]);
  return {sequence_of(record), word(record, 8), std::string(text.begin(), text.end())};
}

}  // namespace

Task<void> AuditLog::load() {
  std::uint32_t last = records() - 1;
  for (std::uint32_t slot = 0; slot < records(); ++slot) {
    const ByteView it = record(slot);
    if (!is_after(it, newest_)) continue;
    newest_ = sequence_of(it);
    last = slot;
  }
  if (newest_ > 0) {
    // It may be torn: make it firm.
    const Bytes firm = flash_.read(address(last), kRecord);
    co_await flash_.program(address(last), firm);
  }
  if (defects_.has(kLogRestartsSequence)) newest_ = 0;
  next_ = (last + 1) % records();
  if (defects_.has(kLogTailNotVoided)) co_return;
  const Bytes ahead = flash_.read(address(next_), kRecord);
  if (next_ % (kSectorSize / kRecord) != 0 && !all(ahead, 0xff)) {
    // A torn record, which might read as whole some day: void it and step over.
    const Bytes zero(kRecord, 0);
    if (!all(ahead, 0)) co_await flash_.program(address(next_), zero);
    next_ = (next_ + 1) % records();
  }
}

Task<void> AuditLog::add(std::uint32_t boot, std::string text) {
  const auto guard = co_await turn_.lock();
  std::array<std::uint8_t, kRecord> record;
  record.fill(0xff);
  const std::uint32_t sequence = newest_ + 1;
  std::memcpy(record.data() + 4, &sequence, 4);
  std::memcpy(record.data() + 8, &boot, 4);
  const std::size_t length = std::min(text.size(), kTextMax);
  record[12] = static_cast<std::uint8_t>(length);
  std::copy_n(text.begin(), length, record.begin() + kTextAt);
  const std::uint32_t crc = checksum(record);
  std::memcpy(record.data(), &crc, 4);
  if (next_ % (kSectorSize / kRecord) == 0 &&
      !flash_.blank(address(next_), kSectorSize)) {
    co_await flash_.erase(address(next_));
  }
  co_await flash_.program(address(next_), record);
  newest_ = sequence;
  next_ = (next_ + 1) % records();
}

std::vector<Event> AuditLog::after(std::uint32_t sequence, std::size_t most) const {
  std::vector<Event> events;
  for (std::uint32_t slot = 0; slot < records(); ++slot) {
    const ByteView it = record(slot);
    if (is_after(it, sequence)) events.push_back(event_of(it));
  }
  std::sort(events.begin(), events.end(),
            [](const Event& a, const Event& b) { return a.sequence < b.sequence; });
  if (events.size() > most) events.resize(most);
  return events;
}

}  // namespace lockrig::twin
