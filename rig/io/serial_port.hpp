// A serial port by libserialport: 8N1, raw, without flow control, held exclusively.
//
// A port that vanishes (power cut, unplugged) is looked for by its USB serial number
// and interface, even under another name, or by its path; it is opened anew with the
// same settings, and what the board says from then on is delivered behind what it said
// before. Meanwhile calls wait.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "rig/io/fd_stream.hpp"

struct sp_port;

namespace lockrig::io {

struct SerialConfig {
  std::string station;  // these two name it in errors
  std::string device = "console";
  // Either the USB serial number and interface, or a path. The path may be a symbolic
  // link to a PTY, where something answers the modem line requests that PTYs refuse.
  std::string usb_serial;
  int interface = 0;
  std::string path;
  int baud = 115200;  // 1 to 3,000,000
  bool dtr = true;
  bool rts = true;
  /// How long a call waits for a port that has gone.
  Duration comeback = 10s;
};

class SerialPort final : public ByteStream {
 public:
  /// How often a port that has gone is looked for. One look reads some 20 small files
  /// of sysfs.
  static constexpr Duration kSearchPeriod = 50ms;
  static constexpr int kMaxBaud = 3'000'000;

  /// Opens the port. std::invalid_argument for a configuration that makes no sense,
  /// RigError for a port that is not there, is held by another program (named where the
  /// system tells) or refuses its settings. The world outlives the port.
  SerialPort(World& world, SerialConfig config);
  SerialPort(const SerialPort&) = delete;
  SerialPort& operator=(const SerialPort&) = delete;
  ~SerialPort() override;

  /// `timed_out` at `until`; RigError once the port was gone for `comeback`; `closed`
  /// after close().
  Task<ReadResult> read_some(std::span<std::uint8_t> into, Instant until) override;
  /// The same limit. A port that vanishes in the middle is given the rest when it is
  /// back, never a byte twice.
  Task<StreamStatus> write(ByteView data) override;
  /// Gives the port back to the system.
  void close() override;

  /// Kept while the port is gone, and set when it is back. RigError where the port has
  /// no such line.
  void set_dtr(bool on);
  void set_rts(bool on);
  /// Holds the line at space level until told otherwise or the port vanishes.
  void set_break(bool on);

  struct ModemLines {
    bool cts, dsr, dcd, ri;
  };
  /// nullopt while the port is gone.
  std::optional<ModemLines> modem_lines() const;

  std::optional<Instant> gone_since() const { return gone_; }
  /// How often it was found again.
  int reopened() const { return reopened_; }
  /// Its name today, or the last one.
  const std::string& path() const { return path_; }
  /// Forgets what arrived and was not read.
  void discard() { stream_.discard(); }
  std::size_t buffered() const { return stream_.buffered(); }

 private:
  struct Close {
    void operator()(sp_port* port) const;
  };
  using Port = std::unique_ptr<sp_port, Close>;

  void open();
  std::string find() const;
  void apply_settings(sp_port& port) const;
  void check(int result, sp_port* port, const std::string& what) const;
  void lost();
  void search();
  /// False when `until` came first. Throws when the limit did.
  Task<bool> wait_for_comeback(Instant until);
  [[noreturn]] void refuse(const std::string& what, const std::string& check) const;

  World& world_;
  SerialConfig config_;
  std::string path_;
  FdStream stream_;
  Port port_;
  bool closed_ = false;
  std::optional<Instant> gone_;
  std::string last_failure_;
  int reopened_ = 0;
  Signal back_;
  Timer search_;
};

}  // namespace lockrig::io
