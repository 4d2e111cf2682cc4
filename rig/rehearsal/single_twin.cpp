#include "rig/rehearsal/single_twin.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <stdexcept>

#include "rig/bench/board_file.hpp"
#include "rig/bench/image_library.hpp"
#include "rig/rehearsal/pty.hpp"
#include "rig/rehearsal/service.hpp"
#include "rig/twin/lock_board.hpp"

namespace lockrig::rehearsal {
namespace {

// What its slip says, so that a client can set codes and open it.
constexpr const char* kSerial = "TWIN-0001";
constexpr const char* kUserCode = "2580";
constexpr const char* kProgrammingCode = "70418263";

/// Out of reach of any access point.
class NoNetwork final : public Network {
 public:
  explicit NoNetwork(World& world) : world_(world) {}

  Task<std::unique_ptr<ByteStream>> connect(std::string, int, Instant until) override {
    co_await world_.sleep_until(until, "an access point");
    co_return nullptr;
  }
  std::unique_ptr<Listener> listen(std::string, int) override { return nullptr; }
  void set_link(bool) override {}
  bool link_up() const override { return false; }

 private:
  World& world_;
};

std::map<std::string, std::string> options_of(
    const std::vector<std::string>& arguments) {
  static const std::vector<std::string> kKnown = {"--model", "--revision", "--pty",
                                                  "--speed", "--boards"};
  std::map<std::string, std::string> options;
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    if (std::find(kKnown.begin(), kKnown.end(), arguments[i]) == kKnown.end() ||
        i + 1 == arguments.size()) {
      throw std::invalid_argument("what is " + arguments[i] + "?");
    }
    options[arguments[i]] = arguments[i + 1];
  }
  for (const char* needed : {"--model", "--pty"}) {
    if (!options.contains(needed))
      throw std::invalid_argument(std::string(needed) + " is missing");
  }
  return options;
}

int speed_of(const std::string& text) {
  std::size_t end = 0;
  int baud = 0;
  try {
    baud = std::stoi(text, &end);
  } catch (const std::logic_error&) {
    end = 0;
  }
  if (end != text.size() || baud < 300 || baud > 12'000'000) {
    throw std::invalid_argument("--speed " + text + " is no speed in baud");
  }
  return baud;
}

/// A symbolic link that goes when its owner goes.
class Link {
 public:
  Link(const std::string& target, std::string path) : path_(std::move(path)) {
    std::error_code error;
    std::filesystem::create_symlink(target, path_, error);
    if (error) throw std::invalid_argument("--pty " + path_ + ": " + error.message());
  }
  ~Link() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }

 private:
  std::string path_;
};

}  // namespace

int serve_single_twin(const std::vector<std::string>& arguments) {
  std::map<std::string, std::string> options = options_of(arguments);
  const std::string boards =
      options.contains("--boards") ? options["--boards"] : "fixtures/boards";
  const std::string revision =
      options.contains("--revision") ? options["--revision"] : "A";
  const std::string name = options["--model"] + "-" + revision;
  bench::BoardFile board = bench::load_board(boards, name);
  board.model.keys = board.keys;
  if (options.contains("--speed")) board.model.baud = speed_of(options["--speed"]);

  bench::ImageLibrary images(boards);
  const twin::Unit unit{kSerial, kUserCode, kProgrammingCode};
  const auto image = images.get(images.released(name).front());
  const auto durable = twin::factory_fresh(board.model, unit, *image);

  World world(1, Pace::paced);
  NoNetwork network(world);
  twin::LockBoard lock(world, board.model, unit, {}, network, *durable);
  Pty pty(world);
  const Joint joint(world, pty, lock.console());
  const Link link(pty.path(), options["--pty"]);
  lock.set_console_isolated(false);
  lock.set_supply(Supply::connected);
  serve(world,
        fmt::format("{} serves SMP on {} at {} baud", name, options["--pty"],
                    board.model.baud),
        false);
  return 0;
}

}  // namespace lockrig::rehearsal
