#include "rig/io/mpsse_port.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "rig/io/mpsse_port_device.hpp"

namespace lockrig::io {

MpssePort::MpssePort(World& world, Config config)
    : MpssePort(world, std::move(config), make_ftdi_handle()) {}

MpssePort::MpssePort(World& world, Config config, std::unique_ptr<FtdiHandle> handle) {
  if (world.clock().pace() == Pace::simulated) {
    throw std::invalid_argument("a real FTDI chip knows no simulated time");
  }
  if (config.channel < 0 || config.channel >= config.chip->mpsse_channels()) {
    throw std::invalid_argument(fmt::format("channel {} of an {} has no MPSSE",
                                            static_cast<char>('A' + config.channel),
                                            config.chip->name));
  }
  device_ = std::make_shared<Device>(world, std::move(config), std::move(handle));
  device_->start();
}

MpssePort::~MpssePort() { close(); }

Task<void> MpssePort::open() {
  if (device_->closed()) throw std::invalid_argument("the port has been closed");
  Bytes none;
  co_await device_->perform(Device::Call::Kind::open, BitMode::reset, std::move(none),
                            "the FTDI device to open");
}

Task<ReadResult> MpssePort::read_some(std::span<std::uint8_t> into, Instant until) {
  return device_->read(into, until);
}

Task<StreamStatus> MpssePort::write(ByteView data) {
  const auto device = device_;
  if (device->closed()) co_return StreamStatus::closed;
  Bytes copy(data.begin(), data.end());
  co_await device->perform(Device::Call::Kind::write, BitMode::reset, std::move(copy),
                           "the FTDI chip to take commands");
  co_return device->closed() ? StreamStatus::closed : StreamStatus::ok;
}

Task<void> MpssePort::set_bit_mode(BitMode mode) {
  if (device_->closed()) co_return;
  Bytes none;
  co_await device_->perform(Device::Call::Kind::set_bit_mode, mode, std::move(none),
                            "the FTDI chip's bit mode");
}

void MpssePort::dead_man(Bytes commands, Instant due) {
  device_->set_dead_man(std::move(commands), due);
}

void MpssePort::close() { device_->stop(); }

void MpssePort::leave_pins() { device_->keep_pins(); }

MpssePort::Latency MpssePort::latency() const { return device_->latency(); }

}  // namespace lockrig::io
