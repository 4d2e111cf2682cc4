#include "rig/protocol/ymodem_sender.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace lockrig::ymodem {
namespace {

// The figures have a short tail in short blocks [4.3, figure 2]: a long one is worth it
// where as many short ones would be needed, so that the padding stays below 128 bytes.
std::size_t block_for(std::size_t left, std::size_t longest) {
  return left > kLongBlock - kShortBlock ? longest : kShortBlock;
}

}  // namespace

Sender::Sender(ByteView image, Offer offer, Instant now)
    : image_(image), offer_(std::move(offer)), deadline_(now + offer_.limits.start) {
  if (offer_.block != kShortBlock && offer_.block != kLongBlock) {
    throw std::invalid_argument("a block has 128 or 1024 bytes");
  }
  if (offer_.protocol != Protocol::ymodem) return;
  const FileHeader header{offer_.name, image_.size()};
  if (offer_.name.empty() || offer_.name.find('\0') != std::string::npos ||
      encode_header(header).size() > kLongBlock) {
    throw std::invalid_argument("a YMODEM file has a name, of at most 1000 bytes");
  }
}

Instant Sender::deadline() const {
  return asked_at_ ? std::min(deadline_, *asked_at_ + offer_.limits.quiet) : deadline_;
}

void Sender::feed(ByteView bytes, Instant now) {
  for (const std::uint8_t byte : bytes) {
    if (state_ != State::running) return;
    cans_ = byte == kCan ? cans_ + 1 : 0;
    if (cans_ == kCansToCancel) return end(State::failed, Reason::cancelled);
    if (output_.empty()) hear(byte, now);
  }
  // A loader that babbles is no answer.
  if (state_ == State::running && output_.empty() && now >= deadline()) expire(now);
}

bool Sender::waits_to_be_asked() const {
  return phase_ == Phase::start || phase_ == Phase::content || phase_ == Phase::next;
}

/// Up to the first block's ACK another 'C' stands for a NAK [8.2.3]; to an EOT
/// everything but an ACK does [7.3.3, figure 10].
bool Sender::may_ask_again() const {
  return phase_ != Phase::data || acknowledged_ == 0;
}

void Sender::hear(std::uint8_t byte, Instant now) {
  const bool waits = waits_to_be_asked();
  if (!waits && byte == kAck) return acknowledge(now);
  if (!waits && byte == kNak) return send_again();
  const bool asks = byte == kAskCrc ? may_ask_again() : waits && byte == kNak;
  if (!asks) return asked_at_.reset();
  if (!asked_at_) asked_at_ = now;
  ask_ = byte;
}

void Sender::expire(Instant now) {
  if (state_ != State::running || !output_.empty() || now < deadline()) return;
  if (asked_at_ && now >= *asked_at_ + offer_.limits.quiet) return asked();
  switch (phase_) {
    case Phase::start:
      // Whoever listens there knows nothing of a transfer: no CAN.
      return end(State::failed, Reason::not_asked);
    case Phase::eot:
      if (tries_ == offer_.limits.tries) return fail(Reason::no_answer);
      return send_again();
    case Phase::next:
    case Phase::farewell:
      return end(State::done, Reason::none);
    default:
      return fail(Reason::no_answer);
  }
}

void Sender::asked() {
  asked_at_.reset();
  if (!waits_to_be_asked()) return send_again();
  // Never a CRC that was not asked for [4.3]; a NAK behind block 0 is a receiver that
  // has waited, not one that changed its mind.
  if (ask_ == kAskCrc) check_ = Check::crc;
  tries_ = 0;
  switch (phase_) {
    case Phase::start:
      if (offer_.protocol == Protocol::ymodem) return send_header();
      return send_next();
    case Phase::content:
      return send_next();
    default:
      send(encode_packet(0, {}, kShortBlock, check_, 0), Phase::farewell);
  }
}

void Sender::acknowledge(Instant now) {
  tries_ = 0;
  switch (phase_) {
    case Phase::header:
      phase_ = Phase::content;
      deadline_ = now + offer_.limits.answer;
      return asked_at_.reset();
    case Phase::data:
      acknowledged_ += on_its_way_;
      return send_next();
    case Phase::eot:
      if (offer_.protocol == Protocol::xmodem_1k) {
        return end(State::done, Reason::none);
      }
      phase_ = Phase::next;
      deadline_ = now + offer_.limits.farewell;
      return asked_at_.reset();
    default:
      batch_ended_ = true;
      return end(State::done, Reason::none);
  }
}

void Sender::send_header() {
  const Bytes header = encode_header({offer_.name, image_.size()});
  // A name that does not fit goes into a long block [5, footnote 4].
  const std::size_t block = header.size() > kShortBlock ? kLongBlock : kShortBlock;
  send(encode_packet(0, header, block, check_, 0), Phase::header);
}

void Sender::send_next() {
  const ByteView left = image_.subspan(acknowledged_);
  if (left.empty()) return send({kEot}, Phase::eot);
  // A receiver that knows no CRC is older than long blocks.
  const std::size_t longest = check_ == Check::crc ? offer_.block : kShortBlock;
  const std::size_t block = block_for(left.size(), longest);
  on_its_way_ = std::min(left.size(), block);
  send(encode_packet(++number_, left.first(on_its_way_), block, check_), Phase::data);
}

void Sender::send_again() {
  if (tries_ == offer_.limits.tries) return fail(Reason::too_many_errors);
  ++tries_;
  ++repeats_;
  asked_at_.reset();
  output_ = last_;
}

void Sender::send(Bytes bytes, Phase phase) {
  phase_ = phase;
  asked_at_.reset();
  last_ = std::move(bytes);
  output_ = last_;
}

void Sender::sent(Instant now) {
  output_.clear();
  if (state_ != State::running) return;
  const SenderLimits& limits = offer_.limits;
  deadline_ = now + (phase_ == Phase::eot        ? limits.eot
                     : phase_ == Phase::farewell ? limits.farewell
                                                 : limits.answer);
}

void Sender::cancel() {
  if (state_ == State::running) fail(Reason::abandoned);
}

void Sender::fail(Reason reason) {
  end(State::failed, reason);
  output_ = cancellation();
}

void Sender::end(State state, Reason reason) {
  state_ = state;
  reason_ = reason;
  phase_ = Phase::over;
  asked_at_.reset();
  output_.clear();
  deadline_ = kNever;
}

}  // namespace lockrig::ymodem
