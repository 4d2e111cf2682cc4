// A station of a rehearsal: a virtual lock behind a virtual FTDI chip on the emulated
// bus, in a world that others share.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rig/bench/bench_file.hpp"
#include "rig/bench/image_library.hpp"
#include "rig/io/socket_network.hpp"
#include "rig/rehearsal/pty.hpp"
#include "rig/rehearsal/rehearsed_supply.hpp"
#include "rig/rehearsal/usb_bus.hpp"
#include "rig/twin/harness.hpp"
#include "rig/twin/lock_board.hpp"

namespace lockrig::rehearsal {

/// A board of a bench file as the twins have it: its console's speed is the bench's.
twin::LockModel model_of(const bench::StationEntry& entry,
                         const bench::BoardFile& board);

class TwinStation {
 public:
  /// Plugged in, with a lock as it left the factory. The rest outlives it.
  /// std::invalid_argument for a station that this rehearsal cannot serve.
  TwinStation(World& world, UsbBus& bus, const bench::StationEntry& entry,
              const bench::BoardFile& board, bench::ImageLibrary& images);

  /// A wire by its name in the harness; "usb" is the whole cable of its chip, as the
  /// bus sees it, "supply" the one between the instrument and its adapter.
  void plug(const std::string& wire, bool in);

  // What can be seen from the outside.

  /// What the chip drives: "levels=0x0000 driven=0x0000", bits 0-7 ADBUS, 8-15 ACBUS.
  std::string pins() const;
  /// Operations of the flash in its image slots since the lock was mounted or restored.
  std::uint64_t slot_writes() const;
  void block_bolt(double at) { lock_->block_bolt(at); }
  void unblock_bolt() { lock_->unblock_bolt(); }

  // A debug probe; only while the lock's rail is down. std::logic_error otherwise.

  void save(const std::string& name);
  /// std::invalid_argument for a name that was never saved.
  void restore(const std::string& name);
  /// As it left the factory, and stationed anew.
  void factory();
  /// Another unit of the kind, with the same content. A unit whose codes are others
  /// comes from the factory.
  void set_defects(const std::vector<std::string>& defects);

 private:
  void build(const twin::LockDurable& durable);
  void fit_supply();
  void connect();
  void disconnect();
  void require_no_power() const;
  twin::Unit unit_with(const std::vector<std::string>& defects) const;
  std::shared_ptr<const twin::LockDurable> fresh() const;

  World& world_;
  UsbBus& bus_;
  const bench::StationEntry& entry_;
  const bench::BoardFile& board_;
  bench::ImageLibrary& images_;
  twin::LockModel model_;
  std::vector<std::string> defects_;
  twin::Unit unit_;
  std::map<std::string, std::shared_ptr<const twin::LockDurable>> saved_;
  io::SocketNetwork network_;
  twin::Ft2232h chip_;
  twin::FtdiUsb usb_;
  std::unique_ptr<twin::LockBoard> lock_;
  std::unique_ptr<twin::Harness> harness_;
  std::unique_ptr<Pty> console_;
  std::unique_ptr<Joint> joint_;
  std::unique_ptr<RehearsedSupply> supply_;
};

/// `--bench FILE`: all stations of a bench of kind rehearsal, until the standard input
/// ends. Control commands, all with the station first:
///   unplug A1 WIRE, replug A1 WIRE
///   block A1 PLACE, unblock A1
///   save A1 NAME, restore A1 NAME, factory A1, defects A1 [NAME...]
///   pins A1, slot_writes A1
/// BadInput for a mistake in the file.
int serve_bench(const std::vector<std::string>& arguments);

}  // namespace lockrig::rehearsal
