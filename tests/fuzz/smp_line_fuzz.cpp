// The line decoder survives any console, forgets nothing by how the bytes were cut, and
// gives only messages that would be framed again as they came.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "rig/protocol/smp_line.hpp"

namespace {

using lockrig::Bytes;
using lockrig::ByteView;
using lockrig::smp::LineDecoder;

struct Heard {
  std::vector<Bytes> messages;
  std::vector<std::string> texts;
  bool operator==(const Heard&) const = default;
};

constexpr std::size_t kMaxMessage = 300;

void require(bool good) {
  if (!good) std::abort();
}

void drain(LineDecoder& decoder, Heard& heard) {
  while (auto message = decoder.next_message()) {
    require(message->size() <= kMaxMessage);
    LineDecoder again(kMaxMessage);
    again.feed(lockrig::smp::encode_frame(*message));
    require(again.next_message() == *message);
    heard.messages.push_back(*message);
  }
  while (auto text = decoder.next_text_line()) {
    require(!text->empty() && text->size() <= LineDecoder::kMaxText);
    heard.texts.push_back(*text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = 1 + data[0] % 200;
  const ByteView stream(data + 1, size - 1);

  LineDecoder whole(kMaxMessage);
  Heard at_once;
  whole.feed(stream);
  drain(whole, at_once);

  LineDecoder pieces(kMaxMessage);
  Heard in_pieces;
  for (std::size_t at = 0; at < stream.size(); at += step) {
    pieces.feed(stream.subspan(at, std::min(step, stream.size() - at)));
    drain(pieces, in_pieces);
  }
  // What overflows the queue of the one fed at once is still in the other's.
  if (whole.errors().dropped == 0) {
    require(at_once == in_pieces && whole.errors() == pieces.errors());
  }
  return 0;
}
