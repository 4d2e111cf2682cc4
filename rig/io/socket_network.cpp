#include "rig/io/socket_network.hpp"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <charconv>
#include <deque>
#include <optional>
#include <set>
#include <stdexcept>

#include "rig/core/error.hpp"
#include "rig/io/fd_stream.hpp"

namespace lockrig::io {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

tcp::endpoint parse(const std::string& text) {
  const auto bad = [&] {
    return std::invalid_argument("'" + text +
                                 "' is not an address (127.0.0.1:18081, [::1]:18081)");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) throw bad();
  std::string host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
  error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (error || address.is_v6() != bracketed || parsed.ec != std::errc() ||
      parsed.ptr != end) {
    throw bad();
  }
  return {address, port};
}

std::string to_text(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  const bool v6 = endpoint.address().is_v6();
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", endpoint.port());
}

}  // namespace

struct SocketNetwork::State {
  State(World& w, std::string name) : world(w), station(std::move(name)) {}

  tcp::endpoint& at(const std::string& host, int port) {
    const auto found = addresses.find({host, port});
    if (found == addresses.end()) {
      throw std::invalid_argument(fmt::format("{}:{} has no address", host, port));
    }
    return found->second;
  }

  World& world;
  std::string station;
  std::map<Name, tcp::endpoint> addresses;
  std::set<Connection*> connections;
  bool up = true;
};

/// Known to the network for as long as it lives, so that an outage can break it.
class SocketNetwork::Connection final : public ByteStream {
 public:
  Connection(std::shared_ptr<State> state, tcp::socket socket)
      : state_(std::move(state)), stream_(state_->world, taken(std::move(socket))) {
    state_->connections.insert(this);
  }
  ~Connection() override { state_->connections.erase(this); }

  Task<ReadResult> read_some(std::span<std::uint8_t> into, Instant until) override {
    return stream_.read_some(into, until);
  }
  Task<StreamStatus> write(ByteView data) override { return stream_.write(data); }
  void close() override { stream_.close(); }
  void fail() { stream_.fail(); }

 private:
  static int taken(tcp::socket socket) {
    error_code gone;  // a peer that has reset it already is found by the first read
    socket.set_option(tcp::no_delay(true), gone);
    return socket.release();
  }

  std::shared_ptr<State> state_;
  FdStream stream_;
};

/// Accepts in the background. Its own state outlives it for the operation in flight.
class SocketNetwork::Port final : public Listener {
 public:
  Port(std::shared_ptr<State> state, const tcp::endpoint& endpoint)
      : inner_(std::make_shared<Inner>(std::move(state))) {
    inner_->open(endpoint);
    inner_->accept();
  }
  ~Port() override { inner_->close(); }

  tcp::endpoint endpoint() const { return inner_->acceptor.local_endpoint(); }

  Task<std::unique_ptr<ByteStream>> accept(Instant until) override {
    Inner& inner = *inner_;
    while (inner.waiting.empty()) {
      if (inner.error) {
        throw RigError(inner.state->station, "portal",
                       "takes no more connections: " + inner.error.message(),
                       "the limit of open files");
      }
      if (!co_await inner.changed.wait(until, "a connection") &&
          inner.waiting.empty()) {
        co_return nullptr;
      }
    }
    auto stream = std::move(inner.waiting.front());
    inner.waiting.pop_front();
    co_return stream;
  }

 private:
  struct Inner : std::enable_shared_from_this<Inner> {
    explicit Inner(std::shared_ptr<State> s)
        : state(std::move(s)),
          acceptor(state->world.outside()),
          changed(state->world) {}

    void open(const tcp::endpoint& endpoint) {
      error_code failed;
      acceptor.open(endpoint.protocol(), failed);
      if (!failed) acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
      if (!failed) acceptor.bind(endpoint, failed);
      if (!failed) acceptor.listen(tcp::acceptor::max_listen_connections, failed);
      if (!failed) return;
      throw RigError(
          state->station, "portal",
          failed == asio::error::address_in_use
              ? to_text(endpoint) + " is in use by another program"
              : "cannot listen at " + to_text(endpoint) + ": " + failed.message(),
          "the station's portal address");
    }

    void accept() {
      acceptor.async_accept(
          [self = shared_from_this()](error_code failed, tcp::socket socket) {
            if (self->closed) return;
            if (failed == asio::error::connection_aborted) return self->accept();
            if (failed) {
              self->error = failed;
            } else if (self->state->up) {
              self->waiting.push_back(
                  std::make_unique<Connection>(self->state, std::move(socket)));
            }
            self->changed.notify();
            if (!failed) self->accept();
          });
    }

    void close() {
      closed = true;
      waiting.clear();
      error_code ignored;
      acceptor.close(ignored);
    }

    std::shared_ptr<State> state;
    tcp::acceptor acceptor;
    std::deque<std::unique_ptr<ByteStream>> waiting;
    Signal changed;
    error_code error;
    bool closed = false;
  };

  std::shared_ptr<Inner> inner_;
};

SocketNetwork::SocketNetwork(World& world, std::string station,
                             const Addresses& addresses)
    : state_(std::make_shared<State>(world, std::move(station))) {
  if (world.clock().pace() == Pace::simulated) {
    throw std::invalid_argument("sockets cannot be used in simulated time");
  }
  for (const auto& [name, text] : addresses) state_->addresses[name] = parse(text);
}

SocketNetwork::~SocketNetwork() = default;

Task<std::unique_ptr<ByteStream>> SocketNetwork::connect(std::string host, int port,
                                                         Instant until) {
  struct Attempt {
    explicit Attempt(World& world) : socket(world.outside()), changed(world) {}
    tcp::socket socket;
    Signal changed;
    std::optional<error_code> result;
  };
  const std::shared_ptr<State> state = state_;
  const tcp::endpoint endpoint = state->at(host, port);
  if (!state->up) {
    co_await state->world.sleep_until(until, "an access point");
    co_return nullptr;
  }
  const auto attempt = std::make_shared<Attempt>(state->world);
  attempt->socket.async_connect(endpoint, [attempt](error_code result) {
    attempt->result = result;
    attempt->changed.notify();
  });
  while (!attempt->result) {
    if (!co_await attempt->changed.wait(until, "a connection to be made")) break;
  }
  if (!state->up || !attempt->result || *attempt->result) {
    error_code ignored;
    attempt->socket.close(ignored);
    co_return nullptr;
  }
  co_return std::make_unique<Connection>(state, std::move(attempt->socket));
}

std::unique_ptr<Listener> SocketNetwork::listen(std::string host, int port) {
  tcp::endpoint& endpoint = state_->at(host, port);
  auto listener = std::make_unique<Port>(state_, endpoint);
  endpoint.port(listener->endpoint().port());
  return listener;
}

void SocketNetwork::set_link(bool up) {
  state_->up = up;
  if (up) return;
  for (Connection* connection : state_->connections) connection->fail();
}

bool SocketNetwork::link_up() const { return state_->up; }

int SocketNetwork::port(const std::string& host, int port) const {
  return state_->at(host, port).port();
}

}  // namespace lockrig::io
