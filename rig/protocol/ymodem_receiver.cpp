#include "rig/protocol/ymodem_receiver.hpp"

#include <algorithm>
#include <utility>

namespace lockrig::ymodem {

Receiver::Receiver(Demand demand, Instant now)
    : demand_(demand),
      phase_(demand.protocol == Protocol::ymodem ? Phase::header : Phase::content),
      expected_(demand.protocol == Protocol::ymodem ? 0 : 1),
      check_(demand.crc ? Check::crc : Check::checksum),
      deadline_(now) {
  reply({check_ == Check::crc ? kAskCrc : kNak});
}

void Receiver::feed(ByteView bytes, Instant now) {
  for (const std::uint8_t byte : bytes) {
    if (state_ == State::failed) return;
    cans_ = byte == kCan ? cans_ + 1 : 0;
    if (state_ == State::done) {
      if (byte == kEot && output_.empty()) output_ = {kAck};
    } else if (output_.empty()) {
      hear(byte, now);
    } else if (cans_ == kCansToCancel) {
      cancelled();
    }
  }
  if (state_ == State::running && output_.empty() && now >= deadline_) expire(now);
}

void Receiver::hear(std::uint8_t byte, Instant now) {
  switch (line_) {
    case Line::idle:
      return begin(byte, now);
    case Line::block:
      return extend_block(byte, now);
    case Line::purge:
      return extend_purge(now);
    case Line::eot:
      return start_purge(now);
  }
}

void Receiver::begin(std::uint8_t byte, Instant now) {
  switch (byte) {
    case kSoh:
    case kStx:
      line_ = Line::block;
      packet_.clear();
      return extend_block(byte, now);
    case kEot:
      line_ = Line::eot;
      deadline_ = now + demand_.limits.quiet;
      return;
    case kCan:
      if (cans_ >= kCansToCancel) cancelled();
      return;
    default:
      return start_purge(now);
  }
}

void Receiver::extend_block(std::uint8_t byte, Instant now) {
  packet_.push_back(byte);
  deadline_ = now + demand_.limits.byte;
  if (packet_.size() == 3 && (packet_[1] ^ packet_[2]) != 0xff) return start_purge(now);
  if (packet_.size() < packet_size(packet_[0], check_)) return;
  const auto packet = decode_packet(packet_, check_);
  if (!packet) return start_purge(now);
  line_ = Line::idle;
  take_packet(*packet);
}

void Receiver::start_purge(Instant now) {
  line_ = Line::purge;
  purge_end_ = now + demand_.limits.block;
  extend_purge(now);
}

void Receiver::extend_purge(Instant now) {
  deadline_ = std::min(now + demand_.limits.purge, purge_end_);
}

void Receiver::expire(Instant now) {
  if (state_ != State::running || !output_.empty() || now < deadline_) return;
  switch (std::exchange(line_, Line::idle)) {
    case Line::idle:
      return timed_out();
    case Line::block:
      return complain();
    case Line::purge:
      // A sender that gave up in the middle of a block.
      if (cans_ >= kCansToCancel) return cancelled();
      return complain();
    case Line::eot:
      return take_eot();
  }
}

/// A sender that knows no CRC does not answer a 'C' at all [8.2.1].
void Receiver::timed_out() {
  if (phase_ == Phase::farewell && ++unheard_ > demand_.limits.farewells) {
    return end(State::done, Reason::none);
  }
  if (first_ && check_ == Check::crc && ++unheard_ >= demand_.limits.crc_asks) {
    check_ = Check::checksum;
  }
  if (tries_ == demand_.limits.tries) return fail(Reason::no_answer);
  complain();
}

bool Receiver::at_first_block() const {
  return phase_ != Phase::content || file_.empty();
}

void Receiver::complain() {
  if (tries_ == demand_.limits.tries) {
    if (phase_ == Phase::farewell) return end(State::done, Reason::none);
    return fail(Reason::too_many_errors);
  }
  ++tries_;
  ++complaints_;
  reply({at_first_block() && check_ == Check::crc ? kAskCrc : kNak});
}

void Receiver::take_packet(const Packet& packet) {
  eot_seen_ = false;
  switch (phase_) {
    case Phase::header:
      return take_header(packet);
    case Phase::content:
      return take_data(packet);
    case Phase::farewell:
      return take_farewell(packet);
  }
}

void Receiver::take_header(const Packet& packet) {
  if (packet.number != 0) return fail(Reason::out_of_step);
  auto header = decode_header(packet.data);
  if (!header) return fail(Reason::malformed);
  if (header->name.empty()) {
    end(State::failed, Reason::no_file);
    output_ = {kAck};
    return;
  }
  if (header->size.value_or(0) > demand_.max_size) return fail(Reason::too_big);
  header_ = std::move(*header);
  phase_ = Phase::content;
  expected_ = 1;
  accept(header_answer());
}

/// Taken, and the first block is wanted [5].
Bytes Receiver::header_answer() const {
  return {kAck, check_ == Check::crc ? kAskCrc : kNak};
}

void Receiver::take_data(const Packet& packet) {
  if (packet.number == static_cast<std::uint8_t>(expected_ - 1)) {
    // The ACK was lost; the 'C' behind block 0's as well. Before XMODEM's first block
    // there is none that could come twice.
    if (first_) return fail(Reason::out_of_step);
    if (file_.empty() && packet.number == 0) return accept(header_answer());
    return accept({kAck});
  }
  if (packet.number != expected_) return fail(Reason::out_of_step);
  ByteView data = packet.data;
  if (header_.size) {
    const std::size_t left = static_cast<std::size_t>(*header_.size) - file_.size();
    data = data.first(std::min(data.size(), left));
  }
  if (data.size() > demand_.max_size - file_.size()) return fail(Reason::too_big);
  file_.insert(file_.end(), data.begin(), data.end());
  ++expected_;
  accept({kAck});
}

void Receiver::take_farewell(const Packet& packet) {
  if (packet.number != 0) return fail(Reason::out_of_step);
  if (packet.data[0] != 0) return fail(Reason::another_file);
  end(State::done, Reason::none);
  output_ = {kAck};
}

/// The first is refused, as the figures have it [5, figure 3]: an EOT is one byte,
/// which nothing protects.
void Receiver::take_eot() {
  if (phase_ == Phase::header) return complain();
  if (phase_ == Phase::farewell) return reply({kAck, kAskCrc});
  if (!std::exchange(eot_seen_, true)) return reply({kNak});
  if (file_.size() < header_.size.value_or(0)) return fail(Reason::too_short);
  if (demand_.protocol == Protocol::xmodem_1k) {
    end(State::done, Reason::none);
    output_ = {kAck};
    return;
  }
  phase_ = Phase::farewell;
  unheard_ = 0;
  accept({kAck, kAskCrc});
}

void Receiver::accept(Bytes answer) {
  tries_ = 0;
  first_ = false;
  reply(std::move(answer));
}

void Receiver::reply(Bytes bytes) { output_ = std::move(bytes); }

void Receiver::sent(Instant now) {
  if (state_ == State::running) {
    const bool may_fall_back = first_ && check_ == Check::crc;
    deadline_ = now + (may_fall_back ? demand_.limits.first : demand_.limits.block);
  }
  output_.clear();
}

/// A sender may go in the middle of its farewell: the file is here.
void Receiver::cancelled() {
  if (phase_ == Phase::farewell) return end(State::done, Reason::none);
  end(State::failed, Reason::cancelled);
}

void Receiver::cancel() {
  if (state_ == State::running) fail(Reason::abandoned);
}

void Receiver::fail(Reason reason) {
  end(State::failed, reason);
  output_ = cancellation();
}

void Receiver::end(State state, Reason reason) {
  state_ = state;
  reason_ = reason;
  output_.clear();
  deadline_ = kNever;
}

}  // namespace lockrig::ymodem
