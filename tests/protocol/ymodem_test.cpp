#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "rig/protocol/ymodem_receiver.hpp"
#include "rig/protocol/ymodem_sender.hpp"

namespace lockrig::ymodem {
namespace {

constexpr Protocol kBoth[] = {Protocol::xmodem_1k, Protocol::ymodem};

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::uint8_t>(i * 31 + i / 251);
  }
  return bytes;
}

Offer offer(Protocol protocol, std::size_t block = kLongBlock) {
  return {protocol, "image.bin", block};
}

enum class To { receiver, sender };

/// A sender and a receiver on a line that takes no time, and may change what is said.
struct Exchange {
  Exchange(Bytes image_sent, Offer what, Demand wanted)
      : image(std::move(image_sent)), sender(image, what, now), receiver(wanted, now) {}

  /// What the line makes of message number n of either direction.
  using Change = std::function<Bytes(To, int n, Bytes said)>;

  void run(const Change& change = nullptr) {
    for (int i = 0; i < 100000 && step(change); ++i) {
    }
  }

  /// False when both have ended and nothing is to be said.
  bool step(const Change& change) {
    const Bytes to_receiver = say(sender);
    const Bytes to_sender = say(receiver);
    if (!to_receiver.empty()) {
      const Bytes heard =
          change ? change(To::receiver, blocks, to_receiver) : to_receiver;
      ++blocks;
      receiver.feed(heard, now);
    }
    if (!to_sender.empty()) {
      const Bytes heard = change ? change(To::sender, answers, to_sender) : to_sender;
      ++answers;
      sender.feed(heard, now);
      if (sender.acknowledged() != progress.back()) {
        progress.push_back(sender.acknowledged());
      }
    }
    if (!to_receiver.empty() || !to_sender.empty()) return true;
    const bool sends = sender.state() == State::running;
    const bool receives = receiver.state() == State::running;
    if (!sends && !receives) return false;
    now = std::min(sends ? sender.deadline() : kNever,
                   receives ? receiver.deadline() : kNever);
    sender.expire(now);
    receiver.expire(now);
    return true;
  }

  template <typename Machine>
  Bytes say(Machine& machine) {
    const Bytes said(machine.output().begin(), machine.output().end());
    if (!said.empty()) machine.sent(now);
    return said;
  }

  /// Both say that it is done, and the file is the image.
  void expect_whole(const std::string& where = "") const {
    EXPECT_EQ(sender.state(), State::done) << where << to_string(sender.reason());
    EXPECT_EQ(receiver.state(), State::done) << where << to_string(receiver.reason());
    EXPECT_EQ(sender.acknowledged(), image.size()) << where;
    Bytes expected = image;
    if (receiver.header().name.empty()) {
      ASSERT_GE(receiver.file().size(), image.size()) << where;
      EXPECT_LT(receiver.file().size() - image.size(), kShortBlock) << where;
      expected.resize(receiver.file().size(), kPadding);
    }
    EXPECT_EQ(receiver.file() == expected, true) << where;
  }

  Instant now{};
  Bytes image;
  Sender sender;
  Receiver receiver;
  int blocks = 0;
  int answers = 0;
  std::vector<std::size_t> progress{0};
};

/// A sender, and a hand that says what a loader would.
struct Alone {
  explicit Alone(Bytes image_sent, Offer what = offer(Protocol::ymodem))
      : image(std::move(image_sent)), sender(image, what, now) {}

  Bytes said() {
    const Bytes bytes(sender.output().begin(), sender.output().end());
    if (!bytes.empty()) sender.sent(now);
    return bytes;
  }
  Bytes after(const Bytes& heard) {
    sender.feed(heard, now);
    return said();
  }
  Bytes after_quiet(const Bytes& heard) {
    sender.feed(heard, now);
    pass(SenderLimits{}.quiet);
    return said();
  }
  void pass(Duration time) {
    now += time;
    sender.expire(now);
  }
  int number_of(const Bytes& block) const { return block.size() > 1 ? block[1] : -1; }

  Instant now{};
  Bytes image;
  Sender sender;
};

// The reference, figure 6.
TEST(YmodemPacket, reads_block_0_of_the_reference) {
  Bytes data = bytes_of(std::string("bbcsched.txt\0006347 3314742513 100644", 36));
  const Bytes packet = encode_packet(0, data, kShortBlock, Check::crc, 0);
  ASSERT_EQ(packet.size(), 133u);
  EXPECT_EQ(Bytes(packet.begin(), packet.begin() + 3), (Bytes{0x01, 0x00, 0xff}));
  EXPECT_EQ(Bytes(packet.end() - 2, packet.end()), (Bytes{0xca, 0x56}));
  const auto decoded = decode_packet(packet, Check::crc);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decode_header(decoded->data), (FileHeader{"bbcsched.txt", 6347}));
}

TEST(YmodemPacket, every_changed_byte_is_seen) {
  for (const Check check : {Check::checksum, Check::crc}) {
    for (const std::size_t block : {kShortBlock, kLongBlock}) {
      const Bytes good = encode_packet(7, pattern(100), block, check);
      EXPECT_EQ(good.size(), packet_size(good[0], check));
      EXPECT_TRUE(decode_packet(good, check));
      for (std::size_t at = 0; at < good.size(); ++at) {
        Bytes bad = good;
        bad[at] ^= 0x10;
        EXPECT_FALSE(decode_packet(bad, check)) << at;
        EXPECT_FALSE(decode_packet(ByteView(good).first(at), check)) << at;
      }
    }
  }
}

TEST(YmodemPacket, a_header_has_a_name_and_perhaps_a_length) {
  for (const FileHeader& header : {FileHeader{"a", 0}, FileHeader{"a.bin", 4294967296u},
                                   FileHeader{"name", std::nullopt}, FileHeader{}}) {
    Bytes data = encode_header(header);
    data.resize(kShortBlock);
    EXPECT_EQ(decode_header(data), header) << header.name;
  }
  const auto read = [](std::string text) {
    text.resize(kShortBlock);
    return decode_header(bytes_of(text));
  };
  using namespace std::string_literals;
  EXPECT_EQ(read("f\0 77"s), (FileHeader{"f", std::nullopt}));
  EXPECT_FALSE(read("f\0001x"s));
  EXPECT_FALSE(read("f\00099999999999999999999"s)) << "above 64 bits";
  EXPECT_FALSE(decode_header(Bytes(kShortBlock, 'n'))) << "a name without an end";
}

TEST(Ymodem, every_size_around_a_block_arrives_whole) {
  for (const Protocol protocol : kBoth) {
    for (const bool crc : {true, false}) {
      for (const std::size_t block : {kShortBlock, kLongBlock}) {
        for (const std::size_t size : {0u, 1u, 127u, 128u, 129u, 895u, 896u, 897u,
                                       1023u, 1024u, 1025u, 1152u, 300u * 1024u}) {
          Exchange e(pattern(size), offer(protocol, block), {protocol, SIZE_MAX, crc});
          e.run();
          e.expect_whole(std::to_string(size) + ": ");
          EXPECT_EQ(e.sender.repeats(), 1) << "the first EOT alone: it is refused";
          EXPECT_TRUE(std::is_sorted(e.progress.begin(), e.progress.end()));
          if (protocol != Protocol::ymodem) continue;
          EXPECT_EQ(e.receiver.header(), (FileHeader{"image.bin", size}));
          EXPECT_TRUE(e.sender.batch_ended());
        }
      }
    }
  }
}

// The reference, figures 2 and 5.
TEST(Ymodem, a_short_tail_goes_in_short_blocks) {
  std::vector<std::size_t> sizes;
  Exchange e(pattern(2 * 1024 + 228), offer(Protocol::ymodem), {Protocol::ymodem});
  e.run([&](To to, int, Bytes said) {
    if (to == To::receiver) sizes.push_back(said.size());
    return said;
  });
  EXPECT_EQ(sizes, (std::vector<std::size_t>{133, 1029, 1029, 133, 133, 1, 1, 133}));
  EXPECT_EQ(e.progress, (std::vector<std::size_t>{0, 1024, 2048, 2176, 2276}));
}

// The reference, figure 3.
TEST(Ymodem, a_session_is_the_one_of_the_reference) {
  std::string session;
  Exchange e(pattern(100), offer(Protocol::ymodem), {Protocol::ymodem});
  e.run([&](To to, int, Bytes said) {
    session += to == To::sender ? "<" : ">";
    for (const std::uint8_t byte : said.size() > 8 ? Bytes{said[0], said[1]} : said) {
      session += byte == kAskCrc ? "C"
                 : byte == kAck  ? "A"
                 : byte == kNak  ? "N"
                 : byte == kEot  ? "E"
                                 : std::to_string(byte);
    }
    return said;
  });
  EXPECT_EQ(session, "<C>10<AC>11<A>E<N>E<AC>10<A");
}

struct Fault {
  const char* name;
  std::function<Bytes(Bytes)> apply;
};

Fault corrupted(const char* name, double at) {
  return {name, [at](Bytes said) {
            said[static_cast<std::size_t>(at * (said.size() - 1.0))] ^= 0x40;
            return said;
          }};
}

const std::vector<Fault>& faults() {
  static const std::vector<Fault> all = {
      corrupted("first byte", 0),
      corrupted("second byte", 0.0079),
      corrupted("middle", 0.5),
      corrupted("last byte", 1),
      {"dropped", [](Bytes) { return Bytes{}; }},
      {"truncated",
       [](Bytes said) { return Bytes(said.begin(), said.begin() + said.size() / 2); }},
      {"a byte dropped",
       [](Bytes said) {
         said.erase(said.begin() + said.size() / 2);
         return said;
       }},
      {"a byte too many",
       [](Bytes said) {
         said.insert(said.begin() + said.size() / 2, 0x55);
         return said;
       }},
      {"duplicated",
       [](Bytes said) {
         const Bytes again = said;
         said.insert(said.end(), again.begin(), again.end());
         return said;
       }},
  };
  return all;
}

// Every exchange fails at each step, in each direction, `times` times in a row.
void fails_at_each_step(Protocol protocol, bool crc, int times) {
  const Bytes image = pattern(1024 + 200);
  const Demand demand{protocol, SIZE_MAX, crc};
  Exchange good(image, offer(protocol), demand);
  good.run();
  for (const To direction : {To::receiver, To::sender}) {
    const int steps = direction == To::receiver ? good.blocks : good.answers;
    for (int step = 0; step < steps; ++step) {
      for (const Fault& fault : faults()) {
        Exchange e(image, offer(protocol), demand);
        e.run([&](To to, int n, Bytes said) {
          return to == direction && n >= step && n < step + times
                     ? fault.apply(std::move(said))
                     : said;
        });
        const bool is_farewell = protocol == Protocol::ymodem &&
                                 direction == To::sender && step + times >= steps - 1;
        e.expect_whole(std::string(to_string(protocol)) + (crc ? "" : " checksum") +
                       ", " + (direction == To::receiver ? "block " : "answer ") +
                       std::to_string(step) + ", " + fault.name + ": ");
        if (!is_farewell && protocol == Protocol::ymodem) {
          EXPECT_TRUE(e.sender.batch_ended());
        }
      }
    }
  }
}

TEST(Ymodem, recovers_from_one_fault_at_each_step) {
  for (const Protocol protocol : kBoth) {
    fails_at_each_step(protocol, true, 1);
    fails_at_each_step(protocol, false, 1);
  }
}

TEST(Ymodem, recovers_from_two_faults_at_each_step) {
  for (const Protocol protocol : kBoth) fails_at_each_step(protocol, true, 2);
}

TEST(Ymodem, a_line_that_is_cut_at_each_step_ends_both) {
  for (const Protocol protocol : kBoth) {
    const Bytes image = pattern(1024 + 200);
    Exchange good(image, offer(protocol), {protocol});
    good.run();
    for (int step = 0; step < good.blocks + good.answers; ++step) {
      Exchange e(image, offer(protocol), {protocol});
      int said_so_far = 0;
      e.run(
          [&](To, int, Bytes said) { return said_so_far++ >= step ? Bytes{} : said; });
      EXPECT_NE(e.sender.state(), State::running) << step;
      EXPECT_NE(e.receiver.state(), State::running) << step;
      // Never more than what is there.
      EXPECT_LE(e.sender.acknowledged(), e.receiver.file().size()) << step;
      if (e.sender.state() == State::done) {
        EXPECT_GE(e.receiver.file().size(), image.size()) << step;
      }
    }
  }
}

TEST(Ymodem, either_end_may_cancel_at_each_step) {
  for (const Protocol protocol : kBoth) {
    for (const bool by_sender : {true, false}) {
      for (int step = 0; step < 6; ++step) {
        Exchange e(pattern(3000), offer(protocol), {protocol});
        for (int i = 0; i < step; ++i) e.step(nullptr);
        by_sender ? e.sender.cancel() : e.receiver.cancel();
        e.run();
        const Reason sends = by_sender ? Reason::abandoned : Reason::cancelled;
        const Reason receives = by_sender ? Reason::cancelled : Reason::abandoned;
        EXPECT_EQ(e.sender.reason(), sends) << step;
        EXPECT_EQ(e.receiver.reason(), receives) << step;
      }
    }
  }
}

TEST(Ymodem, one_can_is_a_damaged_answer_and_two_cancel) {
  for (const bool in_a_row : {false, true}) {
    Alone a(pattern(2000));
    EXPECT_EQ(a.number_of(a.after_quiet({kAskCrc})), 0);
    a.sender.feed(in_a_row ? Bytes{kCan, kCan} : Bytes{kCan, 'x', kCan}, a.now);
    EXPECT_EQ(a.sender.reason(), in_a_row ? Reason::cancelled : Reason::none);
    EXPECT_TRUE(a.said().empty()) << "nobody listens any more";
  }
}

TEST(YmodemSender, a_loader_may_print_before_it_asks) {
  Alone a(pattern(2000));
  const std::string text =
      "\r\nBooting...\r\nC\x06\x15 Chip: CC2652\r\n## Ready for a Cargo, C";
  for (const char c : text) {
    a.pass(1ms);
    EXPECT_TRUE(a.after({static_cast<std::uint8_t>(c)}).empty()) << c;
  }
  a.pass(10ms);
  EXPECT_TRUE(a.after(bytes_of("ome on\r\n")).empty());
  a.pass(5s);
  EXPECT_TRUE(a.said().empty());
  EXPECT_EQ(a.number_of(a.after_quiet({kAskCrc})), 0);
}

TEST(YmodemSender, a_loader_that_asks_without_a_pause_is_heard) {
  Alone a(pattern(2000));
  int asked = 0;
  for (; a.said().empty() && asked < 1000; ++asked) {
    a.sender.feed(Bytes{kAskCrc}, a.now);
    a.pass(1ms);
  }
  EXPECT_LE(asked, 51);
}

// [8.2.3]
TEST(YmodemSender, a_c_is_a_nak_up_to_the_first_ack_and_noise_afterwards) {
  Alone a(pattern(3000), offer(Protocol::xmodem_1k));
  EXPECT_EQ(a.number_of(a.after_quiet({kAskCrc})), 1);
  EXPECT_EQ(a.number_of(a.after_quiet({kAskCrc})), 1);
  EXPECT_EQ(a.number_of(a.after({kAck})), 2);
  EXPECT_TRUE(a.after_quiet({kAskCrc}).empty());
  EXPECT_EQ(a.number_of(a.after({kNak})), 2);
  EXPECT_EQ(a.sender.repeats(), 2);
}

TEST(YmodemSender, never_uses_a_crc_that_was_not_asked_for) {
  Alone a(pattern(3000), offer(Protocol::xmodem_1k));
  const Bytes block = a.after_quiet({kNak});
  EXPECT_EQ(block.size(), 132u) << "and no long blocks";
  EXPECT_TRUE(decode_packet(block, Check::checksum));
}

TEST(YmodemSender, what_came_before_a_block_left_does_not_answer_it) {
  Alone a(pattern(3000));
  a.after_quiet({kAskCrc});
  a.sender.feed(Bytes{kAck, kAskCrc}, a.now);
  a.pass(50ms);
  ASSERT_FALSE(a.sender.output().empty()) << "block 1, not sent yet";
  a.sender.feed(Bytes{kAck, kAck, kNak}, a.now);
  EXPECT_EQ(a.number_of(a.said()), 1);
  EXPECT_EQ(a.sender.acknowledged(), 0u);
}

TEST(YmodemSender, an_ack_that_comes_twice_at_once_counts_once) {
  Alone a(pattern(3000), offer(Protocol::xmodem_1k));
  a.after_quiet({kAskCrc});
  EXPECT_EQ(a.number_of(a.after({kAck, kAck})), 2);
  EXPECT_EQ(a.sender.acknowledged(), 1024u);
}

TEST(YmodemSender, gives_a_block_ten_more_tries) {
  Alone a(pattern(3000), offer(Protocol::xmodem_1k));
  a.after_quiet({kAskCrc});
  a.after({kAck});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(a.number_of(a.after({kNak})), 2) << i;
  EXPECT_EQ(a.after({kNak}), Bytes(8, kCan));
  EXPECT_EQ(a.sender.reason(), Reason::too_many_errors);
  EXPECT_EQ(a.sender.acknowledged(), 1024u);
}

TEST(YmodemSender, tries_are_counted_anew_with_each_block) {
  Alone a(pattern(20 * 1024), offer(Protocol::xmodem_1k));
  a.after_quiet({kAskCrc});
  for (int block = 0; block < 19; ++block) {
    for (int i = 0; i < 10; ++i) a.after({kNak});
    EXPECT_EQ(a.number_of(a.after({kAck})), block + 2);
  }
}

TEST(YmodemSender, waits_a_minute_to_be_asked_and_then_says_nothing) {
  Alone a(pattern(100));
  a.pass(60s - 1ns);
  EXPECT_EQ(a.sender.state(), State::running);
  a.pass(1ns);
  EXPECT_EQ(a.sender.reason(), Reason::not_asked);
  EXPECT_TRUE(a.said().empty());
}

TEST(YmodemSender, babble_is_no_answer) {
  Alone a(pattern(100));
  for (int i = 0; i < 70 && a.sender.state() == State::running; ++i) {
    a.now += 1s;
    a.sender.feed(bytes_of("waiting\r\n"), a.now);
  }
  EXPECT_EQ(a.sender.reason(), Reason::not_asked);
  EXPECT_EQ(a.now, Instant{60s});
}

TEST(YmodemSender, a_block_that_is_not_answered_ends_it_after_a_minute) {
  Alone a(pattern(2000));
  a.after_quiet({kAskCrc});
  a.pass(60s);
  EXPECT_EQ(a.sender.reason(), Reason::no_answer);
  EXPECT_EQ(a.said(), Bytes(8, kCan));
}

TEST(YmodemSender, an_eot_is_sent_again_by_itself) {
  Alone a(pattern(100), offer(Protocol::xmodem_1k));
  a.after_quiet({kAskCrc});
  EXPECT_EQ(a.after({kAck}), Bytes{kEot});
  for (int i = 0; i < 10; ++i) {
    a.pass(10s);
    EXPECT_EQ(a.said(), Bytes{kEot});
  }
  a.pass(10s);
  EXPECT_EQ(a.sender.reason(), Reason::no_answer);
  EXPECT_EQ(a.sender.acknowledged(), 100u);
}

TEST(YmodemSender, a_loader_that_starts_what_it_got_takes_no_farewell) {
  for (const bool asks : {false, true}) {
    Alone a(pattern(100));
    a.after_quiet({kAskCrc});
    a.after_quiet({kAck, kAskCrc});
    EXPECT_EQ(a.after({kAck}), Bytes{kEot});
    EXPECT_TRUE(a.after({kAck}).empty());
    EXPECT_EQ(a.after_quiet(asks ? Bytes{kAskCrc} : Bytes{}).size(), asks ? 133u : 0u);
    a.pass(12s);
    EXPECT_EQ(a.sender.state(), State::done);
    EXPECT_FALSE(a.sender.batch_ended());
  }
}

TEST(YmodemSender, refuses_what_the_protocol_cannot_say) {
  const Bytes image = pattern(10);
  const auto make = [&](Offer what) { Sender(image, what, Instant{}); };
  EXPECT_THROW(make({Protocol::ymodem, ""}), std::invalid_argument);
  EXPECT_THROW(make({Protocol::ymodem, std::string("a\0b", 3)}), std::invalid_argument);
  EXPECT_THROW(make({Protocol::ymodem, std::string(1024, 'n')}), std::invalid_argument);
  EXPECT_THROW(make({Protocol::ymodem, "a", 512}), std::invalid_argument);
  EXPECT_NO_THROW(make({Protocol::xmodem_1k, ""}));
}

// [5, footnote 4]
TEST(Ymodem, a_long_name_goes_in_a_long_block) {
  Exchange e(pattern(300), {Protocol::ymodem, std::string(500, 'n')},
             {Protocol::ymodem});
  e.run();
  e.expect_whole();
  EXPECT_EQ(e.receiver.header().name, std::string(500, 'n'));
}

TEST(YmodemReceiver, refuses_a_file_that_is_too_big) {
  for (const Protocol protocol : kBoth) {
    Exchange e(pattern(5000), offer(protocol), {protocol, 4999});
    e.run();
    EXPECT_EQ(e.receiver.reason(), Reason::too_big);
    EXPECT_EQ(e.sender.reason(), Reason::cancelled);
    EXPECT_LE(e.receiver.file().size(), 4999u);
  }
  Exchange fits(pattern(5000), offer(Protocol::ymodem), {Protocol::ymodem, 5000});
  fits.run();
  fits.expect_whole();
}

/// A receiver, and a hand that says what a sender would.
struct Board {
  explicit Board(Demand demand = {}) : receiver(demand, now) { said(); }
  Bytes said() {
    const Bytes bytes(receiver.output().begin(), receiver.output().end());
    if (!bytes.empty()) receiver.sent(now);
    return bytes;
  }
  Bytes after(const Bytes& heard) {
    receiver.feed(heard, now);
    return said();
  }
  Bytes after_quiet(const Bytes& heard) {
    receiver.feed(heard, now);
    now = receiver.deadline();
    receiver.expire(now);
    return said();
  }
  Bytes header(const std::string& name, std::uint64_t size) {
    return encode_packet(0, encode_header({name, size}), kShortBlock, Check::crc, 0);
  }
  Bytes data(std::uint8_t number) {
    return encode_packet(number, pattern(kShortBlock), kShortBlock, Check::crc);
  }

  Instant now{};
  Receiver receiver;
};

TEST(YmodemReceiver, ends_at_what_a_sender_must_not_do) {
  struct Case {
    Reason reason;
    std::function<void(Board&)> sends;
  };
  const Case cases[] = {
      {Reason::no_file, [](Board& b) { b.after(b.header("", 0)); }},
      {Reason::out_of_step, [](Board& b) { b.after(b.data(1)); }},
      {Reason::malformed,
       [](Board& b) {
         b.after(encode_packet(0, Bytes(128, 'n'), kShortBlock, Check::crc));
       }},
      {Reason::out_of_step,
       [](Board& b) {
         b.after(b.header("a", 300));
         b.after(b.data(1));
         b.after(b.data(3));
       }},
      {Reason::too_short,
       [](Board& b) {
         b.after(b.header("a", 300));
         b.after(b.data(1));
         b.after_quiet({kEot});
         b.after_quiet({kEot});
       }},
      {Reason::another_file,
       [](Board& b) {
         b.after(b.header("a", 100));
         b.after(b.data(1));
         b.after_quiet({kEot});
         b.after_quiet({kEot});
         b.after(b.header("b", 100));
       }},
  };
  for (const Case& c : cases) {
    Board board;
    c.sends(board);
    EXPECT_EQ(board.receiver.reason(), c.reason) << to_string(c.reason);
    EXPECT_EQ(board.receiver.state(), State::failed) << to_string(c.reason);
  }
}

TEST(YmodemReceiver, a_block_that_comes_again_is_acknowledged_and_not_taken) {
  Board board;
  EXPECT_EQ(board.after(board.header("a", 300)), (Bytes{kAck, kAskCrc}));
  EXPECT_EQ(board.after(board.header("a", 300)), (Bytes{kAck, kAskCrc}));
  EXPECT_EQ(board.after(board.data(1)), Bytes{kAck});
  EXPECT_EQ(board.after(board.data(1)), Bytes{kAck});
  EXPECT_EQ(board.receiver.file().size(), 128u);
}

// An EOT is one byte, and a damaged SOH may look like it.
TEST(YmodemReceiver, an_eot_in_front_of_a_block_is_noise) {
  Board board;
  board.after(board.header("a", 300));
  Bytes damaged = board.data(1);
  damaged[0] = kEot;
  EXPECT_EQ(board.after_quiet(damaged), Bytes{kAskCrc});
  EXPECT_EQ(board.after(board.data(1)), Bytes{kAck});
}

TEST(YmodemReceiver, asks_ten_times_more_and_falls_back_to_the_checksum) {
  Board board;
  std::string asked;
  std::vector<Instant> at;
  while (board.receiver.state() == State::running) {
    for (const std::uint8_t byte : board.after_quiet({})) {
      if (byte == kCan) continue;
      asked += byte == kAskCrc ? 'C' : 'N';
      at.push_back(board.now);
    }
  }
  EXPECT_EQ(asked, "CCCNNNNNNN") << "behind the first";
  EXPECT_EQ(at[0], Instant{3s});
  EXPECT_EQ(at[3], Instant{12s});
  EXPECT_EQ(at[4], Instant{22s});
  EXPECT_EQ(board.receiver.reason(), Reason::no_answer);
}

TEST(YmodemReceiver, complains_when_the_line_is_clear) {
  Board board;
  board.after(board.header("a", 300));
  board.after(board.data(1));
  Bytes damaged = board.data(2);
  damaged[50] ^= 1;
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(board.after(i == 0 ? damaged : bytes_of("noise")).empty());
    board.now += 999ms;
    board.receiver.expire(board.now);
    EXPECT_TRUE(board.said().empty());
  }
  EXPECT_EQ(board.after_quiet({}), Bytes{kNak});
}

TEST(YmodemReceiver, a_line_that_never_clears_is_complained_of_all_the_same) {
  Board board;
  for (int i = 0; i < 200 && board.receiver.state() == State::running; ++i) {
    board.now += 500ms;
    board.after(bytes_of("noise"));
  }
  EXPECT_GT(board.receiver.complaints(), 5);
}

TEST(YmodemReceiver, a_done_receiver_repeats_its_last_ack) {
  Board board(Demand{Protocol::xmodem_1k});
  board.after(board.data(1));
  EXPECT_EQ(board.after_quiet({kEot}), Bytes{kNak});
  EXPECT_EQ(board.after_quiet({kEot}), Bytes{kAck});
  EXPECT_EQ(board.receiver.state(), State::done);
  EXPECT_EQ(board.after({kEot}), Bytes{kAck});
}

}  // namespace
}  // namespace lockrig::ymodem
