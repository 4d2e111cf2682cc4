#include "rig/core/network.hpp"

#include <algorithm>

namespace lockrig {

class SimNetwork::Port final : public Listener {
 public:
  Port(SimNetwork& network, Address address)
      : network_(network), address_(std::move(address)), changed_(network.world_) {}
  ~Port() override { network_.ports_.erase(address_); }

  Task<std::unique_ptr<ByteStream>> accept(Instant until) override {
    while (waiting_.empty()) {
      if (!co_await changed_.wait(until, "a connection") && waiting_.empty()) {
        co_return nullptr;
      }
    }
    auto stream = std::move(waiting_.front());
    waiting_.pop_front();
    co_return stream;
  }

  void offer(std::unique_ptr<ByteStream> stream) {
    waiting_.push_back(std::move(stream));
    changed_.notify();
  }

 private:
  SimNetwork& network_;
  Address address_;
  std::deque<std::unique_ptr<ByteStream>> waiting_;
  Signal changed_;
};

Task<std::unique_ptr<ByteStream>> SimNetwork::connect(std::string host, int port,
                                                      Instant until) {
  if (!up_) {
    // Nobody answers: a lock learns it only by waiting.
    co_await world_.sleep_until(until, "an access point");
    co_return nullptr;
  }
  co_await world_.sleep_for(2 * kLatency, "a connection to be made");
  const auto found = ports_.find({std::move(host), port});
  if (!up_ || found == ports_.end()) co_return nullptr;
  auto there = std::make_shared<Pipe>(world_, kBytePeriod, kLatency);
  auto back = std::make_shared<Pipe>(world_, kBytePeriod, kLatency);
  std::erase_if(pipes_, [](const auto& pipe) { return pipe.expired(); });
  pipes_.push_back(there);
  pipes_.push_back(back);
  found->second->offer(std::make_unique<PipeEnd>(there, back));
  co_return std::make_unique<PipeEnd>(back, there);
}

std::unique_ptr<Listener> SimNetwork::listen(std::string host, int port) {
  Address address{std::move(host), port};
  auto listener = std::make_unique<Port>(*this, address);
  ports_[address] = listener.get();
  return listener;
}

void SimNetwork::set_link(bool up) {
  up_ = up;
  if (up) return;
  for (const auto& pipe : pipes_) {
    if (const auto alive = pipe.lock()) alive->fail();
  }
  pipes_.clear();
}

}  // namespace lockrig
