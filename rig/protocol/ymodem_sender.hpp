// Sends one image to a boot loader by XMODEM-1K or YMODEM: no I/O and no clock of its
// own. How it is driven: ymodem.hpp.
#pragma once

#include <optional>
#include <string>

#include "rig/protocol/xmodem_packet.hpp"
#include "rig/protocol/ymodem.hpp"

namespace lockrig::ymodem {

/// What is sent, and how.
struct Offer {
  Protocol protocol = Protocol::ymodem;
  std::string name{};  ///< YMODEM alone; no directories, no spaces [5]
  /// The longest block, 1024 or 128: some receivers cannot take bursts of 1024 [4.3].
  std::size_t block = kLongBlock;
  SenderLimits limits{};
};

class Sender {
 public:
  /// The image outlives the sender. std::invalid_argument for a name that is empty, has
  /// a NUL or is too long for a block, and for another block length.
  Sender(ByteView image, Offer offer, Instant now);

  /// How the bytes were cut makes no difference.
  void feed(ByteView bytes, Instant now);
  /// Nothing came up to `now`, which is deadline() or later.
  void expire(Instant now);
  /// Not while something is to be sent.
  Instant deadline() const;

  /// What is to be sent; a transfer that failed may have some, too.
  ByteView output() const { return output_; }
  void sent(Instant now);

  /// Tells the receiver that the transfer ends.
  void cancel();

  State state() const { return state_; }
  Reason reason() const { return reason_; }
  /// Bytes of the image in blocks that were acknowledged. Only ever grows.
  std::size_t acknowledged() const { return acknowledged_; }
  /// Blocks and EOTs that were sent again, all in all.
  int repeats() const { return repeats_; }
  /// YMODEM: the receiver has acknowledged the end of the batch as well. A loader that
  /// starts what it got never does; the file is done all the same.
  bool batch_ended() const { return batch_ended_; }

 private:
  enum class Phase {
    start,     // waits to be asked for the first block
    header,    // block 0 is out
    content,   // waits to be asked for block 1
    data,      // a block is out
    eot,       // an EOT is out
    next,      // waits to be asked for the next file
    farewell,  // the empty block 0 is out
    over,
  };

  bool waits_to_be_asked() const;
  bool may_ask_again() const;
  void hear(std::uint8_t byte, Instant now);
  void asked();
  void acknowledge(Instant now);
  void send_header();
  void send_next();
  void send_again();
  void send(Bytes bytes, Phase phase);
  void fail(Reason reason);
  void end(State state, Reason reason);

  ByteView image_;
  Offer offer_;
  Phase phase_ = Phase::start;
  State state_ = State::running;
  Reason reason_ = Reason::none;
  Check check_ = Check::checksum;
  Bytes output_;
  Bytes last_;                  // what would be sent again
  std::uint8_t number_ = 0;     // of the block that is out
  std::size_t on_its_way_ = 0;  // bytes of the image in it
  std::size_t acknowledged_ = 0;
  int tries_ = 0;
  int repeats_ = 0;
  std::size_t cans_ = 0;
  Instant deadline_;
  // A 'C' or NAK that may be part of a text yet.
  std::optional<Instant> asked_at_;
  std::uint8_t ask_ = 0;
  bool batch_ended_ = false;
};

}  // namespace lockrig::ymodem
