#include "rig/twin/ftdi_usb.hpp"

#include <algorithm>
#include <utility>

namespace lockrig::twin {
namespace {

// bmRequestType and bRequest (USB 2.0, 9.3 and 9.4).
constexpr std::uint8_t kTypeMask = 0x60;
constexpr std::uint8_t kVendor = 0x40;
constexpr std::uint8_t kStandard = 0x00;
constexpr std::uint8_t kGetDescriptor = 6;
constexpr std::uint8_t kDeviceType = 1, kConfigurationType = 2, kStringType = 3;
constexpr std::size_t kSetupBytes = 8;

// libftdi 1.5, ftdi.h: SIO_..._REQUEST.
namespace sio {
constexpr std::uint8_t kReset = 0x00;
constexpr std::uint8_t kModemControl = 0x01;
constexpr std::uint8_t kFlowControl = 0x02;
constexpr std::uint8_t kBaudRate = 0x03;
constexpr std::uint8_t kData = 0x04;
constexpr std::uint8_t kPollModemStatus = 0x05;
constexpr std::uint8_t kEventCharacter = 0x06;
constexpr std::uint8_t kErrorCharacter = 0x07;
constexpr std::uint8_t kSetLatency = 0x09;
constexpr std::uint8_t kGetLatency = 0x0a;
constexpr std::uint8_t kSetBitMode = 0x0b;
constexpr std::uint8_t kReadPins = 0x0c;
constexpr std::uint8_t kReadEeprom = 0x90;
}  // namespace sio

// wValue of a reset. Which purge is which, as the chip sees it: ftdi.h at SIO_TCIFLUSH.
constexpr int kResetAll = 0, kPurgeCommands = 1, kPurgeAnswers = 2;
// High byte of wValue of a change of the bit mode: ftdi.h, ftdi_mpsse_mode.
constexpr int kModeReset = 0, kModeMpsse = 2;

// String descriptors by index.
constexpr const char* kManufacturer = "FTDI";

void append_word(Bytes& bytes, unsigned word) {
  bytes.push_back(static_cast<std::uint8_t>(word));
  bytes.push_back(static_cast<std::uint8_t>(word >> 8));
}

Bytes string_descriptor(const std::string& text) {
  Bytes bytes{static_cast<std::uint8_t>(2 + 2 * text.size()), kStringType};
  for (const char c : text) append_word(bytes, static_cast<unsigned char>(c));
  return bytes;
}

}  // namespace

FtdiUsb::FtdiUsb(World& world, const FtdiProduct& product, std::string serial,
                 std::vector<Ft2232h*> chips)
    : world_(world), product_(product), serial_(std::move(serial)) {
  chips.resize(static_cast<std::size_t>(product.channels));
  for (Ft2232h* chip : chips) {
    channels_.push_back(std::make_unique<Channel>(world));
    Channel& channel = *channels_.back();
    channel.chip = chip;
    start(channel, channel.out);
    start(channel, channel.in);
  }
}

FtdiUsb::~FtdiUsb() = default;

void FtdiUsb::start(Channel& channel, Pipe& pipe) {
  const bool out = &pipe == &channel.out;
  world_.end(std::move(pipe.life));
  pipe.received.clear();
  pipe.taken = 0;
  pipe.life = std::make_unique<Life>(world_, serial_ + (out ? " OUT" : " IN"));
  pipe.life->spawn(out ? take_out(channel) : give_in(channel));
}

void FtdiUsb::submit(std::shared_ptr<UsbTransfer> transfer) {
  if (!plugged_) return transfer->done(UsbStatus::gone, 0, {});
  if (transfer->kind == UsbTransfer::Kind::control) return control(*transfer);
  const auto index = static_cast<std::size_t>(transfer->channel);
  if (index >= channels_.size()) return transfer->done(UsbStatus::stall, 0, {});
  Channel& channel = *channels_[index];
  Pipe& pipe = transfer->kind == UsbTransfer::Kind::out ? channel.out : channel.in;
  pipe.queue.push_back(std::move(transfer));
  pipe.changed.notify();
}

void FtdiUsb::cancel(const std::shared_ptr<UsbTransfer>& transfer) {
  if (transfer->kind == UsbTransfer::Kind::control) return;
  const auto index = static_cast<std::size_t>(transfer->channel);
  if (index >= channels_.size()) return;
  Channel& channel = *channels_[index];
  Pipe& pipe = transfer->kind == UsbTransfer::Kind::out ? channel.out : channel.in;
  const auto found = std::find(pipe.queue.begin(), pipe.queue.end(), transfer);
  if (found == pipe.queue.end()) return;
  if (found == pipe.queue.begin()) {
    finish(pipe, UsbStatus::cancelled);
    return start(channel, pipe);
  }
  pipe.queue.erase(found);
  transfer->done(UsbStatus::cancelled, 0, {});
}

void FtdiUsb::unplug() {
  if (!plugged_) return;
  plugged_ = false;
  for (const auto& channel : channels_) {
    for (Pipe* pipe : {&channel->out, &channel->in}) {
      world_.end(std::move(pipe->life));
      while (!pipe->queue.empty()) finish(*pipe, UsbStatus::gone);
    }
    channel->latency = kLatencyAtPowerUp;
    if (channel->chip != nullptr) channel->chip->unplug_usb();
  }
}

void FtdiUsb::replug() {
  if (plugged_) return;
  plugged_ = true;
  for (const auto& channel : channels_) {
    if (channel->chip != nullptr) channel->chip->replug_usb();
    start(*channel, channel->out);
    start(*channel, channel->in);
  }
}

/// Completes the transfer at the front with what it has.
void FtdiUsb::finish(Pipe& pipe, UsbStatus status) {
  const std::shared_ptr<UsbTransfer> transfer = std::move(pipe.queue.front());
  pipe.queue.pop_front();
  const std::size_t taken = std::exchange(pipe.taken, 0);
  const Bytes received = std::exchange(pipe.received, {});
  const bool out = transfer->kind == UsbTransfer::Kind::out;
  transfer->done(status, out ? taken : received.size(), received);
}

Task<void> FtdiUsb::take_out(Channel& channel) {
  Pipe& pipe = channel.out;
  for (;;) {
    if (pipe.queue.empty()) {
      co_await pipe.changed.wait(kNever, "bytes of the host");
      continue;
    }
    const std::shared_ptr<UsbTransfer> transfer = pipe.queue.front();
    while (pipe.taken < transfer->data.size()) {
      const ByteView rest = ByteView(transfer->data).subspan(pipe.taken);
      const ByteView packet = rest.first(std::min(rest.size(), kPacketBytes));
      // Counted first: a packet that waits for room is executed even if the host
      // withdraws the rest.
      pipe.taken += packet.size();
      if (channel.chip != nullptr) co_await channel.chip->write(packet);
    }
    finish(pipe, UsbStatus::ok);
  }
}

Task<void> FtdiUsb::give_in(Channel& channel) {
  Pipe& pipe = channel.in;
  std::array<std::uint8_t, kPacketBytes - kStatusBytes> payload;
  for (;;) {
    if (pipe.queue.empty()) {
      co_await pipe.changed.wait(kNever, "the host to read");
      continue;
    }
    const std::size_t room = pipe.queue.front()->length - pipe.received.size();
    if (room < kStatusBytes) {
      finish(pipe, UsbStatus::ok);
      continue;
    }
    const auto fits =
        std::span(payload).first(std::min(payload.size(), room - kStatusBytes));
    const Instant until = world_.now() + channel.latency;
    std::size_t count = 0;
    if (channel.chip != nullptr) {
      count = co_await channel.chip->packet(fits, until);
    } else {
      co_await world_.sleep_until(until, "the latency timer");
    }
    pipe.received.insert(pipe.received.end(), kStatus.begin(), kStatus.end());
    pipe.received.insert(pipe.received.end(), payload.begin(),
                         payload.begin() + static_cast<std::ptrdiff_t>(count));
    if (count < payload.size()) finish(pipe, UsbStatus::ok);
  }
}

void FtdiUsb::control(UsbTransfer& transfer) {
  Bytes answer;
  bool known = false;
  const ByteView data = transfer.data;
  if (data.size() >= kSetupBytes) {
    const ByteView setup = data.first(kSetupBytes);
    if ((setup[0] & kTypeMask) == kVendor) known = vendor(setup, answer);
    if ((setup[0] & kTypeMask) == kStandard) known = standard(setup, answer);
    const auto length = static_cast<std::size_t>(setup[6] | setup[7] << 8);
    if (answer.size() > length) answer.resize(length);
  }
  transfer.done(known ? UsbStatus::ok : UsbStatus::stall, answer.size(), answer);
}

bool FtdiUsb::vendor(ByteView setup, Bytes& answer) {
  const int value = setup[2] | setup[3] << 8;
  if (setup[1] == sio::kReadEeprom) {
    append_word(answer, eeprom(static_cast<std::size_t>(setup[4] | setup[5] << 8)));
    return true;
  }
  // The low byte of wIndex is the channel, from 1; 0 on a chip that has only one.
  const std::size_t index = setup[4] == 0 ? 0 : setup[4] - 1u;
  if (index >= channels_.size()) return false;
  Channel& channel = *channels_[index];
  switch (setup[1]) {
    case sio::kReset:
      // ftdi_sio.h: purges both buffers; that it leaves the bit mode is [assumed].
      if (value > kPurgeAnswers) return false;
      if (channel.chip == nullptr) return true;
      if (value != kPurgeAnswers) channel.chip->drop_commands();
      if (value != kPurgeCommands) channel.chip->drop_answers();
      return true;
    case sio::kModemControl:
    case sio::kFlowControl:
    case sio::kBaudRate:
    case sio::kData:
    case sio::kEventCharacter:
    case sio::kErrorCharacter:
      return true;
    case sio::kPollModemStatus:
      answer.assign(kStatus.begin(), kStatus.end());
      return true;
    case sio::kSetLatency:
      if (value < 1 || value > 255) return false;
      channel.latency = value * 1ms;
      return true;
    case sio::kGetLatency:
      answer.push_back(static_cast<std::uint8_t>(channel.latency / 1ms));
      return true;
    case sio::kSetBitMode:
      return set_bit_mode(channel, value >> 8);
    case sio::kReadPins:
      answer.push_back(channel.chip == nullptr
                           ? std::uint8_t{0xff}
                           : static_cast<std::uint8_t>(channel.chip->pins()));
      return true;
    default:
      return false;
  }
}

bool FtdiUsb::set_bit_mode(Channel& channel, int mode) {
  if (mode != kModeReset && mode != kModeMpsse) return false;
  if (channel.chip == nullptr) return true;
  channel.chip->enter(mode == kModeMpsse ? BitMode::mpsse : BitMode::reset);
  return true;
}

bool FtdiUsb::standard(ByteView setup, Bytes& answer) const {
  if (setup[1] != kGetDescriptor) return (setup[0] & 0x80) == 0;
  switch (setup[3]) {
    case kDeviceType:
      answer = device_descriptor();
      return true;
    case kConfigurationType:
      answer = configuration_descriptor();
      return true;
    case kStringType:
      switch (setup[2]) {
        case 0:
          answer = {4, kStringType, 0x09, 0x04};  // English (United States)
          return true;
        case 1:
          answer = string_descriptor(kManufacturer);
          return true;
        case 2:
          answer = string_descriptor(product_.name);
          return true;
        case 3:
          answer = string_descriptor(serial_);
          return true;
        default:
          return false;
      }
    default:
      return false;
  }
}

Bytes FtdiUsb::device_descriptor() const {
  Bytes bytes{18, kDeviceType, 0x00, 0x02, 0, 0, 0, 64};  // USB 2.0
  append_word(bytes, kFtdiVendor);
  append_word(bytes, product_.product_id);
  append_word(bytes, product_.bcd_device);
  bytes.insert(bytes.end(), {1, 2, 3, 1});  // strings, one configuration
  return bytes;
}

Bytes FtdiUsb::configuration_descriptor() const {
  constexpr std::size_t kHead = 9, kInterface = 9 + 7 + 7;
  Bytes bytes{9, kConfigurationType};
  append_word(bytes, static_cast<unsigned>(kHead + kInterface * channels_.size()));
  const auto count = static_cast<std::uint8_t>(channels_.size());
  bytes.insert(bytes.end(), {count, 1, 0, 0x80, 50});  // bus powered, 100 mA
  for (std::uint8_t i = 0; i < count; ++i) {
    const auto in = static_cast<std::uint8_t>(0x81 + 2 * i);
    const auto out = static_cast<std::uint8_t>(0x02 + 2 * i);
    bytes.insert(bytes.end(), {9, 4, i, 0, 2, 0xff, 0xff, 0xff, 2});
    bytes.insert(bytes.end(), {7, 5, in, 2, 0x00, 0x02, 0});
    bytes.insert(bytes.end(), {7, 5, out, 2, 0x00, 0x02, 0});
  }
  return bytes;
}

/// A 93C56 with the identity alone, closed by the checksum that libftdi computes
/// (ftdi_eeprom_build): everything else as after an erase. Channels are UARTs.
std::uint16_t FtdiUsb::eeprom(std::size_t word) const {
  constexpr std::size_t kWords = 128;
  const auto content = [this](std::size_t at) -> std::uint16_t {
    switch (at) {
      case 0:
        return 0;
      case 1:
        return kFtdiVendor;
      case 2:
        return product_.product_id;
      case 3:
        return product_.bcd_device;
      default:
        return 0xffff;
    }
  };
  if (word % kWords != kWords - 1) return content(word % kWords);
  std::uint16_t checksum = 0xaaaa;
  for (std::size_t at = 0; at < kWords - 1; ++at) {
    const int mixed = content(at) ^ checksum;
    checksum = static_cast<std::uint16_t>(mixed << 1 | mixed >> 15);
  }
  return checksum;
}

}  // namespace lockrig::twin
