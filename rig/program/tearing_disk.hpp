// The block device of a board that is a program: a disk kept in a file, served to the
// program over NBD, that numbers every write and tears the one it is asked to. So a cut
// is exact and can be repeated whatever the firmware is.
//
// What the disk keeps. It writes through: a write that was acknowledged is in the file,
// whole, and a flush has nothing left to do. Only the write of a cut is torn: a prefix
// of it is in the file, and nothing that came after it. (A disk with a volatile cache
// would also lose writes that were acknowledged and not flushed: that is not modelled.)
// "In the file" is in the host's page cache: it outlives the program and the rig, not
// the host.
//
// For wall and paced worlds. Connects to nothing of the program but its socket.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "rig/core/world.hpp"
#include "rig/io/unix_listener.hpp"
#include "rig/protocol/nbd.hpp"

namespace lockrig::program {

/// One write as the disk saw it. Trims and zeroes are writes of zeroes here.
struct DiskWrite {
  enum class Kind { data, zeroes, trim };

  std::uint64_t number = 0;  // from 1
  Instant at{};
  Kind kind = Kind::data;
  std::uint64_t offset = 0;
  std::uint32_t length = 0;
  /// What of it is in the file; less than `length`, or as much, when it was torn.
  std::uint32_t kept = 0;
  bool torn = false;
  /// XXH3-64 of all its data, kept or not; 0 for zeroes and trims. To tell two runs'
  /// writes apart, not to prove anything against an adversary.
  std::uint64_t hash = 0;

  bool operator==(const DiskWrite&) const = default;
};

class TearingDisk {
 public:
  struct Setup {
    std::string station;           // names the disk in errors
    std::filesystem::path file;    // its size is the disk's; it never changes
    std::filesystem::path socket;  // listens here
    std::string name = "disk";     // the export's; the empty name finds it too
    /// A torn write ends where a unit of this many bytes of the disk does. 1: at any
    /// byte, so that every asked fraction is kept exactly. 512: between sectors, as on
    /// disks that promise so.
    /// Bytes are the default, because the flash behind many boards' "disks" (SPI NOR,
    /// raw NAND) promises nothing of the kind, and because firmware that survives any
    /// byte survives any sector.
    std::uint32_t unit = 1;
  };

  /// More clients than this at a time are turned away. Bounds memory, too: each may
  /// hold a request and an answer of 32 MiB.
  static constexpr std::size_t kMaxClients = 8;

  /// Listens when it returns; served while the world runs. RigError for a file that
  /// cannot be opened or is not a regular one, or a socket that cannot be made;
  /// std::invalid_argument for a simulated world or a unit of 0. The world outlives the
  /// disk. Nobody else writes to the file as long as the disk lives.
  TearingDisk(World& world, Setup setup);
  TearingDisk(const TearingDisk&) = delete;
  TearingDisk& operator=(const TearingDisk&) = delete;
  /// Not from within a callback of its own.
  ~TearingDisk();

  /// Called when the last byte of the write with this number has come: `fraction` of
  /// its length, rounded down to a byte and then to where a unit ends, is in the file
  /// (all of it for 1, and yet not acknowledged), and the disk is dead. `on_cut` is to
  /// kill the program; it may call any method.
  ///
  /// Replaces a cut that has not come. A cut comes once. std::invalid_argument for a
  /// number that is past already or a fraction outside 0 to 1.
  void cut_at(std::uint64_t number, double fraction,
              std::function<void(const DiskWrite&)> on_cut);
  void cancel_cut() { cut_.reset(); }

  /// The next write is number 1 again. A cut that has not come counts anew, too.
  void reset_count() { count_ = 0; }
  /// Writes since the disk was opened or the count was reset, a torn one included.
  std::uint64_t count() const { return count_; }

  /// Dead: since a cut, or a failure of the host. Every connection is open and silent,
  /// as the wires of a disk without power; what is sent is not read.
  bool dead() const { return dead_; }
  /// Everything connected before, heard or not, is closed: the program is to be started
  /// after this. The count goes on. Nothing comes back after a failure of the host.
  void power_on();

  /// Called with every write, once the file has what is kept of it and before it is
  /// acknowledged. The disk keeps none of them: what a map needs, its maker collects.
  void on_write(std::function<void(const DiskWrite&)> callback) {
    on_write_ = std::move(callback);
  }

  /// RigError once the host failed to read or write the file (a full file system). The
  /// disk is dead since then: whatever the program did after it proves nothing.
  void check() const;

  std::uint64_t size() const { return size_; }
  const std::filesystem::path& socket() const { return listener_.path(); }

 private:
  struct Client;
  struct Connection {
    std::shared_ptr<Client> client;
    std::unique_ptr<Life> life;
  };
  struct Cut {
    std::uint64_t number;
    double fraction;
    std::function<void(const DiskWrite&)> on_cut;
  };
  /// Closed when a constructor throws, too.
  struct File {
    explicit File(const Setup& setup);
    ~File();
    int fd;
  };

  Task<void> welcome();
  Task<void> serve(Client& client);
  Task<bool> answer_all(Client& client);
  void leave(Client& client);
  void open_door();
  void die();

  void perform(const nbd::Request& request, Bytes& answer);
  nbd::Error read(const nbd::Request& request, Bytes& answer);
  nbd::Error write(const nbd::Request& request);
  bool put(const nbd::Request& request, std::uint32_t kept);
  bool put_zeroes(std::uint64_t offset, std::uint64_t length, bool as_hole);
  std::uint32_t kept_of(const nbd::Request& request) const;
  nbd::Error fail(const std::string& what);
  void note(std::string_view text);

  World& world_;
  Setup setup_;
  File file_;
  std::uint64_t size_;
  io::UnixListener listener_;
  std::uint64_t count_ = 0;
  std::optional<Cut> cut_;
  bool dead_ = false;
  std::string fault_;
  std::function<void(const DiskWrite&)> on_write_;
  std::list<Connection> connections_;
  std::unique_ptr<Life> door_;
};

}  // namespace lockrig::program
