// Sender and receiver survive whatever comes, end in bounded time, take no wrong file,
// and make no difference of how bytes were cut.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "rig/protocol/ymodem_receiver.hpp"
#include "rig/protocol/ymodem_sender.hpp"

namespace {

using namespace std::chrono_literals;
using lockrig::Bytes;
using lockrig::ByteView;
using lockrig::Instant;
using namespace lockrig::ymodem;

void require(bool good) {
  if (!good) std::abort();
}

/// The script of a run: what the line does to the next thing said.
class Script {
 public:
  explicit Script(ByteView bytes) : bytes_(bytes) {}
  std::uint8_t next() {
    if (bytes_.empty()) return 0;
    const std::uint8_t byte = bytes_[0];
    bytes_ = bytes_.subspan(1);
    return byte;
  }
  ByteView take(std::size_t count) {
    const ByteView taken = bytes_.first(std::min(count, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }
  bool empty() const { return bytes_.empty(); }

  bool has_forged = false;  // noise may be a whole block, or an answer

 private:
  ByteView bytes_;
};

/// Harmless where the script has ended, so that a run comes to its end.
Bytes through_the_line(ByteView said, Script& script) {
  Bytes heard(said.begin(), said.end());
  const std::uint8_t what = script.next();
  const std::size_t at = (script.next() * heard.size()) >> 8;
  switch (what % 8) {
    case 1:
      heard[at] ^= static_cast<std::uint8_t>(1 + script.next() % 255);
      break;
    case 2:
      heard.clear();
      break;
    case 3:
      heard.resize(at);
      break;
    case 4:
      heard.insert(heard.end(), said.begin(), said.end());
      break;
    case 5: {
      const ByteView noise = script.take(script.next());
      script.has_forged = true;
      heard.insert(heard.begin() + static_cast<std::ptrdiff_t>(at), noise.begin(),
                   noise.end());
      break;
    }
    default:
      break;
  }
  return heard;
}

template <typename Machine>
Bytes say(Machine& machine, Instant now) {
  const Bytes said(machine.output().begin(), machine.output().end());
  if (!said.empty()) machine.sent(now);
  return said;
}

void both(Protocol protocol, std::size_t size, Script script) {
  Bytes image(size);
  for (std::size_t i = 0; i < size; ++i) image[i] = static_cast<std::uint8_t>(i * 7);
  Instant now{};
  Sender sender(image, {protocol, "image.bin"}, now);
  Receiver receiver({protocol}, now);
  // Each event takes a try of one side or the other: there are some hundred blocks.
  for (int events = 0; events < 20000; ++events) {
    const Bytes to_receiver = say(sender, now);
    const Bytes to_sender = say(receiver, now);
    if (!to_receiver.empty() || !to_sender.empty()) {
      if (!to_receiver.empty()) {
        receiver.feed(through_the_line(to_receiver, script), now);
      }
      if (!to_sender.empty()) sender.feed(through_the_line(to_sender, script), now);
      continue;
    }
    if (sender.state() != State::running && receiver.state() != State::running) break;
    const Instant due = std::min(
        sender.state() == State::running ? sender.deadline() : lockrig::kNever,
        receiver.state() == State::running ? receiver.deadline() : lockrig::kNever);
    require(due > now);
    now = due;
    sender.expire(now);
    receiver.expire(now);
  }
  require(sender.state() != State::running && receiver.state() != State::running);
  require(sender.acknowledged() <= size);
  const Bytes& file = receiver.file();
  const std::size_t common = std::min(file.size(), size);
  if (!script.has_forged) {
    require(std::equal(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(common),
                       image.begin()));
  }
  // An XMODEM file has no length by which a lost end would be seen.
  if (protocol == Protocol::ymodem && receiver.state() == State::done) {
    require(script.has_forged || file.size() == size);
  }
  if (sender.state() == State::done) require(sender.acknowledged() == size);
}

template <typename Machine>
void feed_and_expire(Machine& machine, ByteView bytes, std::size_t step, Instant& now) {
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    machine.feed(bytes.subspan(at, std::min(step, bytes.size() - at)), now);
  }
  if (!machine.output().empty()) {
    machine.sent(now);
  } else if (machine.state() == State::running) {
    require(machine.deadline() > now);
    now = machine.deadline();
    machine.expire(now);
  }
}

/// Pieces of the input one after the other, each fed whole to one machine and in parts
/// to another.
template <typename Machine>
void alone(Machine whole, Machine parts, Script script) {
  Instant now{};
  Instant other{};
  for (int i = 0; i < 200 && !script.empty(); ++i) {
    const std::size_t step = 1 + script.next() % 50;
    const ByteView piece = script.take(script.next() * 8);
    feed_and_expire(whole, piece, std::max<std::size_t>(piece.size(), 1), now);
    feed_and_expire(parts, piece, step, other);
    require(now == other && whole.state() == parts.state() &&
            whole.reason() == parts.reason() &&
            std::ranges::equal(whole.output(), parts.output()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const Protocol protocol = data[0] % 2 == 0 ? Protocol::xmodem_1k : Protocol::ymodem;
  const std::size_t length = (data[1] << 4) | (data[2] & 15);
  const Script script(ByteView(data + 3, size - 3));
  both(protocol, length, script);

  const Bytes image(length, 0x5a);
  const Sender sender(image, {protocol, "image.bin"}, Instant{});
  alone(sender, sender, script);
  const Demand demand{protocol, 5000};
  const Receiver receiver(demand, Instant{});
  alone(receiver, receiver, script);
  return 0;
}
