#include "rig/rehearsal/bare_chips.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "rig/rehearsal/control.hpp"
#include "rig/rehearsal/pty.hpp"
#include "rig/rehearsal/service.hpp"
#include "rig/rehearsal/usb_bus.hpp"

namespace lockrig::rehearsal {
namespace {

using Words = std::vector<std::string>;

const twin::FtdiProduct& product_of(const std::string& name) {
  for (const twin::FtdiProduct* product :
       {&twin::kFt2232h, &twin::kFt4232h, &twin::kFt232h}) {
    if (name == product->name) return *product;
  }
  throw std::invalid_argument("no chip " + name +
                              "; there are: FT2232H FT4232H FT232H");
}

/// Both channels of the FT2232H have an MPSSE; its second is the console here.
int mpsse_channels(const twin::FtdiProduct& product) {
  return product.channels == 4 ? 2 : 1;
}

class Chip {
 public:
  Chip(World& world, UsbBus& bus, const twin::FtdiProduct& product,
       const std::string& serial)
      : world_(world), bus_(bus) {
    std::vector<twin::Ft2232h*> behind;
    for (int i = 0; i < mpsse_channels(product); ++i) {
      channels_.push_back(std::make_unique<twin::Ft2232h>(world));
      behind.push_back(channels_.back().get());
    }
    usb_ = std::make_unique<twin::FtdiUsb>(world, product, serial, behind);
    plug();
  }

  void plug() {
    if (bus_.plugged(*usb_)) return;
    Words ttys;
    if (usb_->product().channels > static_cast<int>(channels_.size())) {
      console_ = std::make_unique<Pty>(world_);
      echo_ = std::make_unique<Joint>(world_, *console_, *console_);
      ttys.assign(channels_.size(), "");
      ttys.push_back(console_->path());
    }
    bus_.plug(*usb_, ttys);
  }
  void unplug() {
    if (!bus_.plugged(*usb_)) return;
    bus_.unplug(*usb_);
    echo_.reset();
    console_.reset();
  }

  twin::Ft2232h& channel(const std::string& number) {
    return *channels_.at(std::stoul(number));
  }

 private:
  World& world_;
  UsbBus& bus_;
  std::vector<std::unique_ptr<twin::Ft2232h>> channels_;
  std::unique_ptr<twin::FtdiUsb> usb_;
  std::unique_ptr<Pty> console_;
  std::unique_ptr<Joint> echo_;
};

std::string obey(std::map<std::string, Chip>& chips, const Words& words) {
  if (words.size() < 2) throw std::invalid_argument("COMMAND SERIAL ...");
  const std::string& command = words[0];
  const auto found = chips.find(words[1]);
  if (found == chips.end()) throw std::invalid_argument("no chip " + words[1]);
  Chip& chip = found->second;
  if (command == "unplug") {
    chip.unplug();
  } else if (command == "replug") {
    chip.plug();
  } else if (command == "set") {
    chip.channel(words.at(2)).set_input(std::stoi(words.at(3)), words.at(4) == "1");
  } else if (command == "float") {
    chip.channel(words.at(2)).release_input(std::stoi(words.at(3)));
  } else if (command == "pins") {
    const twin::Ft2232h& channel = chip.channel(words.at(2));
    return fmt::format("levels=0x{:04x} driven=0x{:04x}", channel.levels(),
                       channel.driven());
  } else {
    throw std::invalid_argument("no command " + command);
  }
  return "";
}

}  // namespace

std::string ready_line(const std::string& directory, const std::string& control) {
  const auto program = std::filesystem::read_symlink("/proc/self/exe");
  const nlohmann::ordered_json line = {
      {"umockdev_dir", directory},
      {"preload",
       {(program.parent_path() / "lockrig_tty.so").string(),
        "libumockdev-preload.so.0"}},
      {"control", control}};
  return line.dump();
}

int serve_bare_chips(const std::vector<std::string>& arguments) {
  const twin::FtdiProduct* product = &twin::kFt2232h;
  Words serials = arguments;
  if (serials.size() >= 2 && serials[0] == "--chip") {
    product = &product_of(serials[1]);
    serials.erase(serials.begin(), serials.begin() + 2);
  }
  if (serials.empty()) throw std::invalid_argument("which serial numbers?");
  World world(1, Pace::paced);
  UsbBus bus(world);
  std::map<std::string, Chip> chips;
  for (const std::string& serial : serials) {
    chips.try_emplace(serial, world, bus, *product, serial);
  }
  const ControlServer control(
      world, bus.directory() + "/control",
      [&chips](const Words& words) { return obey(chips, words); });
  serve(world, ready_line(bus.directory(), control.path()), true);
  return 0;
}

}  // namespace lockrig::rehearsal
