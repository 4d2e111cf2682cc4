#include "rig/protocol/smp_cbor.hpp"

namespace lockrig::smp {
namespace {

// Shortest forms only, no surrogates, nothing above U+10FFFF (RFC 3629 section 4).
bool is_utf8(ByteView text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::uint8_t lead = text[i++];
    if (lead < 0x80) continue;
    const int more = lead >= 0xc2 && lead <= 0xdf   ? 1
                     : (lead & 0xf0) == 0xe0        ? 2
                     : lead >= 0xf0 && lead <= 0xf4 ? 3
                                                    : 0;
    if (more == 0 || text.size() - i < static_cast<std::size_t>(more)) return false;
    const std::uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const std::uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (text[i] < low || text[i] > high) return false;
    for (int k = 1; k < more; ++k) {
      if ((text[i + static_cast<std::size_t>(k)] & 0xc0) != 0x80) return false;
    }
    i += static_cast<std::size_t>(more);
  }
  return true;
}

}  // namespace

std::optional<CborReader::Head> CborReader::head() {
  if (left_.empty()) return std::nullopt;
  const std::uint8_t first = left_[0];
  Head head{static_cast<CborType>(first >> 5), first & 31U, false, 0};
  left_ = left_.subspan(1);
  if (head.argument < 24) return head;
  if (head.argument == 31) {
    head.argument = 0;
    head.indefinite = true;
    const bool may_be = head.type != CborType::unsigned_number &&
                        head.type != CborType::negative_number &&
                        head.type != CborType::tag;
    return may_be ? std::optional(head) : std::nullopt;
  }
  if (head.argument > 27) return std::nullopt;
  head.width = static_cast<std::uint8_t>(1 << (head.argument - 24));
  const auto argument = take(head.width);
  if (!argument) return std::nullopt;
  head.argument = 0;
  for (const std::uint8_t byte : *argument) head.argument = head.argument << 8 | byte;
  return head;
}

std::optional<ByteView> CborReader::take(std::uint64_t size) {
  if (size > left_.size()) return std::nullopt;
  const ByteView taken = left_.first(size);
  left_ = left_.subspan(size);
  return taken;
}

bool CborReader::take_break() {
  if (left_.empty() || left_[0] != 0xff) return false;
  left_ = left_.subspan(1);
  return true;
}

bool CborReader::skip(int depth) {
  const auto item = head();
  if (!item) return false;
  switch (item->type) {
    case CborType::unsigned_number:
    case CborType::negative_number:
      return true;
    case CborType::bytes:
    case CborType::text:
      return skip_string(*item);
    case CborType::array:
    case CborType::map:
      return depth > 0 && skip_items(*item, depth - 1);
    case CborType::tag:
      return false;
    case CborType::simple:
      return !item->indefinite;
  }
  return false;
}

bool CborReader::skip_string(const Head& head) {
  const auto one = [this, &head](std::uint64_t size) {
    const auto content = take(size);
    return content && (head.type == CborType::bytes || is_utf8(*content));
  };
  if (!head.indefinite) return one(head.argument);
  while (!take_break()) {
    const auto chunk = this->head();
    if (!chunk || chunk->type != head.type || chunk->indefinite) return false;
    if (!one(chunk->argument)) return false;
  }
  return true;
}

bool CborReader::skip_items(const Head& head, int depth) {
  // A count beyond the bytes left is a lie that ends with them.
  for (std::uint64_t i = 0; head.indefinite ? !take_break() : i < head.argument; ++i) {
    if (head.type == CborType::map) {
      const auto key = this->head();
      if (!key || key->type != CborType::text || !skip_string(*key)) return false;
    }
    if (!skip(depth)) return false;
  }
  return true;
}

CborWriter& CborWriter::text(std::string_view text) {
  head(CborType::text, static_cast<std::uint32_t>(text.size()));
  out_.insert(out_.end(), text.begin(), text.end());
  return *this;
}

CborWriter& CborWriter::bytes(ByteView bytes) {
  head(CborType::bytes, static_cast<std::uint32_t>(bytes.size()));
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  return *this;
}

CborWriter& CborWriter::head(CborType type, std::uint32_t argument) {
  const auto major = static_cast<std::uint8_t>(static_cast<unsigned>(type) << 5);
  int size = 0;
  if (argument < 24) {
    out_.push_back(static_cast<std::uint8_t>(major | argument));
  } else if (argument <= 0xff) {
    out_.push_back(major | 24);
    size = 1;
  } else if (argument <= 0xffff) {
    out_.push_back(major | 25);
    size = 2;
  } else {
    out_.push_back(major | 26);
    size = 4;
  }
  while (size-- > 0) out_.push_back(static_cast<std::uint8_t>(argument >> (8 * size)));
  return *this;
}

bool well_formed_map(ByteView bytes) {
  if (bytes.empty() || bytes[0] >> 5 != static_cast<int>(CborType::map)) return false;
  CborReader reader(bytes);
  return reader.skip() && reader.at_end();
}

}  // namespace lockrig::smp
