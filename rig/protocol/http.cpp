#include "rig/protocol/http.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>
#include <charconv>
#include <limits>
#include <stdexcept>
#include <type_traits>

namespace lockrig::http {
namespace {

namespace beast = boost::beast;
using Code = boost::system::error_code;

constexpr std::string_view kContentLength = "Content-Length";
constexpr std::string_view kTransferEncoding = "Transfer-Encoding";
constexpr std::string_view kConnection = "Connection";

// The messages are written by hand: Beast's serializer wants its own field container,
// which would cost a second copy of every header for three lines of format.
class Writer {
 public:
  explicit Writer(std::size_t body_size) { out_.reserve(body_size + 512); }

  Writer& raw(std::string_view text) {
    out_.insert(out_.end(), text.begin(), text.end());
    return *this;
  }

  // The forbidden characters come on top of every control character.
  Writer& checked(std::string_view text, std::string_view forbidden,
                  bool may_be_empty) {
    const bool bad = std::any_of(text.begin(), text.end(), [&](char c) {
      return static_cast<unsigned char>(c) < ' ' || c == 0x7f ||
             forbidden.find(c) != std::string_view::npos;
    });
    if (bad || (text.empty() && !may_be_empty)) {
      throw std::invalid_argument("HTTP cannot carry '" + std::string(text) + "' here");
    }
    return raw(text);
  }

  Writer& header(std::string_view name, std::string_view value) {
    return checked(name, ": ", false).raw(": ").checked(value, "", true).raw("\r\n");
  }

  Bytes finish(const Headers& headers, std::string_view body, bool say_length,
               bool keep_alive) {
    for (const auto& [name, value] : headers) header(name, value);
    if (say_length && !find_header(headers, kContentLength) &&
        !find_header(headers, kTransferEncoding)) {
      header(kContentLength, std::to_string(body.size()));
    }
    if (!keep_alive && !find_header(headers, kConnection)) header(kConnection, "close");
    raw("\r\n").raw(body);
    return std::move(out_);
  }

 private:
  Bytes out_;
};

// A chunked body that is not complete has at least "0 CRLF CRLF" to come. Beast 1.81
// asserts on the fourth byte of that if it is asked with so few (parse_chunk_header).
constexpr std::size_t kLastChunk = 5;

constexpr bool has_no_body(int status) {
  return status < 200 || status == 204 || status == 304;
}

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

// Beast's parser, straight into our message.
template <class Message>
class Engine final
    : public beast::http::basic_parser<std::is_same_v<Message, Request>> {
 public:
  explicit Engine(std::size_t body_limit) {
    this->header_limit(kHeaderLimit);
    this->body_limit(static_cast<std::uint64_t>(body_limit));
    this->eager(true);
  }

  Message message;

 private:
  using View = beast::string_view;

  void on_request_impl(beast::http::verb, View method, View target, int,
                       Code&) override {
    if constexpr (std::is_same_v<Message, Request>) {
      message.method = view(method);
      message.target = view(target);
    }
  }
  void on_response_impl(int code, View, int, Code&) override {
    if constexpr (std::is_same_v<Message, Response>) message.status = code;
  }
  void on_field_impl(beast::http::field, View name, View value, Code& error) override {
    count_header(name.size() + value.size() + 4, error);
    if (error) return;
    message.headers.emplace_back(view(name), view(value));
  }
  void on_header_impl(Code&) override { message.keep_alive = this->keep_alive(); }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, Code&) override {
    // Already within the body limit: Beast checks before it calls.
    if (length) message.body.reserve(static_cast<std::size_t>(*length));
  }
  std::size_t on_body_impl(View body, Code&) override {
    message.body.append(body.data(), body.size());
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, View extensions, Code& error) override {
    count_header(extensions.size(), error);
  }
  std::size_t on_chunk_body_impl(std::uint64_t, View body, Code&) override {
    message.body.append(body.data(), body.size());
    return body.size();
  }
  void on_finish_impl(Code&) override {}

  // Beast's own limit holds for the part it has not read yet: a header that comes in
  // pieces could reach twice the size, and one behind a chunk any size.
  void count_header(std::size_t size, Code& error) {
    header_size_ += size;
    if (header_size_ > kHeaderLimit) error = beast::http::error::header_limit;
  }

  std::size_t header_size_ = 0;
};

}  // namespace

template <class Message>
class Parser<Message>::Impl {
 public:
  explicit Impl(std::size_t body_limit) : body_limit_(body_limit) {
    engine_.emplace(body_limit_);
  }

  Progress feed(ByteView bytes) {
    if (error_) return Progress::bad;
    if (pending_.empty()) {
      const std::size_t used = parse(bytes);
      pending_.assign(bytes.begin() + static_cast<std::ptrdiff_t>(used), bytes.end());
    } else {
      pending_.insert(pending_.end(), bytes.begin(), bytes.end());
      const std::size_t used = parse(pending_);
      pending_.erase(pending_.begin(),
                     pending_.begin() + static_cast<std::ptrdiff_t>(used));
    }
    return progress();
  }

  Progress finish() {
    if (error_ || engine_->is_done()) return progress();
    if (engine_->got_some()) {
      engine_->put_eof(error_);
    } else if (!pending_.empty()) {
      error_ = beast::http::error::partial_message;
    }
    return progress();
  }

  Message take() {
    if (error_ || !engine_->is_done()) {
      throw std::invalid_argument("no complete HTTP message to take");
    }
    Message message = std::move(engine_->message);
    engine_.emplace(body_limit_);
    return message;
  }

  std::string error() const { return error_ ? error_.message() : std::string(); }

 private:
  Progress progress() const {
    if (error_) return Progress::bad;
    return engine_->is_done() ? Progress::done : Progress::need_more;
  }

  std::size_t parse(ByteView bytes) {
    if (bytes.empty() || engine_->is_done()) return 0;
    if (engine_->is_header_done() && engine_->chunked() && bytes.size() < kLastChunk) {
      return 0;
    }
    const std::size_t used =
        engine_->put(boost::asio::const_buffer(bytes.data(), bytes.size()), error_);
    if (error_ == beast::http::error::need_more) {
      // Only a header waits for its end; a body is taken as it comes.
      const bool endless = bytes.size() - used > kHeaderLimit;
      error_ = endless ? make_error_code(beast::http::error::header_limit) : Code{};
    }
    return used;
  }

  std::size_t body_limit_;
  std::optional<Engine<Message>> engine_;  // Beast's parser reads one message only
  Bytes pending_;                          // received, not yet parsed
  Code error_;
};

template <class Message>
Parser<Message>::Parser(std::size_t body_limit)
    : impl_(std::make_unique<Impl>(body_limit)) {}
template <class Message>
Parser<Message>::~Parser() = default;
template <class Message>
Parser<Message>::Parser(Parser&&) noexcept = default;
template <class Message>
Parser<Message>& Parser<Message>::operator=(Parser&&) noexcept = default;
template <class Message>
Progress Parser<Message>::feed(ByteView bytes) {
  return impl_->feed(bytes);
}
template <class Message>
Progress Parser<Message>::finish() {
  return impl_->finish();
}
template <class Message>
Message Parser<Message>::take() {
  return impl_->take();
}
template <class Message>
std::string Parser<Message>::error() const {
  return impl_->error();
}

template class Parser<Request>;
template class Parser<Response>;

const std::string* find_header(const Headers& headers, std::string_view name) {
  const auto it = std::find_if(headers.begin(), headers.end(), [&](const auto& header) {
    return beast::iequals({header.first.data(), header.first.size()},
                          {name.data(), name.size()});
  });
  return it == headers.end() ? nullptr : &it->second;
}

Bytes encode(const Request& request) {
  Writer out(request.body.size());
  out.checked(request.method, " ", false).raw(" ");
  out.checked(request.target, " ", false).raw(" HTTP/1.1\r\n");
  // A server may wait for the length of a POST or PUT even if it is zero (RFC
  // 9110 8.6).
  const bool say_length =
      !request.body.empty() || request.method == "POST" || request.method == "PUT";
  return out.finish(request.headers, request.body, say_length, request.keep_alive);
}

Bytes encode(const Response& response) {
  if (response.status < 100 || response.status > 999) {
    throw std::invalid_argument("no HTTP status: " + std::to_string(response.status));
  }
  if (has_no_body(response.status) && !response.body.empty()) {
    throw std::invalid_argument("HTTP status " + std::to_string(response.status) +
                                " has no body");
  }
  Writer out(response.body.size());
  const auto status = static_cast<beast::http::status>(response.status);
  out.raw("HTTP/1.1 ").raw(std::to_string(response.status)).raw(" ");
  out.raw(view(beast::http::obsolete_reason(status))).raw("\r\n");
  return out.finish(response.headers, response.body, !has_no_body(response.status),
                    response.keep_alive);
}

std::optional<ByteRange> parse_range(std::string_view value) {
  constexpr std::string_view kUnit = "bytes=";
  if (!value.starts_with(kUnit)) return std::nullopt;
  value.remove_prefix(kUnit.size());
  const char* const end = value.data() + value.size();

  ByteRange range{0, std::numeric_limits<std::uint64_t>::max()};
  const auto [dash, first_error] = std::from_chars(value.data(), end, range.first);
  if (first_error != std::errc{} || dash == end || *dash != '-') return std::nullopt;
  if (dash + 1 == end) return range;
  const auto [stop, last_error] = std::from_chars(dash + 1, end, range.second);
  if (last_error != std::errc{} || stop != end) return std::nullopt;
  if (range.second < range.first) return std::nullopt;
  return range;
}

}  // namespace lockrig::http
