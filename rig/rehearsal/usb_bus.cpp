#include "rig/rehearsal/usb_bus.hpp"

#include <fmt/format.h>
#include <umockdev.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace lockrig::rehearsal {
namespace {

constexpr const char* kRootHub = "/devices/pci0000:00/0000:00:14.0/usb1";
constexpr int kTtyMajor = 188;  // ttyUSB (Linux Documentation/admin-guide/devices.txt)
constexpr int kUsbMajor = 189;  // USB devices (the same)

std::string hex(ByteView bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02X}", byte);
  return text;
}

UMockdevTestbed* make_test_bed() {
  UMockdevTestbed* const made = umockdev_testbed_new();
  if (made == nullptr) throw std::runtime_error("umockdev makes no test bed");
  return made;
}

std::string root_of(UMockdevTestbed* test_bed) {
  char* const root = umockdev_testbed_get_root_dir(test_bed);
  std::string directory = root;
  g_free(root);
  return directory;
}

}  // namespace

void UsbBus::TestBedDeleter::operator()(UMockdevTestbed* test_bed) const {
  g_object_unref(test_bed);
}

UsbBus::UsbBus(World& world)
    : test_bed_(make_test_bed()),
      directory_(root_of(test_bed_.get())),
      gateway_(world, test_bed_.get()),
      events_(directory_) {
  std::filesystem::create_directories(directory_ + "/dev");
}

UsbBus::~UsbBus() = default;

void UsbBus::add(Place& place, const UEvent& device, const std::string& attributes) {
  std::string text = "P: " + device.path + "\n";
  text += attributes;
  text += "E: SUBSYSTEM=" + device.subsystem + "\n";
  if (!device.devtype.empty()) text += "E: DEVTYPE=" + device.devtype + "\n";
  for (const auto& [key, value] : device.properties) {
    text += "E: " + key + "=" + value + "\n";
  }
  GError* error = nullptr;
  umockdev_testbed_add_from_string(test_bed_.get(), text.c_str(), &error);
  if (error != nullptr) {
    const std::string what = error->message;
    g_error_free(error);
    throw std::runtime_error("umockdev: " + what);
  }
  place.devices.push_back(device);
}

void UsbBus::plug(twin::FtdiUsb& device, const std::vector<std::string>& ttys) {
  if (places_.contains(&device)) return;
  device.replug();
  const int port =
      ports_.emplace(&device, static_cast<int>(ports_.size()) + 1).first->second;
  const int address = ++addresses_;
  const twin::FtdiProduct& product = device.product();
  Place place;
  place.node = fmt::format("/dev/bus/usb/001/{:03}", address);

  Bytes descriptors = device.device_descriptor();
  const Bytes configuration = device.configuration_descriptor();
  descriptors.insert(descriptors.end(), configuration.begin(), configuration.end());
  const std::string path = fmt::format("{}/1-{}", kRootHub, port);
  const UEvent usb{
      .action = "add",
      .path = path,
      .subsystem = "usb",
      .devtype = "usb_device",
      .properties = {{"DEVNAME", place.node},
                     {"BUSNUM", "001"},
                     {"DEVNUM", fmt::format("{:03}", address)},
                     {"MAJOR", std::to_string(kUsbMajor)},
                     {"MINOR", std::to_string(address - 1)},
                     {"PRODUCT", fmt::format("{:x}/{:x}/{:x}", twin::kFtdiVendor,
                                             product.product_id, product.bcd_device)},
                     {"ID_VENDOR_ID", fmt::format("{:04x}", twin::kFtdiVendor)},
                     {"ID_MODEL_ID", fmt::format("{:04x}", product.product_id)},
                     {"ID_SERIAL_SHORT", device.serial()}}};
  add(place, usb,
      fmt::format("N: {}\n"
                  "A: busnum=1\nA: devnum={}\nA: speed=480\nA: version= 2.00\n"
                  "A: bConfigurationValue=1\nA: bNumConfigurations=1\n"
                  "A: bNumInterfaces= {}\nA: idVendor={:04x}\nA: idProduct={:04x}\n"
                  "A: bcdDevice={:04x}\nA: manufacturer=FTDI\nA: product={}\n"
                  "A: serial={}\nA: dev={}:{}\nA: devpath={}\n"
                  "H: descriptors={}\n",
                  place.node.substr(5), address, product.channels, twin::kFtdiVendor,
                  product.product_id, product.bcd_device, product.name, device.serial(),
                  kUsbMajor, address - 1, port, hex(descriptors)));
  for (int i = 0; i < product.channels; ++i) {
    const std::string interface = fmt::format("{}/1-{}:1.{}", path, port, i);
    add(place,
        {.action = "add",
         .path = interface,
         .subsystem = "usb",
         .devtype = "usb_interface",
         .properties = {}},
        fmt::format("A: bInterfaceNumber={:02x}\nA: bInterfaceClass=ff\n"
                    "A: bNumEndpoints=02\nA: interface={}\n",
                    i, product.name));
    const auto index = static_cast<std::size_t>(i);
    if (index >= ttys.size() || ttys[index].empty()) continue;
    const int number = ttys_++;
    const std::string name = fmt::format("ttyUSB{}", number);
    // Without its node: umockdev would make a PTY of its own. A link to ours stands in.
    const std::string link = directory_ + "/dev/" + name;
    std::filesystem::create_symlink(ttys[index], link);
    place.links.push_back(link);
    const std::string serial = interface + "/" + name;
    add(place,
        {.action = "add",
         .path = serial,
         .subsystem = "usb-serial",
         .devtype = "",
         .properties = {{"DRIVER", "ftdi_sio"}}},
        "L: driver=../../../../../../../bus/usb-serial/drivers/ftdi_sio\n");
    add(place,
        {.action = "add",
         .path = serial + "/tty/" + name,
         .subsystem = "tty",
         .devtype = "",
         .properties = {{"DEVNAME", "/dev/" + name},
                        {"MAJOR", std::to_string(kTtyMajor)},
                        {"MINOR", std::to_string(number)},
                        {"ID_BUS", "usb"},
                        {"ID_USB_INTERFACE_NUM", fmt::format("{:02x}", i)},
                        {"ID_SERIAL_SHORT", device.serial()}}},
        fmt::format("L: device=../../../{}\nA: dev={}:{}\n", name, kTtyMajor, number));
  }
  gateway_.open(place.node, device);
  for (const UEvent& event : place.devices) events_.send(event);
  places_.emplace(&device, std::move(place));
}

void UsbBus::unplug(twin::FtdiUsb& device) {
  const auto found = places_.find(&device);
  if (found == places_.end()) throw std::logic_error("that device is not plugged in");
  Place place = std::move(found->second);
  places_.erase(found);
  device.unplug();
  gateway_.close(place.node);
  for (const std::string& link : place.links) ::unlink(link.c_str());
  while (!place.devices.empty()) {
    UEvent event = std::move(place.devices.back());
    place.devices.pop_back();
    const std::string path = "/sys" + event.path;
    umockdev_testbed_remove_device(test_bed_.get(), path.c_str());
    event.action = "remove";
    events_.send(event);
  }
}

}  // namespace lockrig::rehearsal
