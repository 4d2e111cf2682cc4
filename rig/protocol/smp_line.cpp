#include "rig/protocol/smp_line.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "rig/protocol/base64.hpp"
#include "rig/protocol/crc16.hpp"

namespace lockrig::smp {
namespace {

using Marker = std::array<std::uint8_t, 2>;
constexpr Marker kFirst = {0x06, 0x09};
constexpr Marker kContinuation = {0x04, 0x14};
constexpr std::uint8_t kLineEnd = 0x0a;
constexpr std::size_t kCrcSize = 2;

std::size_t find(ByteView bytes, Marker marker) {
  for (std::size_t at = 0; at + 1 < bytes.size(); ++at) {
    const void* hit = std::memchr(bytes.data() + at, marker[0], bytes.size() - at - 1);
    if (hit == nullptr) break;
    at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(hit) - bytes.data());
    if (bytes[at + 1] == marker[1]) return at;
  }
  return bytes.size();
}

std::size_t find_marker(ByteView bytes) {
  // Nearly every line begins with one.
  if (bytes.size() > 1 &&
      ((bytes[0] == kFirst[0] && bytes[1] == kFirst[1]) ||
       (bytes[0] == kContinuation[0] && bytes[1] == kContinuation[1]))) {
    return 0;
  }
  const std::size_t first = find(bytes, kFirst);
  return std::min(first, find(bytes.first(first), kContinuation));
}

template <typename T>
void push_bounded(std::deque<T>& queue, T value, std::uint32_t& dropped) {
  if (queue.size() == LineDecoder::kMaxQueued) {
    queue.pop_front();
    ++dropped;
  }
  queue.push_back(std::move(value));
}

template <typename T>
std::optional<T> pop(std::deque<T>& queue) {
  if (queue.empty()) return std::nullopt;
  std::optional<T> value(std::move(queue.front()));
  queue.pop_front();
  return value;
}

}  // namespace

void encode_frame(ByteView message, Bytes& out) {
  if (message.size() > kMaxMessage) {
    throw std::invalid_argument("an SMP frame carries at most 65533 bytes");
  }
  const std::size_t length = message.size() + kCrcSize;
  const std::uint16_t crc = crc16(message);
  const std::size_t lines = (2 + length + kBytesPerLine - 1) / kBytesPerLine;
  const std::size_t tail = 2 + length - (lines - 1) * kBytesPerLine;
  out.resize((lines - 1) * kMaxLine + 3 + base64_size(tail));

  std::uint8_t* to = out.data();
  const auto put_line = [&to](const Marker& marker, ByteView bytes) {
    to = std::copy(marker.begin(), marker.end(), to);
    base64_encode(bytes, {to, base64_size(bytes.size())});
    to += base64_size(bytes.size());
    *to++ = kLineEnd;
  };
  std::array<std::uint8_t, kBytesPerLine> raw;
  raw[0] = static_cast<std::uint8_t>(length >> 8);
  raw[1] = static_cast<std::uint8_t>(length);
  std::size_t filled = 2;
  std::size_t crc_taken = 0;
  for (std::size_t line = 0; line < lines; ++line) {
    const Marker& marker = line == 0 ? kFirst : kContinuation;
    if (filled == 0 && message.size() >= kBytesPerLine) {
      put_line(marker, message.first(kBytesPerLine));
      message = message.subspan(kBytesPerLine);
      continue;
    }
    const std::size_t part = std::min(message.size(), kBytesPerLine - filled);
    if (part > 0) std::memcpy(raw.data() + filled, message.data(), part);
    message = message.subspan(part);
    filled += part;
    while (filled < kBytesPerLine && crc_taken < kCrcSize) {
      raw[filled++] = static_cast<std::uint8_t>(crc >> (crc_taken++ == 0 ? 8 : 0));
    }
    put_line(marker, ByteView(raw).first(filled));
    filled = 0;
  }
}

Bytes encode_frame(ByteView message) {
  Bytes out;
  encode_frame(message, out);
  return out;
}

LineDecoder::LineDecoder(std::size_t max_message)
    : max_message_(std::min(max_message, kMaxMessage)) {}

void LineDecoder::feed(ByteView bytes) {
  while (!bytes.empty()) {
    const void* hit = std::memchr(bytes.data(), kLineEnd, bytes.size());
    const std::size_t line_size =
        hit == nullptr ? bytes.size()
                       : static_cast<std::size_t>(
                             static_cast<const std::uint8_t*>(hit) - bytes.data());
    if (hit != nullptr && line_.empty() && line_size <= kMaxText) {
      take_line(bytes.first(line_size));
      bytes = bytes.subspan(line_size + 1);
      continue;
    }
    const ByteView part = bytes.first(std::min(line_size, kMaxText - line_.size()));
    line_.insert(line_.end(), part.begin(), part.end());
    if (part.size() < line_size) {
      // Too long to be one line; its end may yet be the start of a whole SMP line.
      take_line(ByteView(line_).first(kMaxText - kMaxLine));
      line_.erase(line_.begin(), line_.end() - kMaxLine);
      bytes = bytes.subspan(part.size());
      continue;
    }
    bytes = bytes.subspan(line_size);
    if (hit == nullptr) return;
    take_line(line_);
    line_.clear();
    bytes = bytes.subspan(1);
  }
}

std::optional<Bytes> LineDecoder::next_message() { return pop(messages_); }

std::optional<std::string> LineDecoder::next_text_line() { return pop(texts_); }

void LineDecoder::take_line(ByteView line) {
  if (!line.empty() && line.back() == '\r') line = line.first(line.size() - 1);
  const std::size_t text = find_marker(line);
  add_text(line.first(text));
  line = line.subspan(text);
  while (!line.empty()) {
    Decoded decoded;
    // What is base64 to its end holds no other marker: nearly every line.
    decode(line, decoded);
    std::size_t size = line.size();
    if (!decoded.size) {
      size = 2 + find_marker(line.subspan(2));
      if (size < line.size()) decode(line.first(size), decoded);
    }
    take_fragment(line.first(size), decoded);
    line = line.subspan(size);
  }
}

void LineDecoder::decode(ByteView fragment, Decoded& to) {
  if (fragment.size() < kMaxLine) {
    to.size = base64_decode(fragment.subspan(2), to.room);
  }
}

void LineDecoder::take_fragment(ByteView fragment, const Decoded& decoded) {
  const bool is_first = fragment[0] == kFirst[0];
  const bool was_inside = awaited_ != 0;
  if (is_first) {
    errors_.interrupted += was_inside;
    awaited_ = 0;
  }
  if (!decoded.size) {
    ++(fragment.size() >= kMaxLine ? errors_.overflow : errors_.bad_base64);
    awaited_ = 0;
    add_text(fragment.subspan(2));
    return;
  }
  const ByteView bytes = ByteView(decoded.room).first(*decoded.size);
  if (!is_first) {
    if (was_inside) {
      take_bytes(bytes);
    } else {
      ++errors_.stray_continuation;
    }
    return;
  }
  const std::size_t length = bytes.size() < 2 ? 0 : bytes[0] << 8 | bytes[1];
  if (length < kCrcSize) {
    ++errors_.bad_length;
  } else if (length - kCrcSize > max_message_) {
    ++errors_.overflow;
  } else {
    awaited_ = length;
    frame_.clear();
    frame_.reserve(length);
    take_bytes(bytes.subspan(2));
  }
}

void LineDecoder::take_bytes(ByteView bytes) {
  if (bytes.size() > awaited_ - frame_.size()) {
    ++errors_.bad_length;
    awaited_ = 0;
    return;
  }
  frame_.insert(frame_.end(), bytes.begin(), bytes.end());
  if (frame_.size() < awaited_) return;
  awaited_ = 0;
  if (crc16(frame_) != 0) {
    ++errors_.bad_crc;
    return;
  }
  frame_.resize(frame_.size() - kCrcSize);
  push_bounded(messages_, std::exchange(frame_, {}), errors_.dropped);
}

void LineDecoder::add_text(ByteView text) {
  if (text.empty()) return;
  push_bounded(texts_, std::string(text.begin(), text.end()), errors_.dropped);
}

}  // namespace lockrig::smp
