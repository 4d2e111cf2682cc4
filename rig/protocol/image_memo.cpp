#include "rig/protocol/image_memo.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

namespace lockrig::image {
namespace {

// The newest kSize answers; searched from end to end, for that costs less than one
// comparison of what it saves.
template <typename Key, typename Value>
class Memo {
 public:
  template <typename Compute>
  Value get(const Key& key, Compute compute) {
    const auto end = keys_.begin() + static_cast<std::ptrdiff_t>(used_);
    const auto hit = std::find(keys_.begin(), end, key);
    if (hit != end) return values_[static_cast<std::size_t>(hit - keys_.begin())];
    const Value value = compute();
    keys_[next_] = key;
    values_[next_] = value;
    next_ = (next_ + 1) % kSize;
    used_ = std::max(used_, next_ == 0 ? kSize : next_);
    return value;
  }

 private:
  static constexpr std::size_t kSize = 64;
  std::array<Key, kSize> keys_;
  std::array<Value, kSize> values_;
  std::size_t used_ = 0;
  std::size_t next_ = 0;
};

// Images with their digests, the last one asked for first.
class Images {
 public:
  Digest digest_of(ByteView bytes) {
    auto image = std::find_if(images_.begin(), images_.end(), [bytes](const Image& i) {
      return i.content.size() == bytes.size() &&
             std::memcmp(i.content.data(), bytes.data(), bytes.size()) == 0;
    });
    if (image == images_.end()) {
      const Digest digest = sha256(bytes);
      if (images_.size() < kSize) images_.emplace_back();
      image = images_.end() - 1;
      *image = {Bytes(bytes.begin(), bytes.end()), digest};
    }
    std::rotate(images_.begin(), image, image + 1);
    return images_.front().digest;
  }

 private:
  struct Image {
    Bytes content;
    Digest digest;
  };
  // More than the few that a trial verifies.
  static constexpr std::size_t kSize = 8;
  std::vector<Image> images_;
};

struct Question {
  Signature signature;
  Digest digest;
  std::array<std::uint8_t, 32> key;
  bool operator==(const Question&) const = default;
};

}  // namespace

Digest remembered_sha256(ByteView bytes) {
  thread_local Images images;
  if (bytes.empty()) return sha256(bytes);
  return images.digest_of(bytes);
}

bool remembered_verify(const PublicKey& key, const Digest& digest,
                       const Signature& signature) {
  thread_local Memo<Question, bool> memo;
  return memo.get(Question{signature, digest, key.raw()},
                  [&] { return key.verify(digest, signature); });
}

}  // namespace lockrig::image
