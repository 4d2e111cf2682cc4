#include "rig/protocol/nbd.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace lockrig::nbd {
namespace {

using testing::ElementsAre;

constexpr std::uint64_t kSize = 1 << 20;
constexpr std::uint16_t kNoFlags = 0;

/// Numbers as the document writes them, most significant byte first.
class Message {
 public:
  Message& u16(std::uint64_t value) { return number(value, 2); }
  Message& u32(std::uint64_t value) { return number(value, 4); }
  Message& u64(std::uint64_t value) { return number(value, 8); }
  Message& text(std::string_view words) {
    bytes_.insert(bytes_.end(), words.begin(), words.end());
    return *this;
  }
  Message& zeroes(std::size_t count) {
    bytes_.resize(bytes_.size() + count);
    return *this;
  }
  Message& then(const Message& other) {
    bytes_.insert(bytes_.end(), other.bytes_.begin(), other.bytes_.end());
    return *this;
  }
  const Bytes& bytes() const { return bytes_; }

 private:
  Message& number(std::uint64_t value, int size) {
    for (int i = size - 1; i >= 0; --i) {
      bytes_.push_back(static_cast<std::uint8_t>(value >> 8 * i));
    }
    return *this;
  }
  Bytes bytes_;
};

Message client_flags(std::uint32_t flags) { return Message().u32(flags); }

Message option(std::uint32_t which, const Message& data = {}) {
  return Message().text("IHAVEOPT").u32(which).u32(data.bytes().size()).then(data);
}

Message go_to(std::string_view name, std::size_t requests = 0) {
  return Message().u32(name.size()).text(name).u16(requests).zeroes(2 * requests);
}

Message answer(std::uint32_t which, std::uint32_t type, const Message& data = {}) {
  return Message()
      .u64(0x3e889045565a9)
      .u32(which)
      .u32(type)
      .u32(data.bytes().size())
      .then(data);
}

Message request(std::uint16_t type, std::uint64_t handle, std::uint64_t offset,
                std::uint32_t length, std::uint16_t flags = kNoFlags) {
  return Message()
      .u32(0x25609513)
      .u16(flags)
      .u16(type)
      .u64(handle)
      .u64(offset)
      .u32(length);
}

/// HAS_FLAGS, SEND_FLUSH, SEND_FUA, SEND_TRIM, SEND_WRITE_ZEROES.
constexpr std::uint64_t kTransmissionFlags = 0b1101101;

class Nbd : public testing::Test {
 protected:
  Nbd() { session_.take_output(); }

  void say(const Message& message) { session_.feed(message.bytes()); }
  Bytes heard() { return session_.take_output(); }
  void shake_hands() {
    say(client_flags(3));
    say(option(1, Message().text("disk")));
    heard();
  }
  Request only_request() {
    const auto found = session_.next();
    EXPECT_TRUE(found);
    EXPECT_FALSE(session_.ended());
    return found.value_or(Request{});
  }
  Error refusal_of(const Message& message) {
    say(message);
    return only_request().refusal;
  }

  Session session_{{"disk", kSize}};
};

TEST(NbdGreeting, is_fixed_newstyle_without_zeroes) {
  Session session({"disk", kSize});
  EXPECT_EQ(session.take_output(),
            Message().text("NBDMAGIC").text("IHAVEOPT").u16(3).bytes());
  EXPECT_TRUE(session.take_output().empty());
}

TEST(NbdGreeting, refuses_a_name_that_cannot_be_sent) {
  EXPECT_NO_THROW(Session({std::string(4096, 'n'), 1}));
  EXPECT_THROW(Session({std::string(4097, 'n'), 1}), std::invalid_argument);
}

TEST_F(Nbd, an_export_chosen_by_name_answers_with_its_size) {
  say(client_flags(3));
  say(option(1, Message().text("disk")));
  EXPECT_EQ(heard(), Message().u64(kSize).u16(kTransmissionFlags).bytes());
  EXPECT_FALSE(session_.ended());
}

TEST_F(Nbd, a_client_that_knows_no_better_gets_its_zeroes) {
  say(client_flags(1));
  say(option(1));
  EXPECT_EQ(heard(), Message().u64(kSize).u16(kTransmissionFlags).zeroes(124).bytes());
}

TEST_F(Nbd, a_wrong_name_ends_what_has_no_answer_for_an_error) {
  say(client_flags(3));
  say(option(1, Message().text("disc")));
  EXPECT_TRUE(session_.ended());
  EXPECT_TRUE(heard().empty());
}

TEST_F(Nbd, go_tells_size_and_block_sizes_and_begins_the_transmission) {
  say(client_flags(3));
  say(option(7, go_to("disk", 2)));
  EXPECT_EQ(heard(),
            Message()
                .then(answer(7, 3, Message().u16(0).u64(kSize).u16(kTransmissionFlags)))
                .then(answer(7, 3, Message().u16(3).u32(1).u32(4096).u32(32 << 20)))
                .then(answer(7, 1))
                .bytes());
  EXPECT_EQ(refusal_of(request(0, 1, 0, 512)), Error::none);
}

TEST_F(Nbd, info_tells_the_same_and_the_haggling_goes_on) {
  say(client_flags(3));
  say(option(6, go_to("")));
  EXPECT_FALSE(heard().empty());
  say(option(3));
  EXPECT_EQ(heard(), Message()
                         .then(answer(3, 2, Message().u32(4).text("disk")))
                         .then(answer(3, 1))
                         .bytes());
}

TEST_F(Nbd, options_that_are_wrong_are_answered_and_forgotten) {
  constexpr std::uint32_t kInvalid = 0x80000003;
  say(client_flags(3));
  say(option(7, go_to("disc")));
  EXPECT_EQ(heard(), answer(7, 0x80000006).bytes());
  say(option(7, Message().u32(0)));
  EXPECT_EQ(heard(), answer(7, kInvalid).bytes());
  say(option(7, Message().u32(0xffffffff).text("disk").u16(0)));
  EXPECT_EQ(heard(), answer(7, kInvalid).bytes());
  say(option(6, Message().u32(4).text("disk").u16(1)));
  EXPECT_EQ(heard(), answer(6, kInvalid).bytes());
  say(option(3, Message().u16(0)));
  EXPECT_EQ(heard(), answer(3, kInvalid).bytes());
  EXPECT_FALSE(session_.ended());
}

TEST_F(Nbd, unknown_options_are_unsupported) {
  say(client_flags(3));
  for (const std::uint32_t unknown : {0u, 4u, 5u, 8u, 9u, 10u, 11u, 0xffffffffu}) {
    say(option(unknown, Message().zeroes(unknown % 100)));
    EXPECT_EQ(heard(), answer(unknown, 0x80000001).bytes());
  }
}

TEST_F(Nbd, abort_is_acknowledged) {
  say(client_flags(3));
  say(option(2));
  EXPECT_EQ(heard(), answer(2, 1).bytes());
  EXPECT_TRUE(session_.ended());
  EXPECT_TRUE(session_.complaint().empty());
}

TEST_F(Nbd, what_no_client_may_say_ends_the_session) {
  const auto complaint_about = [](const Message& message) {
    Session session({"disk", kSize});
    session.feed(message.bytes());
    while (session.next()) {
    }
    EXPECT_TRUE(session.ended());
    EXPECT_EQ(session.buffered(), 0u);
    session.feed(message.bytes());
    EXPECT_EQ(session.buffered(), 0u);
    return !session.complaint().empty();
  };
  EXPECT_TRUE(complaint_about(client_flags(4)));
  EXPECT_TRUE(complaint_about(client_flags(3).text("IHAVEOPS").zeroes(8)));
  EXPECT_TRUE(
      complaint_about(client_flags(3).text("IHAVEOPT").u32(99).u32(kMaxOption + 1)));
  const Message hello = client_flags(3).then(option(1));
  EXPECT_TRUE(complaint_about(Message(hello).zeroes(28)));
  EXPECT_TRUE(complaint_about(Message(hello).then(request(1, 1, 0, kMaxPayload + 1))));
}

TEST_F(Nbd, a_write_comes_whole_and_once) {
  shake_hands();
  const Message message = request(1, 0x0102030405060708, 4096, 5, 1).text("hello");
  for (std::size_t n = 0; n + 1 < message.bytes().size(); ++n) {
    session_.feed(ByteView(message.bytes()).subspan(n, 1));
    EXPECT_FALSE(session_.next());
  }
  session_.feed(ByteView(message.bytes()).last(1));
  const auto found = session_.next();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->command, Command::write);
  EXPECT_EQ(found->handle, 0x0102030405060708u);
  EXPECT_EQ(found->offset, 4096u);
  EXPECT_EQ(found->length, 5u);
  EXPECT_THAT(found->data, ElementsAre('h', 'e', 'l', 'l', 'o'));
  EXPECT_EQ(found->refusal, Error::none);
  EXPECT_FALSE(session_.next());
  EXPECT_EQ(session_.buffered(), 0u);
}

TEST_F(Nbd, requests_in_one_piece_come_one_by_one) {
  shake_hands();
  say(request(1, 1, 0, 2)
          .text("ab")
          .then(request(3, 2, 0, 0))
          .then(request(6, 3, 0, kSize, 2)));
  EXPECT_EQ(only_request().command, Command::write);
  EXPECT_EQ(only_request().command, Command::flush);
  const Request zeroes = only_request();
  EXPECT_EQ(zeroes.command, Command::write_zeroes);
  EXPECT_TRUE(zeroes.no_hole);
  EXPECT_EQ(zeroes.length, kSize);
  EXPECT_FALSE(session_.next());
}

TEST_F(Nbd, a_disconnect_is_the_last_thing_heard) {
  shake_hands();
  say(request(0, 1, 0, 1).then(request(2, 2, 0, 0)).then(request(0, 3, 0, 1)));
  EXPECT_EQ(only_request().handle, 1u);
  EXPECT_FALSE(session_.next());
  EXPECT_TRUE(session_.ended());
  EXPECT_TRUE(session_.complaint().empty());
}

TEST_F(Nbd, what_reaches_past_the_end_is_refused) {
  shake_hands();
  EXPECT_EQ(refusal_of(request(1, 1, kSize - 1, 2).text("ab")), Error::no_space);
  EXPECT_EQ(refusal_of(request(1, 1, kSize - 1, 1).text("a")), Error::none);
  EXPECT_EQ(refusal_of(request(6, 1, 1, kSize)), Error::no_space);
  EXPECT_EQ(refusal_of(request(4, 1, 1, kSize)), Error::invalid);
  EXPECT_EQ(refusal_of(request(0, 1, kSize, 1)), Error::invalid);
  EXPECT_EQ(refusal_of(request(0, 1, ~std::uint64_t{0}, 2)), Error::invalid);
  EXPECT_EQ(refusal_of(request(6, 1, 1, ~std::uint32_t{0})), Error::no_space);
}

TEST_F(Nbd, unknown_commands_and_flags_are_refused) {
  shake_hands();
  for (const std::uint16_t unknown : {5, 7, 8, 0xffff}) {
    EXPECT_EQ(refusal_of(request(unknown, 1, 0, 1)), Error::invalid);
  }
  EXPECT_EQ(refusal_of(request(0, 1, 0, 1, 1)), Error::none);  // FUA goes with all
  EXPECT_EQ(refusal_of(request(0, 1, 0, 1, 2)), Error::invalid);
  EXPECT_EQ(refusal_of(request(0, 1, 0, 1, 4)), Error::invalid);
  EXPECT_EQ(refusal_of(request(6, 1, 0, 1, 16)), Error::invalid);
  EXPECT_EQ(refusal_of(request(6, 1, 0, 1, 3)), Error::none);
  EXPECT_EQ(refusal_of(request(3, 1, 0, 1)), Error::invalid);
  EXPECT_EQ(refusal_of(request(3, 1, 1, 0)), Error::invalid);
  EXPECT_EQ(refusal_of(request(1, 1, 0, 2, 2).text("ab")), Error::invalid);
  EXPECT_EQ(refusal_of(request(3, 1, 0, 0)), Error::none);
}

TEST(NbdReads, are_no_longer_than_a_payload_may_be) {
  Session session({"big", std::uint64_t{1} << 40});
  session.feed(client_flags(3).then(option(1)).bytes());
  session.feed(request(0, 1, 0, kMaxPayload).bytes());
  EXPECT_EQ(session.next()->refusal, Error::none);
  session.feed(request(0, 1, 0, kMaxPayload + 1).bytes());
  EXPECT_EQ(session.next()->refusal, Error::invalid);
}

TEST(NbdReply, names_the_request_and_the_error) {
  Bytes out = {1};
  append_reply(out, 0x0102030405060708, Error::no_space);
  EXPECT_EQ(
      out,
      Message().text("\1").u32(0x67446698).u32(28).u64(0x0102030405060708).bytes());
  EXPECT_EQ(out.size(), 1 + kReplySize);
}

}  // namespace
}  // namespace lockrig::nbd
