#include "rig/lock/uploader.hpp"

#include <algorithm>

#include "rig/core/error.hpp"
#include "rig/protocol/smp_line.hpp"
#include "rig/protocol/smp_upload.hpp"

namespace lockrig::lock {
namespace {

// A lock that loses a chunk, or restarts, wants to be sent from elsewhere; one that
// does so for ever is broken. Assumed.
constexpr int kMaxRewinds = 8;

// More would only fill the line's own buffers.
constexpr std::size_t kMaxWindow = 16;

constexpr std::size_t head_size(std::size_t argument) {
  return argument < 24 ? 1 : argument <= 0xff ? 2 : argument <= 0xffff ? 3 : 5;
}

// A key's text with its head.
constexpr std::size_t kOffKey = 4, kLenKey = 4, kDataKey = 5;

}  // namespace

std::size_t chunk_size(std::size_t message_max, std::uint32_t off,
                       std::optional<std::uint32_t> len) {
  std::size_t overhead =
      smp::kHeaderSize + 1 + kDataKey + kOffKey + head_size(off);  // 1: the map's head
  if (len) overhead += kLenKey + head_size(*len);
  if (message_max < overhead + 2) return 0;
  const std::size_t room = message_max - overhead;
  std::size_t size = room - 1;
  while (head_size(size) + size > room) --size;
  return size;
}

Uploader::Uploader(Link& link, ByteView image, Params params, Progress progress)
    : link_(link),
      image_(image),
      params_(params),
      progress_(std::move(progress)),
      damaged_before_(link.damaged()),
      changed_(link.world()),
      sender_(link.world(), link.station() + " upload") {
  params_.buf_size = std::min(params_.buf_size, smp::kMaxMessage);
  params_.buf_count = std::min(params_.buf_count, kMaxWindow);
}

Task<Reply<Upload>> Uploader::run() {
  link_.drop_messages();
  for (int rewinds = 0; !whole() && !failure_; ++rewinds) {
    if (rewinds > kMaxRewinds) {
      fail(Failure::Kind::malformed,
           "upload: the lock keeps asking for another offset");
      break;
    }
    if (next_ == 0) {
      // Alone: nothing may be on its way until the lock has accepted the header.
      if (co_await send_chunk() != StreamStatus::ok) {
        fail(Failure::Kind::closed, "upload: the console is dead");
        break;
      }
      co_await take_answer(Client::kEraseLimit);
    }
    if (!wanted_ && !failure_ && !whole()) {
      stop_ = false;
      sending_ = true;
      sender_.spawn(keep_sending());
      while (!wanted_ && !failure_ && !whole()) co_await take_answer(Client::kLimit);
    }
    co_await drain();
    if (wanted_ && !failure_) next_ = acknowledged_ = *wanted_;
    wanted_.reset();
  }
  if (failure_) co_return std::move(*failure_);
  co_return Upload{acknowledged_, match_};
}

Task<StreamStatus> Uploader::send_chunk() {
  const std::uint32_t off = next_;
  smp::UploadRequest request;
  request.off = off;
  if (off == 0) request.len = static_cast<std::uint32_t>(image_.size());
  const std::size_t size = std::min<std::size_t>(
      chunk_size(params_.buf_size, off, request.len), image_.size() - off);
  request.data = image_.subspan(off, size);
  next_ = off + static_cast<std::uint32_t>(size);
  const std::uint8_t sequence = link_.next_sequence();
  flights_.push_back({sequence, next_});
  const Bytes message = smp::encode_upload(sequence, request);
  leaving_ = true;
  const StreamStatus status = co_await link_.send(message);
  leaving_ = false;
  active_ = link_.world().now();
  co_return status;
}

Task<void> Uploader::keep_sending() {
  try {
    while (!stop_ && next_ < image_.size()) {
      if (flights_.size() >= params_.buf_count) {
        co_await changed_.wait(kNever, "room in the lock's buffers");
        continue;
      }
      // A console that is dead tells the reader, too.
      if (co_await send_chunk() != StreamStatus::ok) break;
    }
  } catch (const RigError&) {
    // It belongs to the caller, not to the world that runs this task.
    broken_ = std::current_exception();
  }
  sending_ = leaving_ = false;
  changed_.notify();
}

Task<void> Uploader::take_answer(Duration limit) {
  World& world = link_.world();
  for (;;) {
    const Instant until = (leaving_ ? world.now() : active_) + limit;
    const Link::Incoming incoming = co_await link_.receive(until);
    if (broken_) std::rethrow_exception(broken_);
    if (incoming.status == StreamStatus::ok) {
      settle(incoming.message);
      co_return;
    }
    if (incoming.status == StreamStatus::closed) {
      fail(Failure::Kind::closed, "upload: the console is dead");
      flights_.clear();
      co_return;
    }
    // A chunk that is leaving, or has left meanwhile, starts the limit anew.
    if (leaving_ || active_ + limit > world.now()) continue;
    fail(Failure::Kind::timed_out, link_.damaged() != damaged_before_
                                       ? "upload: no answer, what came was damaged"
                                       : "upload: no answer");
    flights_.clear();
    co_return;
  }
}

Task<void> Uploader::drain() {
  stop_ = true;
  changed_.notify();
  while (!flights_.empty()) co_await take_answer(Client::kLimit);
  while (sending_) co_await changed_.wait(kNever, "the last chunk to leave");
  if (broken_) std::rethrow_exception(broken_);
}

void Uploader::settle(ByteView message) {
  const auto header = smp::decode_header(message);
  if (!header) return;
  const auto flight =
      std::find_if(flights_.begin(), flights_.end(),
                   [&](const Flight& f) { return f.sequence == header->sequence; });
  if (flight == flights_.end()) return;
  const std::uint32_t expected = flight->end;
  // The lock answers in order: an answer before this one was lost.
  flights_.erase(flights_.begin(), flight + 1);
  active_ = link_.world().now();
  changed_.notify();

  if (header->op != smp::Op::write_response || header->group != smp::kGroupImage ||
      header->id != smp::kImageUpload) {
    return fail(Failure::Kind::malformed, "upload: the answer is to another command");
  }
  auto reply = read_upload_ack(message);
  if (auto* failure = std::get_if<Failure>(&reply)) {
    if (!failure_) failure_ = std::move(*failure);
    return;
  }
  const UploadAck ack = std::get<UploadAck>(reply);
  if (ack.off > image_.size()) {
    return fail(Failure::Kind::malformed, "upload: the lock wants more than there is");
  }
  match_ = ack.match;
  if (wanted_ || ack.off != expected) {
    wanted_ = ack.off;  // of several, the last counts
    return;
  }
  acknowledged_ = ack.off;
  if (progress_ && !failure_) progress_(acknowledged_);
}

void Uploader::fail(Failure::Kind kind, const char* what) {
  if (!failure_) failure_ = Failure{kind, what, std::nullopt};
}

}  // namespace lockrig::lock
