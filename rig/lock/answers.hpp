// The answers of a lock's service port as values, and how they are read from SMP bodies
// (protocols.md, "SMP over serial"; the lock group at 64 is the locks' own).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rig/core/units.hpp"
#include "rig/lock/reply.hpp"
#include "rig/portal/records.hpp"
#include "rig/protocol/service_key.hpp"
#include "rig/protocol/signing.hpp"

namespace lockrig::lock {

using portal::LogEvent;

/// How much the lock takes: OS group, id 6.
struct Params {
  std::size_t buf_size;   // bytes of one message: header and CBOR map
  std::size_t buf_count;  // requests it takes ahead, at least 1

  bool operator==(const Params&) const = default;
};

/// For a lock that cannot tell. The smallest buffer seen is MCUboot's of 512 bytes
/// (protocols.md); half of it leaves room for whatever else a lock keeps in there.
inline constexpr Params kDefaultParams{256, 1};

/// A lock that has room for less cannot be talked to: the first message of an upload
/// has 30 bytes around its data.
inline constexpr std::size_t kSmallestBuffer = 64;

/// What the lock says of itself: group 64, id 0.
struct State {
  std::string model;
  std::string revision;
  std::string serial;
  std::string version;
  std::string cause;  // of this boot
  std::uint32_t boots = 0;
  bool trial = false;
  bool locked = false;
  bool set_up = false;
  std::uint32_t codes = 0;     // user codes that are set
  std::uint32_t wrong = 0;     // wrong codes counted
  std::uint32_t lock_out = 0;  // seconds that remain
  std::uint32_t log = 0;       // sequence of the newest event

  bool operator==(const State&) const = default;
};

/// One image in flash: image group, id 0.
struct ImageSlot {
  std::uint32_t slot = 0;
  std::string version;
  image::Digest hash{};
  bool active = false;
  bool confirmed = false;
  bool pending = false;

  bool operator==(const ImageSlot&) const = default;
};

struct LogPage {
  std::vector<LogEvent> events;
  std::uint32_t newest = 0;
};

Reply<Params> read_params(const nlohmann::json& body);
/// Of group 64, challenge.
Reply<smp::Nonce> read_nonce(const nlohmann::json& body);
Reply<State> read_state(const nlohmann::json& body);
Reply<std::vector<ImageSlot>> read_images(const nlohmann::json& body);
/// Every event must have a higher sequence than the one before; the first, than
/// `after`.
Reply<LogPage> read_log_page(const nlohmann::json& body, std::uint32_t after);

/// The same of a whole message in its usual form, without a document in between: a
/// trial reads these most. nullopt for any other, not yet an error.
std::optional<State> plain_state(ByteView message);
std::optional<LogPage> plain_log_page(ByteView message, std::uint32_t after);

/// The answer to a chunk of an upload: image group, id 1.
struct UploadAck {
  std::uint32_t off = 0;  // the offset that the lock wants next
  bool match = false;     // the image is whole, and the lock says that it is good
};

/// `message` with its header, which has been looked at. Takes the usual answer apart
/// without a copy: a trial reads 64 of them.
Reply<UploadAck> read_upload_ack(ByteView message);

}  // namespace lockrig::lock
