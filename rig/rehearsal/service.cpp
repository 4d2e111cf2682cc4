#include "rig/rehearsal/service.hpp"

#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <functional>

namespace lockrig::rehearsal {
namespace {

namespace asio = boost::asio;

/// Discards the standard input and calls back at its end.
struct Input {
  Input(World& world, std::function<void()> end)
      : descriptor(world.outside(), ::dup(STDIN_FILENO)), at_end(std::move(end)) {}

  void read() {
    descriptor.async_read_some(asio::buffer(bytes), [this](auto error, std::size_t) {
      if (error == asio::error::operation_aborted) return;
      if (error) return at_end();
      read();
    });
  }

  std::array<char, 256> bytes{};
  asio::posix::stream_descriptor descriptor;
  std::function<void()> at_end;
};

Task<void> until(Signal& stop, const bool& stopped) {
  while (!stopped) {
    const bool notified = co_await stop.wait(kNever, "the end");
    if (notified) co_return;
  }
}

}  // namespace

void serve(World& world, const std::string& ready, bool until_input_ends) {
  Signal stop(world);
  bool stopped = false;
  const auto end = [&] {
    stopped = true;
    stop.notify();
  };
  asio::signal_set signals(world.outside(), SIGINT, SIGTERM);
  signals.async_wait([&](auto error, int) {
    if (!error) end();
  });
  std::unique_ptr<Input> input;
  if (until_input_ends) {
    input = std::make_unique<Input>(world, end);
    input->read();
  }
  std::printf("%s\n", ready.c_str());
  std::fflush(stdout);
  world.run(until(stop, stopped), 24h * 365, "serving");
  signals.cancel();
  if (input) input->descriptor.cancel();
  world.outside().restart();
  world.outside().poll();
  const Duration late = world.clock().worst_lateness();
  if (late > kTolerated) {
    std::fprintf(stderr, "worst lateness %.3f ms: the host was too busy\n",
                 std::chrono::duration<double, std::milli>(late).count());
  }
}

}  // namespace lockrig::rehearsal
