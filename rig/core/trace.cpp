#include "rig/core/trace.hpp"

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace lockrig {
namespace {

std::string_view view(ByteView data) {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

}  // namespace

/// Most of what is hashed is some words long: it is gathered first, for a call of the
/// hash costs more.
struct Trace::Hash {
  void update(const void* data, std::size_t size) {
    if (size > sizeof gathered - count) {
      flush();
      if (size > sizeof gathered) {
        XXH3_128bits_update(&state, data, size);
        return;
      }
    }
    std::memcpy(gathered + count, data, size);
    count += size;
  }
  void flush() { XXH3_128bits_update(&state, gathered, std::exchange(count, 0)); }

  XXH3_state_t state;
  std::size_t count = 0;
  char gathered[1024];
};

Trace::Trace() : hash_(std::make_unique<Hash>()) { XXH3_128bits_reset(&hash_->state); }

Trace::~Trace() = default;

Trace::Channel Trace::channel(std::string_view name) {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found != names_.end()) return static_cast<Channel>(found - names_.begin());
  names_.emplace_back(name);
  hash_->update(name.data(), name.size());
  return static_cast<Channel>(names_.size() - 1);
}

void Trace::absorb(Kind kind, Channel channel, Instant at, std::int64_t extra,
                   std::string_view data) {
  const std::int64_t head[] = {
      static_cast<std::int64_t>(kind) << 32 | static_cast<std::int64_t>(channel),
      at.time_since_epoch().count(), extra, static_cast<std::int64_t>(data.size())};
  hash_->update(head, sizeof head);
  if (!data.empty()) hash_->update(data.data(), data.size());
  ++count_;
}

void Trace::edge(Channel channel, Instant at, bool level) {
  absorb(Kind::edge, channel, at, level ? 1 : 0, {});
  if (keep_) events_.push_back({Kind::edge, channel, at, level, {}, {}});
}

void Trace::bytes(Channel channel, Instant start, Duration byte_period, ByteView data) {
  absorb(Kind::bytes, channel, start, byte_period.count(), view(data));
  if (keep_) {
    events_.push_back(
        {Kind::bytes, channel, start, false, byte_period, std::string(view(data))});
  }
}

void Trace::note(Channel channel, Instant at, std::string_view text) {
  absorb(Kind::note, channel, at, 0, text);
  if (keep_) {
    events_.push_back({Kind::note, channel, at, false, {}, std::string(text)});
  }
}

std::string Trace::hash() const {
  hash_->flush();
  const XXH128_hash_t digest = XXH3_128bits_digest(&hash_->state);
  return fmt::format("{:016x}{:016x}", digest.high64, digest.low64);
}

}  // namespace lockrig
