// Takes one file by XMODEM-1K or YMODEM, as a boot loader does: for virtual and sample
// boards and for tests. No I/O and no clock of its own. How it is driven: ymodem.hpp.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "rig/protocol/xmodem_packet.hpp"
#include "rig/protocol/ymodem.hpp"

namespace lockrig::ymodem {

/// What is asked for, and how.
struct Demand {
  Protocol protocol = Protocol::ymodem;
  /// Of the file; XMODEM's padding counts, since nobody can tell it from the file.
  std::size_t max_size = std::numeric_limits<std::size_t>::max();
  /// Asks for a checksum if not.
  bool crc = true;
  ReceiverLimits limits{};
};

class Receiver {
 public:
  Receiver(Demand demand, Instant now);

  /// A receiver that is done goes on answering a sender that missed its last ACK, for
  /// as long as it is fed.
  void feed(ByteView bytes, Instant now);
  /// Nothing came up to `now`, which is deadline() or later.
  void expire(Instant now);
  /// Not while something is to be sent.
  Instant deadline() const { return deadline_; }

  /// A board that needs time for what it got (to erase, to program) takes it before it
  /// sends this.
  ByteView output() const { return output_; }
  void sent(Instant now);

  /// Tells the sender that the transfer ends.
  void cancel();

  State state() const { return state_; }
  Reason reason() const { return reason_; }
  /// What came so far, in order. Of YMODEM without padding, if the sender told the
  /// length; of XMODEM with it.
  const Bytes& file() const { return file_; }
  /// YMODEM: what block 0 said; empty before it.
  const FileHeader& header() const { return header_; }
  /// Blocks and EOTs that were asked for again, all in all.
  int complaints() const { return complaints_; }

 private:
  enum class Phase { header, content, farewell };
  enum class Line {
    idle,   // between blocks
    block,  // in one
    purge,  // waits for the line to clear, to complain
    eot,    // an EOT has come, which may be a damaged block's
  };

  void hear(std::uint8_t byte, Instant now);
  void begin(std::uint8_t byte, Instant now);
  void extend_block(std::uint8_t byte, Instant now);
  void start_purge(Instant now);
  void extend_purge(Instant now);
  void take_packet(const Packet& packet);
  void take_header(const Packet& packet);
  void take_data(const Packet& packet);
  void take_farewell(const Packet& packet);
  void take_eot();
  void timed_out();
  void complain();
  bool at_first_block() const;
  Bytes header_answer() const;
  void cancelled();
  void reply(Bytes bytes);
  void accept(Bytes answer);
  void fail(Reason reason);
  void end(State state, Reason reason);

  Demand demand_;
  Phase phase_;
  Line line_ = Line::idle;
  State state_ = State::running;
  Reason reason_ = Reason::none;
  Bytes output_;
  Bytes packet_;  // as far as it has come
  Bytes file_;
  FileHeader header_;
  std::uint8_t expected_;  // the next block's number
  Check check_;
  bool first_ = true;  // no block has been acknowledged yet
  bool eot_seen_ = false;
  int unheard_ = 0;  // times that a 'C' brought nothing
  int tries_ = 0;
  int complaints_ = 0;
  std::size_t cans_ = 0;
  Instant deadline_;
  Instant purge_end_{};  // at the latest
};

}  // namespace lockrig::ymodem
