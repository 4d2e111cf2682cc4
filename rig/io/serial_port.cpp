#include "rig/io/serial_port.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <libserialport.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "rig/core/error.hpp"
#include "rig/io/serial_list.hpp"

namespace lockrig::io {
namespace {

constexpr const char* kCable = "its cable and power; lockrig devices lists the ports";

/// A descriptor for as long as a block lasts.
class ScopedFd {
 public:
  explicit ScopedFd(int fd) : fd_(fd) {}
  ScopedFd(const ScopedFd&) = delete;
  ScopedFd& operator=(const ScopedFd&) = delete;
  ~ScopedFd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// Who holds the flock on the file behind `fd`, as /proc/locks tells (proc(5)).
std::string lock_holder(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return "another program";
  const std::string file = fmt::format("{:02x}:{:02x}:{}", major(status.st_dev),
                                       minor(status.st_dev), status.st_ino);
  std::ifstream locks("/proc/locks");
  std::string number, kind, advice, mode, pid, where;
  for (std::string line; std::getline(locks, line);) {
    std::istringstream fields(line);
    fields >> number >> kind >> advice >> mode >> pid >> where;
    if (kind != "FLOCK" || where != file) continue;
    if (pid == std::to_string(getpid())) return "this process";
    return fmt::format("process {} ({})", pid, first_line("/proc/" + pid + "/comm"));
  }
  return "another program";
}

/// The port as libserialport wants it named: by an entry of /sys/class/tty. That of a
/// symbolic link is its target's. Where there is none (the link leads to a PTY), its
/// way up to the root and down again satisfies libserialport 0.1.1.
sp_port* port_by_name(const std::string& path) {
  sp_port* port = nullptr;
  if (sp_get_port_by_name(path.c_str(), &port) == SP_OK) return port;
  char* real = realpath(path.c_str(), nullptr);
  if (real == nullptr) return nullptr;
  const bool known = sp_get_port_by_name(real, &port) == SP_OK;
  std::free(real);
  if (known) return port;
  const std::string around = "/dev/../../.." + path;
  return sp_get_port_by_name(around.c_str(), &port) == SP_OK ? port : nullptr;
}

int handle(const sp_port& port) {
  int fd = -1;
  return sp_get_port_handle(&port, &fd) == SP_OK ? fd : -1;
}

/// libserialport leaves VMIN at 0, with which an idle port looks like one that ended.
int set_raw(int fd) {
  termios settings{};
  if (tcgetattr(fd, &settings) != 0) return SP_ERR_FAIL;
  cfmakeraw(&settings);
  settings.c_cflag |= CLOCAL | CREAD;
  settings.c_cc[VMIN] = 1;
  settings.c_cc[VTIME] = 0;
  return tcsetattr(fd, TCSANOW, &settings) == 0 ? SP_OK : SP_ERR_FAIL;
}

}  // namespace

void SerialPort::Close::operator()(sp_port* port) const {
  // A PTY whose other opener lives on would stay exclusive.
  if (const int fd = handle(*port); fd >= 0) ioctl(fd, TIOCNXCL);
  sp_close(port);
  sp_free_port(port);
}

SerialPort::SerialPort(World& world, SerialConfig config)
    : world_(world),
      config_(std::move(config)),
      stream_(world),
      back_(world),
      search_(world, "a serial port to come back", [this] { search(); }) {
  if (config_.usb_serial.empty() == config_.path.empty()) {
    throw std::invalid_argument("a serial port is named by usb_serial or by path");
  }
  if (!config_.path.empty() && config_.path.front() != '/') {
    throw std::invalid_argument("'" + config_.path + "' is not an absolute path");
  }
  if (config_.baud < 1 || config_.baud > kMaxBaud) {
    throw std::invalid_argument(
        fmt::format("{} baud is not within 1 to {}", config_.baud, kMaxBaud));
  }
  stream_.on_end([this] { lost(); });
  open();
}

SerialPort::~SerialPort() { close(); }

void SerialPort::refuse(const std::string& what, const std::string& check) const {
  throw RigError(config_.station, config_.device, what, check);
}

void SerialPort::check(int result, sp_port* port, const std::string& what) const {
  if (result == SP_OK) return;
  const std::string why =
      result == SP_ERR_FAIL ? std::strerror(errno) : "not supported";
  refuse(fmt::format("{}: cannot {}: {}", sp_get_port_name(port), what, why),
         "its driver and settings");
}

std::string SerialPort::find() const {
  if (!config_.path.empty()) return config_.path;
  const auto found = find_serial_port(config_.usb_serial, config_.interface);
  if (!found) {
    refuse(fmt::format("no serial port with USB serial {} and interface {}",
                       config_.usb_serial, config_.interface),
           kCable);
  }
  return found->path;
}

void SerialPort::open() {
  const std::string path = find();
  // Locked before libserialport touches its settings: they are the holder's.
  const ScopedFd probe(
      ::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (probe.get() < 0 && errno == EBUSY) {
    refuse(path + " is in use by another program", "who has it open");
  }
  if (probe.get() < 0) {
    const int error = errno;
    refuse(fmt::format("cannot open {}: {}", path, std::strerror(error)),
           error == EACCES ? "that you are in its group (dialout)" : kCable);
  }
  if (flock(probe.get(), LOCK_EX | LOCK_NB) != 0) {
    refuse(path + " is in use by " + lock_holder(probe.get()), "who has it open");
  }
  sp_port* named = port_by_name(path);
  if (named == nullptr) refuse(path + " is not a serial port", kCable);
  if (sp_open(named, SP_MODE_READ_WRITE) != SP_OK) {
    const std::string why = std::strerror(errno);
    sp_free_port(named);
    refuse("cannot open " + path + ": " + why, kCable);
  }
  Port port(named);
  const int fd = handle(*port);
  flock(probe.get(), LOCK_UN);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    refuse(path + " is in use by " + lock_holder(fd), "who has it open");
  }
  check(ioctl(fd, TIOCEXCL) == 0 ? SP_OK : SP_ERR_FAIL, port.get(),
        "be made exclusive");
  apply_settings(*port);
  stream_.attach(fd);
  port_ = std::move(port);
  path_ = path;
}

void SerialPort::apply_settings(sp_port& port) const {
  check(set_raw(handle(port)), &port, "be made raw");
  check(sp_set_baudrate(&port, config_.baud), &port,
        fmt::format("be set to {} baud", config_.baud));
  check(sp_set_bits(&port, 8), &port, "be set to 8 bits");
  check(sp_set_parity(&port, SP_PARITY_NONE), &port, "be set to no parity");
  check(sp_set_stopbits(&port, 1), &port, "be set to 1 stop bit");
  // libserialport leaves IXON as it was: a 0x13 from the board would stop the rig.
  check(sp_set_flowcontrol(&port, SP_FLOWCONTROL_NONE), &port,
        "be set to no flow control");
  check(sp_set_dtr(&port, config_.dtr ? SP_DTR_ON : SP_DTR_OFF), &port, "set DTR");
  check(sp_set_rts(&port, config_.rts ? SP_RTS_ON : SP_RTS_OFF), &port, "set RTS");
}

void SerialPort::lost() {
  stream_.release();
  port_.reset();
  gone_ = world_.now();
  last_failure_.clear();
  search_.at(*gone_ + kSearchPeriod);
}

void SerialPort::search() {
  try {
    open();
  } catch (const std::runtime_error& failure) {
    last_failure_ = failure.what();
    search_.at(world_.now() + kSearchPeriod);
    return;
  }
  ++reopened_;
  gone_.reset();
  back_.notify();
}

Task<bool> SerialPort::wait_for_comeback(Instant until) {
  while (gone_ && !closed_) {
    const Instant limit = *gone_ + config_.comeback;
    if (world_.now() >= std::min(until, limit)) {
      if (until < limit) co_return false;
      refuse(fmt::format("gone for {:.1f} s", to_seconds(world_.now() - *gone_)),
             last_failure_.empty() ? kCable
                                   : "its cable and power; last try: " + last_failure_);
    }
    co_await back_.wait(std::min(until, limit), "a serial port to come back");
  }
  co_return true;
}

Task<ReadResult> SerialPort::read_some(std::span<std::uint8_t> into, Instant until) {
  for (;;) {
    if (!gone_ || stream_.buffered() > 0) {
      const ReadResult read = co_await stream_.read_some(into, until);
      if (read.status == StreamStatus::ok || read.status == StreamStatus::timed_out ||
          closed_) {
        co_return read;
      }
    }
    const bool back = co_await wait_for_comeback(until);
    if (!back) co_return ReadResult{StreamStatus::timed_out, 0};
  }
}

Task<StreamStatus> SerialPort::write(ByteView data) {
  ByteView rest = data;
  for (;;) {
    co_await wait_for_comeback(kNever);
    if (closed_) co_return StreamStatus::closed;
    const StreamStatus status = co_await stream_.write_rest(rest);
    if (status == StreamStatus::ok) co_return status;
  }
}

void SerialPort::close() {
  closed_ = true;
  gone_.reset();
  search_.cancel();
  stream_.release();
  port_.reset();
  back_.notify();
}

void SerialPort::set_dtr(bool on) {
  config_.dtr = on;
  if (!port_) return;
  check(sp_set_dtr(port_.get(), on ? SP_DTR_ON : SP_DTR_OFF), port_.get(), "set DTR");
}

void SerialPort::set_rts(bool on) {
  config_.rts = on;
  if (!port_) return;
  check(sp_set_rts(port_.get(), on ? SP_RTS_ON : SP_RTS_OFF), port_.get(), "set RTS");
}

void SerialPort::set_break(bool on) {
  if (!port_) return;
  check(on ? sp_start_break(port_.get()) : sp_end_break(port_.get()), port_.get(),
        on ? "start a break" : "end a break");
}

std::optional<SerialPort::ModemLines> SerialPort::modem_lines() const {
  sp_signal mask{};
  if (!port_ || sp_get_signals(port_.get(), &mask) != SP_OK) return std::nullopt;
  return ModemLines{(mask & SP_SIG_CTS) != 0, (mask & SP_SIG_DSR) != 0,
                    (mask & SP_SIG_DCD) != 0, (mask & SP_SIG_RI) != 0};
}

}  // namespace lockrig::io
