// Whatever a client sends: no crash, what is held stays bounded, a session is the same
// whether its bytes come in one piece or one by one, and what is not refused is inside
// the export. The first byte chooses where the session begins, since a fuzzer has a
// long way through a handshake.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "rig/protocol/nbd.hpp"

namespace {

using namespace lockrig;

constexpr std::uint64_t kSize = 4096;

void require(bool good) {
  if (!good) std::abort();
}

struct Heard {
  std::vector<nbd::Request> requests;  // without data
  std::vector<Bytes> data;
  Bytes output;
  bool ended = false;
};

void check(const nbd::Request& request) {
  require(request.data.size() ==
          (request.command == nbd::Command::write ? request.length : 0));
  if (request.refusal != nbd::Error::none) return;
  require(request.offset <= kSize && request.length <= kSize - request.offset);
}

void take(nbd::Session& session, Heard& heard) {
  while (const auto request = session.next()) {
    check(*request);
    heard.data.emplace_back(request->data.begin(), request->data.end());
    heard.requests.push_back(*request);
    heard.requests.back().data = {};
  }
  const Bytes output = session.take_output();
  heard.output.insert(heard.output.end(), output.begin(), output.end());
  heard.ended = session.ended();
}

Heard hear(ByteView bytes, std::size_t piece, bool behind_the_handshake) {
  static constexpr std::uint8_t kHandshake[] = {
      0, 0, 0, 3, 'I', 'H', 'A', 'V', 'E', 'O', 'P', 'T', 0, 0, 0, 1, 0, 0, 0, 0};
  nbd::Session session({"disk", kSize});
  Heard heard;
  if (behind_the_handshake) session.feed(kHandshake);
  while (!bytes.empty()) {
    const std::size_t size = std::min(piece, bytes.size());
    session.feed(bytes.first(size));
    take(session, heard);
    require(session.buffered() <= nbd::kMaxPayload + 28);
    require(!session.ended() || session.buffered() == 0);
    bytes = bytes.subspan(size);
  }
  take(session, heard);
  return heard;
}

bool same(const nbd::Request& a, const nbd::Request& b) {
  return a.command == b.command && a.handle == b.handle && a.offset == b.offset &&
         a.length == b.length && a.no_hole == b.no_hole && a.refusal == b.refusal;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  const bool behind = (data[0] & 1) != 0;
  const Heard whole = hear(bytes, bytes.size(), behind);
  const Heard pieces = hear(bytes, 1 + data[0] / 16, behind);
  require(whole.output == pieces.output && whole.data == pieces.data);
  require(whole.ended == pieces.ended);
  require(std::equal(whole.requests.begin(), whole.requests.end(),
                     pieces.requests.begin(), pieces.requests.end(), same));
  return 0;
}
