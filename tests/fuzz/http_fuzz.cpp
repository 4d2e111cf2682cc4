// Whatever arrives: no crash, the limits hold, and a message is the same whether it
// comes in one piece or byte by byte.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "rig/protocol/http.hpp"

namespace {

using namespace lockrig;

constexpr std::size_t kSmallBody = 64;

template <class Parser>
void parse_both_ways(ByteView bytes) {
  Parser whole(kSmallBody);
  http::Progress at_once = whole.feed(bytes);
  Parser pieces(kSmallBody);
  http::Progress bytewise = http::Progress::need_more;
  for (const std::uint8_t& byte : bytes) {
    bytewise = pieces.feed(ByteView(&byte, 1));
  }
  // Fed in pieces, a broken header may be noticed only at its end.
  while (at_once == http::Progress::done || bytewise == http::Progress::done) {
    if (at_once != bytewise) std::abort();
    const auto message = whole.take();
    if (message != pieces.take()) std::abort();
    if (message.body.size() > kSmallBody) std::abort();
    at_once = whole.feed({});
    bytewise = pieces.feed({});
  }
  if ((at_once == http::Progress::bad) != !whole.error().empty()) std::abort();
  whole.finish();
  pieces.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  parse_both_ways<http::RequestParser>(ByteView(data, size));
  parse_both_ways<http::ResponseParser>(ByteView(data, size));
  return 0;
}
