// How an image is handed over by SMP.
#include "rig/lock/push.hpp"

#include <algorithm>
#include <array>

#include "rig/lock/client.hpp"
#include "rig/protocol/image.hpp"

namespace lockrig::lock {
namespace {

// The lock group's codes, from 1.
constexpr std::array<const char*, 8> kRefusals{
    "MODEL", "REVISION", "DOWNGRADE", "SIGNATURE", "FORMAT", "SIZE", "STATE", "LOCKED"};

// The name by which a lock knows the image. An image that cannot be read has none; its
// hash as a file is then as good as any: no lock should take it.
image::Digest hash_of(ByteView file) {
  const auto parsed = image::parse(file);
  const auto* image = std::get_if<image::Parsed>(&parsed);
  return image != nullptr ? image->digest : image::sha256(file);
}

Push ended_by(Failure failure, std::size_t acknowledged) {
  Push push;
  push.acknowledged = acknowledged;
  if (failure.error) push.refusal = refusal_name(*failure.error);
  if (push.refusal.empty()) push.failure = std::move(failure);
  return push;
}

}  // namespace

std::string refusal_name(const smp::Error& error) {
  const bool own = error.group == smp::kGroupLock && error.rc >= 1 &&
                   error.rc <= static_cast<int>(kRefusals.size());
  return own ? kRefusals[static_cast<std::size_t>(error.rc - 1)] : "";
}

/// Uploads: what it came to, not accepted yet. `match`: the lock says that it is good.
/// Image and `match` outlive the call.
Task<Push> Client::hand_over(ByteView image, Progress progress, bool& match) {
  Push push;
  auto note = [&](std::size_t acknowledged) {
    push.acknowledged = std::max(push.acknowledged, acknowledged);
    if (progress) progress(acknowledged);
  };
  auto uploaded = co_await transfer(image, note);
  if (auto* failure = std::get_if<Failure>(&uploaded)) {
    co_return ended_by(std::move(*failure), push.acknowledged);
  }
  push.acknowledged = std::get<Upload>(uploaded).acknowledged;
  match = std::get<Upload>(uploaded).match;
  co_return push;
}

/// The lock has what it needs; a restart that fails is noted beside that. `push`
/// outlives the call.
Task<void> Client::take_effect(Push& push) {
  push.accepted = true;
  auto restarted = co_await restart();
  if (auto* failure = std::get_if<Failure>(&restarted)) {
    push.failure = std::move(*failure);
  }
}

Task<Push> Client::push(ByteView image, Progress progress) {
  auto unlocked = co_await unlock();
  if (auto* failure = std::get_if<Failure>(&unlocked)) {
    co_return ended_by(std::move(*failure), 0);
  }
  bool match = false;
  Push push = co_await hand_over(image, std::move(progress), match);
  if (push.failure || !push.refusal.empty()) co_return push;
  if (!match) {
    push.failure = Failure{Failure::Kind::refused,
                           "upload: the lock does not say that the image is good"};
    co_return push;
  }
  auto marked = co_await mark(hash_of(image));
  if (auto* failure = std::get_if<Failure>(&marked)) {
    co_return ended_by(std::move(*failure), push.acknowledged);
  }
  co_await take_effect(push);
  co_return push;
}

Task<Push> Client::recover(ByteView image, Progress progress) {
  bool match = false;  // the loader judges the image only when it boots
  Push push = co_await hand_over(image, std::move(progress), match);
  if (push.failure || !push.refusal.empty()) co_return push;
  co_await take_effect(push);
  co_return push;
}

}  // namespace lockrig::lock
