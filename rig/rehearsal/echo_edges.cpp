#include "rig/rehearsal/echo_edges.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <stdexcept>

#include "rig/core/random.hpp"
#include "rig/rehearsal/bare_chips.hpp"
#include "rig/rehearsal/control.hpp"
#include "rig/rehearsal/pty.hpp"
#include "rig/rehearsal/service.hpp"
#include "rig/rehearsal/usb_bus.hpp"

namespace lockrig::rehearsal {
namespace {

using Words = std::vector<std::string>;

constexpr int kPins = 16;
/// Of the FT4232Hs that stand for the consoles' USB adapters.
constexpr int kAdapterPorts = 4;
/// Out of step with all that is periodic in whoever reacts.
constexpr Duration kShortestPause = 3ms, kPauseVaries = 6ms;
/// An FTDI adapter hands over what has come once a latency timer of 1 ms (AN232B-04):
/// at 115200 baud that many bytes.
constexpr std::size_t kDelivered = 11;
constexpr Duration kDelivery = 1ms;
/// Whoever has not reacted by then, will not.
constexpr Duration kPatience = 1s;

double microseconds(Duration time) { return to_seconds(time) * 1e6; }

class Bit {
 public:
  explicit Bit(const std::string& text) : number_(std::stoi(text)) {
    if (number_ < 0 || number_ >= kPins) {
      throw std::invalid_argument(text + " is no pin: 0 to 15");
    }
  }
  std::size_t index() const { return static_cast<std::size_t>(number_); }
  int number() const { return number_; }
  bool of(std::uint16_t levels) const { return (levels >> number_ & 1) != 0; }

 private:
  int number_;
};

class Stand {
 public:
  Stand(World& world, UsbBus& bus, const std::string& serial, int consoles)
      : world_(world),
        chip_(world),
        usb_(world, twin::kFt2232h, serial, {&chip_}),
        changed_(world) {
    for (int i = 0; i < consoles; ++i) {
      consoles_.push_back(std::make_unique<Pty>(world));
    }
    for (int i = 0; i < consoles; i += kAdapterPorts) plug_adapter(bus, i);
    chip_.watch_outputs([this](std::uint16_t levels, std::uint16_t) { saw(levels); });
    bus.plug(usb_);
  }

  std::string consoles() const {
    std::string text;
    for (std::size_t i = 0; i < consoles_.size(); ++i) {
      text += fmt::format("{}{},{},{}", text.empty() ? "" : " ",
                          adapters_[i / kAdapterPorts]->serial(), i % kAdapterPorts,
                          consoles_[i]->path());
    }
    return text;
  }

  void provoke(Bit bit, int count, std::uint64_t seed) {
    if (busy_) throw std::invalid_argument("it is being provoked already");
    busy_ = true;
    reactions_.clear();
    life_ = std::make_unique<Life>(world_, "provocations");
    life_->spawn(provoke_often(bit, count, seed));
  }

  std::string reactions() const {
    if (busy_) return "busy";
    std::string text;
    for (const double us : reactions_) {
      text += fmt::format("{}{:.1f}", text.empty() ? "" : " ", us);
    }
    return text;
  }

  void follow(Bit out, Bit in) {
    followers_.emplace_back(out, in);
    chip_.set_input(in.number(), out.of(levels_));
  }

  std::string edges(Bit bit) {
    std::string text;
    for (const Change& each : changes_[bit.index()]) {
      text +=
          fmt::format("{}{},{:.1f},{:.1f}", text.empty() ? "" : " ", each.level ? 1 : 0,
                      microseconds(each.host.time_since_epoch()),
                      microseconds(each.chip.time_since_epoch()));
    }
    changes_[bit.index()].clear();
    return text;
  }

 private:
  struct Change {
    bool level;
    Instant host;
    Instant chip;
  };

  void plug_adapter(UsbBus& bus, int first) {
    adapters_.push_back(std::make_unique<twin::FtdiUsb>(
        world_, twin::kFt4232h, fmt::format("{}-{}", usb_.serial(), adapters_.size()),
        std::vector<twin::Ft2232h*>()));
    Words ttys;
    for (int i = 0; i < kAdapterPorts; ++i) {
      const auto place = static_cast<std::size_t>(first + i);
      ttys.push_back(place < consoles_.size() ? consoles_[place]->path() : "");
    }
    bus.plug(*adapters_.back(), ttys);
  }

  void saw(std::uint16_t levels) {
    const Change now{false, host_.now(), world_.now()};
    const unsigned changed = levels ^ levels_;
    levels_ = levels;
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      if ((changed >> i & 1) == 0) continue;
      changes_[i].push_back({(levels >> i & 1) != 0, now.host, now.chip});
    }
    for (const auto& [out, in] : followers_) {
      chip_.set_input(in.number(), out.of(levels));
    }
    changed_.notify();
  }

  Task<void> provoke_often(Bit bit, int count, std::uint64_t seed) {
    Random random(seed);
    std::vector<Change>& seen = changes_[bit.index()];
    for (int i = 0; i < count; ++i) {
      const Duration more(static_cast<std::int64_t>(
          random.below(static_cast<std::uint64_t>(kPauseVaries.count()))));
      co_await world_.sleep_for(kShortestPause + more, "the next provocation");
      const std::string text =
          fmt::format("\r\nmoving sector {} of 48 {}", i, kProvocation);
      Pty& console = *consoles_[random.below(consoles_.size())];
      ByteView rest(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
      while (rest.size() > kDelivered) {
        co_await console.write(rest.first(kDelivered));
        rest = rest.subspan(kDelivered);
        co_await world_.sleep_for(kDelivery, "more of the line");
      }
      seen.clear();
      const Instant until = world_.now() + kPatience;
      const Instant written = host_.now();
      co_await console.write(rest);
      while (seen.empty() && world_.now() < until) {
        co_await changed_.wait(until, "a reaction");
      }
      reactions_.push_back(seen.empty() ? -1
                                        : microseconds(seen.front().host - written));
    }
    busy_ = false;
    fmt::print("provoked {}\n", usb_.serial());
    std::fflush(stdout);
  }

  World& world_;
  const Clock host_{Pace::wall};
  twin::Ft2232h chip_;
  twin::FtdiUsb usb_;
  std::vector<std::unique_ptr<Pty>> consoles_;
  std::vector<std::unique_ptr<twin::FtdiUsb>> adapters_;
  std::vector<std::pair<Bit, Bit>> followers_;
  std::uint16_t levels_ = 0;
  std::array<std::vector<Change>, kPins> changes_;
  std::vector<double> reactions_;
  bool busy_ = false;
  Signal changed_;
  std::unique_ptr<Life> life_;
};

std::string obey(std::map<std::string, Stand>& stands, const Words& words) {
  if (words.size() < 2) throw std::invalid_argument("COMMAND SERIAL ...");
  const std::string& command = words[0];
  const auto found = stands.find(words[1]);
  if (found == stands.end()) throw std::invalid_argument("no chip " + words[1]);
  Stand& stand = found->second;
  if (command == "consoles") return stand.consoles();
  if (command == "reactions") return stand.reactions();
  if (command == "edges") return stand.edges(Bit(words.at(2)));
  if (command == "follow") {
    stand.follow(Bit(words.at(2)), Bit(words.at(3)));
  } else if (command == "provoke") {
    stand.provoke(Bit(words.at(2)), std::stoi(words.at(3)), std::stoull(words.at(4)));
  } else {
    throw std::invalid_argument("no command " + command);
  }
  return "";
}

}  // namespace

int serve_echo_edges(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2) throw std::invalid_argument("CONSOLES SERIAL...");
  const int consoles = std::stoi(arguments[0]);
  if (consoles < 1) throw std::invalid_argument("how many consoles?");
  World world(1, Pace::paced);
  UsbBus bus(world);
  std::map<std::string, Stand> stands;
  for (auto serial = arguments.begin() + 1; serial != arguments.end(); ++serial) {
    stands.try_emplace(*serial, world, bus, *serial, consoles);
  }
  const ControlServer control(
      world, bus.directory() + "/control",
      [&stands](const Words& words) { return obey(stands, words); });
  serve(world, ready_line(bus.directory(), control.path()), true);
  return 0;
}

}  // namespace lockrig::rehearsal
