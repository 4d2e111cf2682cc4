// One upload of an image: as many chunks ahead as the lock has buffers, so that the
// line never idles. Chunks leave in a task of their own while answers are taken in.
#pragma once

#include <deque>
#include <exception>
#include <optional>

#include "rig/lock/answers.hpp"
#include "rig/lock/client.hpp"
#include "rig/lock/link.hpp"

namespace lockrig::lock {

/// Bytes of data that fit one upload message of `message_max` bytes, header and CBOR
/// map included. `len` is part of the message at offset 0 alone.
std::size_t chunk_size(std::size_t message_max, std::uint32_t off,
                       std::optional<std::uint32_t> len);

class Uploader {
 public:
  /// Link and image outlive the uploader.
  Uploader(Link& link, ByteView image, Params params, Progress progress);

  /// Once.
  Task<Reply<Upload>> run();

 private:
  /// A chunk that is with the lock.
  struct Flight {
    std::uint8_t sequence;
    std::uint32_t end;  // the offset that the lock should want next
  };

  Task<StreamStatus> send_chunk();
  Task<void> keep_sending();
  /// Settles one chunk or notes a failure. The limit runs from the newest sign of life.
  Task<void> take_answer(Duration limit);
  /// Stops sending and takes in the answers that are still to come.
  Task<void> drain();
  void settle(ByteView message);
  void fail(Failure::Kind kind, const char* what);
  bool whole() const { return acknowledged_ == image_.size() && flights_.empty(); }

  Link& link_;
  ByteView image_;
  Params params_;
  Progress progress_;
  std::deque<Flight> flights_;
  std::uint32_t next_ = 0;  // offset of the next chunk to leave
  std::uint32_t acknowledged_ = 0;
  bool match_ = false;
  std::optional<std::uint32_t> wanted_;  // an offset that was not the expected one
  std::optional<Failure> failure_;
  std::exception_ptr broken_;  // thrown where the chunks are sent
  bool sending_ = false;       // keep_sending() runs
  bool leaving_ = false;       // a chunk is on its way out
  bool stop_ = false;
  Instant active_{};  // when a chunk last left or was answered
  std::uint32_t damaged_before_;
  Signal changed_;
  Life sender_;
};

}  // namespace lockrig::lock
