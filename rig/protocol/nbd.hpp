// The server's side of the NBD protocol: a client's bytes in, requests out, answers to
// bytes; no I/O. Source: "The NBD protocol", NetworkBlockDevice/nbd, doc/proto.md
// (public domain): fixed newstyle negotiation, simple replies. Not spoken, and refused
// as the document says: TLS, structured replies, metadata contexts, oldstyle.
//
// A client is a program that nobody here wrote: nothing that it sends throws, and what
// it can make the session hold is bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rig/core/units.hpp"

namespace lockrig::nbd {

/// The most that one request moves, as the document recommends ("Block size
/// constraints": a maximum payload of 32 MiB). Zeroes and trims move nothing and may be
/// as long as the export.
inline constexpr std::uint32_t kMaxPayload = 32 * 1024 * 1024;
/// A name is at most 4096 bytes ("Conventions"); nothing else in an option is long.
inline constexpr std::uint32_t kMaxOption = 16 * 1024;
inline constexpr std::size_t kMaxName = 4096;

struct Export {
  std::string name;  // the empty name, the default export, finds it too
  std::uint64_t size = 0;
};

enum class Command : std::uint16_t {
  read = 0,
  write = 1,
  disconnect = 2,  // never a Request: it ends the session
  flush = 3,
  trim = 4,
  write_zeroes = 6,
};

/// "Error values".
enum class Error : std::uint32_t {
  none = 0,
  io = 5,
  invalid = 22,
  no_space = 28,
};

struct Request {
  Command command = Command::read;
  std::uint64_t handle = 0;
  std::uint64_t offset = 0;
  std::uint32_t length = 0;
  /// Of a write: `length` bytes, valid until the next call of the session.
  ByteView data{};
  /// Zeroes are to be written out rather than made a hole.
  bool no_hole = false;
  /// Not `none`: the request is not to be carried out, only answered so.
  Error refusal = Error::none;
};

/// One connection. What a client does against the document's MUSTs ends it: the server
/// then sends what is left to send and closes.
class Session {
 public:
  /// std::invalid_argument for a name longer than the document allows.
  explicit Session(Export served);

  /// Once ended, bytes are dropped. To keep memory bounded, the caller takes every
  /// request before it feeds again; then at most one request and what was fed is held.
  void feed(ByteView bytes);
  /// The next whole request. In the transmission phase only; nullopt: feed more.
  std::optional<Request> next();
  /// What the handshake has to say, the greeting first.
  Bytes take_output();

  /// The client is done, or said what no client may say.
  bool ended() const { return phase_ == Phase::ended; }
  /// Why, when it was the client's fault; else empty.
  std::string_view complaint() const { return complaint_; }
  /// Bytes held.
  std::size_t buffered() const { return in_.size() - taken_; }

 private:
  enum class Phase { client_flags, options, transmission, ended };

  ByteView rest() const { return ByteView(in_).subspan(taken_); }
  void end(std::string_view complaint);
  bool negotiate();
  bool take_client_flags();
  bool take_option();
  void choose_by_name(ByteView name);
  void list(ByteView data);
  void inform(std::uint32_t option, ByteView data);
  void reply(std::uint32_t option, std::uint32_t type, ByteView data = {});
  bool is_served(ByteView name) const;
  Error check(const Request& request, std::uint16_t flags) const;

  Export export_;
  Phase phase_ = Phase::client_flags;
  bool zeroes_wanted_ = true;  // the 124 of the first newstyle servers
  Bytes in_;
  std::size_t taken_ = 0;
  Bytes out_;
  std::string_view complaint_;
};

inline constexpr std::size_t kReplySize = 16;

/// Appends a simple reply. Behind that of a read without error go its bytes.
void append_reply(Bytes& out, std::uint64_t handle, Error error);

}  // namespace lockrig::nbd
