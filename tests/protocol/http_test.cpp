#include "rig/protocol/http.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace lockrig::http {
namespace {

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }
std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

constexpr std::string_view kPost =
    "POST /v1/checkin HTTP/1.1\r\nHost: portal\r\nX-Serial: 0042\r\n"
    "Content-Length: 5\r\n\r\nhello";

TEST(HttpEncoder, writes_a_request) {
  const Request request{.method = "POST",
                        .target = "/v1/checkin?x=1",
                        .headers = {{"Host", "portal"}},
                        .body = "{}"};
  EXPECT_EQ(text_of(encode(request)),
            "POST /v1/checkin?x=1 HTTP/1.1\r\nHost: portal\r\nContent-Length: 2\r\n"
            "\r\n{}");
  EXPECT_EQ(text_of(encode(Request{})), "GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(text_of(encode(Request{.method = "POST"})),
            "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
}

TEST(HttpEncoder, writes_a_response) {
  const Response response{
      .status = 206, .headers = {{"X", ""}}, .body = "ab", .keep_alive = false};
  EXPECT_EQ(text_of(encode(response)),
            "HTTP/1.1 206 Partial Content\r\nX: \r\nContent-Length: 2\r\n"
            "Connection: close\r\n\r\nab");
  EXPECT_EQ(text_of(encode(Response{.status = 204})),
            "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST(HttpEncoder, sends_a_length_it_was_told_to_send) {
  const Response lie{.headers = {{"content-length", "7"}}, .body = "ab"};
  EXPECT_EQ(text_of(encode(lie)), "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nab");
}

TEST(HttpEncoder, refuses_what_http_cannot_carry) {
  const auto refused = [](const auto& message) {
    EXPECT_THROW(encode(message), std::invalid_argument);
  };
  refused(Request{.method = ""});
  refused(Request{.method = "GE T"});
  refused(Request{.target = "/a b"});
  refused(Request{.target = "/\r\nX: y"});
  refused(Request{.headers = {{"", "y"}}});
  refused(Request{.headers = {{"X:", "y"}}});
  refused(Request{.headers = {{"X", "y\r\nZ: z"}}});
  refused(Response{.status = 99});
  refused(Response{.status = 1000});
  refused(Response{.status = 204, .body = "x"});
  refused(Response{.status = 304, .body = "x"});
}

TEST(HttpParser, reads_a_request_from_any_split) {
  const Bytes bytes = bytes_of(kPost);
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    RequestParser parser;
    const Progress first = parser.feed(ByteView(bytes).first(split));
    EXPECT_EQ(first, split == bytes.size() ? Progress::done : Progress::need_more);
    ASSERT_EQ(parser.feed(ByteView(bytes).subspan(split)), Progress::done) << split;
    const Request request = parser.take();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/v1/checkin");
    EXPECT_EQ(request.body, "hello");
    EXPECT_TRUE(request.keep_alive);
    ASSERT_EQ(request.headers.size(), 3u);
    EXPECT_EQ(request.headers[1],
              (std::pair<std::string, std::string>{"X-Serial", "0042"}));
  }
}

TEST(HttpParser, reads_back_what_was_encoded) {
  std::string all_bytes;
  for (int i = 0; i < 4096; ++i) all_bytes.push_back(static_cast<char>(i));
  for (const bool keep_alive : {true, false}) {
    const Response sent{.status = 206,
                        .headers = {{"Content-Range", "bytes 0-4095/65536"}},
                        .body = all_bytes,
                        .keep_alive = keep_alive};
    ResponseParser parser;
    ASSERT_EQ(parser.feed(encode(sent)), Progress::done);
    const Response got = parser.take();
    EXPECT_EQ(got.status, sent.status);
    EXPECT_EQ(got.body, sent.body);
    EXPECT_EQ(got.keep_alive, keep_alive);
    EXPECT_EQ(encode(got), encode(sent));
  }
}

TEST(HttpParser, keeps_pipelined_messages_apart) {
  Bytes bytes = encode(Request{.target = "/1"});
  for (const char* target : {"/2", "/3"}) {
    const Bytes more = encode(Request{.method = "PUT", .target = target, .body = "b"});
    bytes.insert(bytes.end(), more.begin(), more.end());
  }
  RequestParser parser;
  ASSERT_EQ(parser.feed(ByteView(bytes).first(bytes.size() - 1)), Progress::done);
  EXPECT_EQ(parser.take().target, "/1");
  ASSERT_EQ(parser.feed({}), Progress::done);
  EXPECT_EQ(parser.take().target, "/2");
  EXPECT_EQ(parser.feed({}), Progress::need_more);
  ASSERT_EQ(parser.feed(ByteView(bytes).last(1)), Progress::done);
  EXPECT_EQ(parser.take().target, "/3");
  EXPECT_EQ(parser.feed({}), Progress::need_more);
  EXPECT_EQ(parser.finish(), Progress::need_more);
}

TEST(HttpParser, keeps_bytes_that_come_before_take) {
  RequestParser parser;
  ASSERT_EQ(parser.feed(encode(Request{.target = "/1"})), Progress::done);
  ASSERT_EQ(parser.feed(encode(Request{.target = "/2"})), Progress::done);
  EXPECT_EQ(parser.take().target, "/1");
  ASSERT_EQ(parser.feed({}), Progress::done);
  EXPECT_EQ(parser.take().target, "/2");
}

TEST(HttpParser, gives_nothing_before_it_is_done) {
  RequestParser parser;
  EXPECT_THROW(parser.take(), std::invalid_argument);
  parser.feed(bytes_of("GET / HT"));
  EXPECT_THROW(parser.take(), std::invalid_argument);
}

TEST(HttpParser, joins_chunks) {
  const Bytes bytes = bytes_of(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n");
  ResponseParser whole;
  ASSERT_EQ(whole.feed(bytes), Progress::done);
  EXPECT_EQ(whole.take().body, "abcde");
  ResponseParser pieces;
  Progress progress{};
  for (const std::uint8_t& byte : bytes) progress = pieces.feed(ByteView(&byte, 1));
  ASSERT_EQ(progress, Progress::done);
  EXPECT_EQ(pieces.take().body, "abcde");
}

TEST(HttpParser, reads_an_empty_chunked_body_byte_by_byte) {
  for (const std::string_view end : {"0\r\n\r\n", "0\r\nX-Sum: 1\r\n\r\n"}) {
    Bytes bytes = bytes_of("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    bytes.insert(bytes.end(), end.begin(), end.end());
    RequestParser parser;
    Progress progress{};
    for (const std::uint8_t& byte : bytes) {
      EXPECT_NE(progress, Progress::done);
      progress = parser.feed(ByteView(&byte, 1));
    }
    ASSERT_EQ(progress, Progress::done);
    EXPECT_EQ(parser.take().body, "");
  }
}

TEST(HttpParser, holds_the_header_limit_behind_a_chunk) {
  const std::string start = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string endless = start + "1;" + std::string(9000, 'x');
  RequestParser at_once;
  EXPECT_EQ(at_once.feed(bytes_of(endless + "\r\na\r\n0\r\n\r\n")), Progress::bad);
  RequestParser pieces;
  Progress progress{};
  for (const std::uint8_t byte : bytes_of(endless)) {
    progress = pieces.feed(ByteView(&byte, 1));
  }
  EXPECT_EQ(progress, Progress::bad);
}

TEST(HttpParser, says_whether_the_connection_stays_open) {
  const auto stays_open = [](std::string_view text) {
    RequestParser parser;
    EXPECT_EQ(parser.feed(bytes_of(text)), Progress::done);
    return parser.take().keep_alive;
  };
  EXPECT_TRUE(stays_open("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_FALSE(stays_open("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"));
  EXPECT_FALSE(stays_open("GET / HTTP/1.0\r\n\r\n"));
}

TEST(HttpParser, reads_a_body_that_ends_with_the_connection) {
  ResponseParser parser;
  EXPECT_EQ(parser.feed(bytes_of("HTTP/1.1 200 OK\r\n\r\nab")), Progress::need_more);
  EXPECT_EQ(parser.feed(bytes_of("cd")), Progress::need_more);
  ASSERT_EQ(parser.finish(), Progress::done);
  EXPECT_EQ(parser.take().body, "abcd");
}

TEST(HttpParser, calls_a_message_cut_short_bad) {
  const Bytes bytes = bytes_of(kPost);
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    RequestParser parser;
    EXPECT_EQ(parser.feed(ByteView(bytes).first(size)), Progress::need_more);
    EXPECT_EQ(parser.finish(), Progress::bad) << size;
    EXPECT_FALSE(parser.error().empty());
  }
  RequestParser untouched;
  EXPECT_EQ(untouched.finish(), Progress::need_more);
}

TEST(HttpParser, refuses_malformed_messages_for_good) {
  for (const std::string_view text :
       {"\x06\x09 serial noise\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/2.0\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\nX : y\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    RequestParser parser;
    EXPECT_EQ(parser.feed(bytes_of(text)), Progress::bad) << text;
    EXPECT_FALSE(parser.error().empty());
    EXPECT_EQ(parser.feed(bytes_of("GET / HTTP/1.1\r\n\r\n")), Progress::bad);
    EXPECT_THROW(parser.take(), std::invalid_argument);
  }
  ResponseParser parser;
  EXPECT_EQ(parser.feed(bytes_of("HTTP/1.1 2xx OK\r\n\r\n")), Progress::bad);
}

TEST(HttpParser, holds_the_body_limit_however_the_body_comes) {
  for (const std::string_view text :
       {"POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        "6\r\nabcdef\r\n5\r\n"}) {
    RequestParser parser(10);
    EXPECT_EQ(parser.feed(bytes_of(text)), Progress::bad) << text;
  }
  ResponseParser until_closed(10);
  EXPECT_EQ(until_closed.feed(bytes_of("HTTP/1.1 200 OK\r\n\r\n0123456789")),
            Progress::need_more);
  EXPECT_EQ(until_closed.feed(bytes_of("x")), Progress::bad);

  RequestParser exact(5);
  EXPECT_EQ(exact.feed(bytes_of(kPost)), Progress::done);
}

TEST(HttpParser, allows_256_kib_of_body_by_default) {
  const auto progress = [](std::size_t size) {
    RequestParser parser;
    return parser.feed(
        encode(Request{.method = "PUT", .body = std::string(size, 'x')}));
  };
  EXPECT_EQ(progress(256 * 1024), Progress::done);
  EXPECT_EQ(progress(256 * 1024 + 1), Progress::bad);
}

TEST(HttpParser, holds_the_header_limit_however_the_header_comes) {
  const std::string field = "X: " + std::string(1000, 'y') + "\r\n";
  std::string text = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 7; ++i) text += field;
  RequestParser under;
  EXPECT_EQ(under.feed(bytes_of(text + "\r\n")), Progress::done);

  for (const std::size_t piece : {1u, 100u, 1500u, 7000u, 1000000u}) {
    RequestParser parser;
    Progress progress = parser.feed(bytes_of(text));
    Bytes more;
    for (int i = 0; i < 8; ++i) {
      more.insert(more.end(), field.begin(), field.end());
    }
    ByteView rest = more;
    while (!rest.empty()) {
      const std::size_t size = std::min(piece, rest.size());
      progress = parser.feed(rest.first(size));
      rest = rest.subspan(size);
    }
    EXPECT_EQ(progress, Progress::bad) << piece;
  }
  RequestParser line;
  EXPECT_EQ(line.feed(bytes_of("GET /" + std::string(9000, 'a'))), Progress::bad);
}

TEST(HttpHeaders, are_found_in_any_case) {
  const Headers headers{{"Host", "portal"}, {"RANGE", "bytes=0-1"}};
  ASSERT_NE(find_header(headers, "range"), nullptr);
  EXPECT_EQ(*find_header(headers, "range"), "bytes=0-1");
  EXPECT_EQ(find_header(headers, "ranges"), nullptr);
}

TEST(HttpRange, reads_one_range_with_a_first_byte) {
  constexpr auto kOpen = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(parse_range("bytes=0-4095"), (ByteRange{0, 4095}));
  EXPECT_EQ(parse_range("bytes=7-7"), (ByteRange{7, 7}));
  EXPECT_EQ(parse_range("bytes=4096-"), (ByteRange{4096, kOpen}));
}

TEST(HttpRange, ignores_everything_else) {
  for (const std::string_view value :
       {"", "bytes", "bytes=", "bytes=-", "bytes=-5", "bytes=5", "bytes=5-4",
        "bytes=1-2,4-5", "bytes=a-b", "bytes=1-2 ", "bytes= 1-2", "lines=1-2",
        "bytes=1-18446744073709551616", "bytes=1--2"}) {
    EXPECT_FALSE(parse_range(value)) << value;
  }
}

}  // namespace
}  // namespace lockrig::http
