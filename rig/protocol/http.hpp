// HTTP/1.1 messages to bytes and back, without sockets (RFC 9110, RFC 9112): the locks'
// web service speaks it, over a stream that somebody else moves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rig/core/units.hpp"

namespace lockrig::http {

using Headers = std::vector<std::pair<std::string, std::string>>;  // as on the wire

struct Request {
  std::string method = "GET";
  std::string target = "/";
  Headers headers{};
  std::string body{};
  /// The connection stays open after this exchange.
  bool keep_alive = true;
  bool operator==(const Request&) const = default;
};

struct Response {
  int status = 200;
  Headers headers{};
  std::string body{};
  bool keep_alive = true;
  bool operator==(const Response&) const = default;
};

/// The first header of that name, in any case; nullptr if there is none. The pointer
/// lives as long as the headers stay as they are.
const std::string* find_header(const Headers& headers, std::string_view name);

/// Adds Content-Length (and Connection: close where keep_alive is false) unless the
/// headers already say so: what they say is sent as it is, even if it is wrong.
/// std::invalid_argument for what cannot be said: a line break or a control character
/// in a name, value, target or method, a status outside 100-999, or a body with a
/// status that has none (1xx, 204, 304).
Bytes encode(const Request& request);
Bytes encode(const Response& response);

/// First and last byte, both included. Open-ended "bytes=a-" has the largest last.
using ByteRange = std::pair<std::uint64_t, std::uint64_t>;

/// The value of a Range header. nullopt for anything but one range of bytes with a
/// first byte: such a header is to be ignored (RFC 9110 14.2) and the whole body sent.
std::optional<ByteRange> parse_range(std::string_view value);

enum class Progress {
  need_more,  // the message is not complete
  done,       // take() it
  bad,        // not HTTP, or over a limit: say so and close; error() tells what
};

inline constexpr std::size_t kHeaderLimit = 8 * 1024;
inline constexpr std::size_t kBodyLimit = 256 * 1024;

/// Reads one message after the other from a connection. Bytes behind a complete message
/// are kept for the next: after take(), feed({}) parses what is already there. Nothing
/// on the wire throws. Chunked bodies arrive joined.
template <class Message>
class Parser {
 public:
  explicit Parser(std::size_t body_limit = kBodyLimit);
  ~Parser();
  Parser(Parser&&) noexcept;
  Parser& operator=(Parser&&) noexcept;

  /// May be called in every state: once done, bytes are kept; once bad, dropped.
  Progress feed(ByteView bytes);
  /// The peer closed. Completes a response whose body ends with the connection; any
  /// other message that has begun is bad. need_more: it closed between two messages.
  Progress finish();
  /// std::invalid_argument unless feed() or finish() answered done.
  Message take();
  /// Why it is bad; empty while it is not.
  std::string error() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

extern template class Parser<Request>;
extern template class Parser<Response>;
using RequestParser = Parser<Request>;
using ResponseParser = Parser<Response>;

}  // namespace lockrig::http
