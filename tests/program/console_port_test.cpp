#include "rig/program/console_port.hpp"

#include "tests/program/program_fixture.hpp"

namespace lockrig::program {
namespace {

class ConsolePortTest : public ProgramTest {
 protected:
  /// The other end of a program that has just been started.
  std::unique_ptr<io::FdStream> start() {
    const auto ends = socket_pair();
    port_.connect(std::make_unique<io::FdStream>(world_, ends[0]));
    return std::make_unique<io::FdStream>(world_, ends[1]);
  }

  ConsolePort port_{world_};
};

TEST_F(ConsolePortTest, carries_bytes_both_ways) {
  const auto program = start();
  type(*program, "hello\n");
  EXPECT_EQ(hear(port_, "\n"), "hello\n");
  EXPECT_EQ(type(port_, "version\n"), StreamStatus::ok);
  EXPECT_EQ(hear(*program, "\n"), "version\n");
}

TEST_F(ConsolePortTest, is_the_same_line_for_the_next_start) {
  auto program = start();
  type(*program, "first\n");
  EXPECT_EQ(hear(port_, "\n"), "first\n");
  port_.disconnect();
  program.reset();

  Life life(world_, "a reader");
  std::string heard;
  life.spawn([](ConsolePort& port, std::string& text) -> Task<void> {
    std::uint8_t buffer[64];
    const ReadResult read = co_await port.read_some(buffer, kNever);
    text.assign(buffer, buffer + read.count);
  }(port_, heard));
  let_pass(2ms);
  EXPECT_EQ(heard, "");
  program = start();
  type(*program, "second\n");
  EXPECT_TRUE(wait_until([&] { return heard == "second\n"; })) << heard;
  EXPECT_EQ(type(port_, "x\n"), StreamStatus::ok);
  EXPECT_EQ(hear(*program, "\n"), "x\n");
}

TEST_F(ConsolePortTest, bytes_to_a_program_without_power_vanish) {
  EXPECT_EQ(type(port_, "before the first start\n"), StreamStatus::ok);
  auto program = start();
  port_.disconnect();
  EXPECT_EQ(type(port_, "cut\n"), StreamStatus::ok);
  program = start();
  EXPECT_EQ(type(port_, "heard\n"), StreamStatus::ok);
  EXPECT_EQ(hear(*program, "\n"), "heard\n");
}

TEST_F(ConsolePortTest, bytes_to_a_program_that_hung_up_vanish) {
  auto program = start();
  program.reset();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(type(port_, "x\n"), StreamStatus::ok);
}

TEST_F(ConsolePortTest, last_words_can_be_read_after_power_is_gone) {
  auto program = start();
  type(*program, "last words\n");
  program.reset();
  port_.disconnect();
  EXPECT_EQ(hear(port_, "\n"), "last words\n");
}

TEST_F(ConsolePortTest, who_waits_for_a_deaf_program_is_released_by_its_end) {
  auto program = start();
  Timer end(world_, "the program's end", [&] { program.reset(); });
  end.at(world_.now() + 20ms);
  EXPECT_EQ(type(port_, std::string(4 << 20, 'x')), StreamStatus::ok);
}

TEST_F(ConsolePortTest, keeps_all_that_is_said_and_holds_back_who_says_too_much) {
  const auto program = start();
  constexpr std::size_t kSize = 4 << 20;
  std::size_t said = 0;
  Life life(world_, "a program that talks");
  life.spawn([](ByteStream& stream, std::size_t& count) -> Task<void> {
    const Bytes some(1 << 16, 'x');
    for (; count < kSize; count += some.size()) co_await stream.write(some);
  }(*program, said));
  let_pass(30ms);
  EXPECT_LT(said, kSize);
  std::size_t heard = 0;
  std::array<std::uint8_t, 1 << 16> buffer;
  while (heard < kSize) {
    const ReadResult read = world_.run(
        port_.read_some(buffer, world_.now() + kPatience), 2 * kPatience, "hear");
    ASSERT_EQ(read.status, StreamStatus::ok);
    heard += read.count;
  }
  EXPECT_EQ(heard, kSize);
}

TEST_F(ConsolePortTest, waits_no_longer_than_it_is_told) {
  const auto program = start();
  std::uint8_t byte;
  const Instant until = world_.now() + 3ms;
  const ReadResult read = world_.run(port_.read_some({&byte, 1}, until), 1s, "read");
  EXPECT_EQ(read.status, StreamStatus::timed_out);
  EXPECT_GE(world_.now(), until);
}

TEST_F(ConsolePortTest, an_interrupt_fails_the_reader_that_waits_once) {
  const auto program = start();
  Timer pull(world_, "a cable to be pulled", [&] { port_.interrupt(); });
  pull.at(world_.now() + 2ms);
  std::uint8_t byte;
  EXPECT_EQ(world_.run(port_.read_some({&byte, 1}, kNever), 1s, "read").status,
            StreamStatus::failed);
  type(*program, "x");
  EXPECT_EQ(hear(port_, "x"), "x");
}

TEST_F(ConsolePortTest, closed_it_gives_what_had_come_and_then_the_end) {
  const auto program = start();
  type(*program, "x\n");
  let_pass(5ms);
  port_.close();
  EXPECT_EQ(hear(port_, "\n"), "x\n");
  std::uint8_t byte;
  EXPECT_EQ(world_.run(port_.read_some({&byte, 1}, kNever), 1s, "read").status,
            StreamStatus::closed);
  EXPECT_EQ(type(port_, "x"), StreamStatus::closed);
}

}  // namespace
}  // namespace lockrig::program
