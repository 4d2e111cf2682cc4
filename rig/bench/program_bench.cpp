#include "rig/bench/program_bench.hpp"

#include <cstdlib>
#include <fstream>

#include "rig/bench/firmware.hpp"
#include "rig/bench/service_key.hpp"
#include "rig/core/error.hpp"
#include "rig/io/socket_network.hpp"
#include "rig/program/disk_probe.hpp"
#include "rig/program/program_board.hpp"
#include "rig/program/state_folder.hpp"
#include "rig/program/tearing_disk.hpp"
#include "rig/twin/ft2232h.hpp"
#include "rig/twin/harness.hpp"

namespace lockrig::bench {
namespace {

namespace fs = std::filesystem;

constexpr const char* kState = "state";
constexpr const char* kDisk = "disk.img";
constexpr const char* kDiskSocket = "disk";

/// What survives: its files, its disk, and where the bolt is.
struct ProgramDurable final : Durable {
  std::shared_ptr<const program::Files> files;
  std::shared_ptr<const Bytes> disk;  // null where there is none
  double bolt = 0;
};

/// A board's own, gone with it. Short, for the sake of socket addresses.
class Folder {
 public:
  explicit Folder(const std::string& station) {
    std::string name = fs::temp_directory_path() / "lockrig-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) {
      throw RigError(station, "program", "no folder can be made in " + name,
                     "the host's file system");
    }
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

Bytes read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

std::shared_ptr<const ProgramDurable> factory_fresh(const ProgramEntry& entry) {
  auto fresh = std::make_shared<ProgramDurable>();
  fresh->files = entry.state.empty() ? std::make_shared<const program::Files>()
                                     : program::read_state(entry.state);
  if (entry.disk && !entry.disk->image.empty()) {
    fresh->disk = std::make_shared<const Bytes>(read_file(entry.disk->image));
  } else if (entry.disk) {
    fresh->disk =
        std::make_shared<const Bytes>(static_cast<std::size_t>(entry.disk->kib) * 1024);
  }
  return fresh;
}

/// Puts down what the program is to find.
void lay_out(const fs::path& folder, const ProgramDurable& durable) {
  program::write_state(folder / kState, *durable.files);
  if (durable.disk == nullptr) return;
  std::ofstream out(folder / kDisk, std::ios::binary);
  out.write(reinterpret_cast<const char*>(durable.disk->data()),
            static_cast<std::streamsize>(durable.disk->size()));
  if (!out.flush()) throw std::runtime_error(folder.string() + ": cannot be written");
}

program::ProgramConfig config_of(const StationEntry& entry, const BoardFile& board,
                                 const fs::path& folder) {
  const ProgramEntry& program = entry.program;
  program::ProgramConfig config;
  config.station = entry.name;
  config.command.arguments = program.run;
  config.command.folder = program.folder;
  config.console = program.console;
  config.lines = program.lines;
  config.flash_ops = program.flash_ops;
  config.tears = program.tears;
  config.folder = folder;
  config.portal = entry.portal;
  config.rail = board.model.rail;
  if (board.is_lock) config.bolt_travel = board.model.bolt_travel;
  return config;
}

std::unique_ptr<Network> network_of(World& world, const StationEntry& entry,
                                    const twin::LockModel& model) {
  if (entry.portal.empty()) return std::make_unique<SimNetwork>(world);
  const io::SocketNetwork::Addresses addresses = {
      {{model.portal_host, model.portal_port}, entry.portal}};
  return std::make_unique<io::SocketNetwork>(world, entry.name, addresses);
}

/// Built from the inside out; destroyed the other way round.
class ProgramRig final : public trial::Rig {
 public:
  ProgramRig(const StationEntry& entry, const BoardFile& board, trial::LockFacts facts,
             std::set<std::string> fitted, std::uint64_t seed,
             const ProgramDurable& durable, trial::Images& images,
             const std::function<void()>& interrupt)
      : folder_(entry.name),
        world_(seed, Pace::paced),
        facts_(std::move(facts)),
        images_(images),
        network_(network_of(world_, entry, board.model)),
        portal_(world_, *network_, board.model.portal_host, board.model.portal_port),
        board_((lay_out(folder_.path(), durable), world_),
               config_of(entry, board, folder_.path())),
        chip_(world_),
        harness_(world_, chip_, board_, board.wiring),
        station_(world_, chip_,
                 entry.program.console != program::ConsoleKind::none
                     ? &harness_.console()
                     : nullptr,
                 {.name = facts_.station,
                  .wiring = board.wiring,
                  .keypad = board.keys,
                  .keypad_timings = entry.keys,
                  .reset_key = entry.reset_key,
                  .fitted = std::move(fitted),
                  .power = {.minimum_off = entry.min_off},
                  .key_drive_max = entry.key_drive_max}) {
    world_.heed(interrupt);
    board_.set_bolt_position(durable.bolt);
    if (entry.program.disk) fit_disk(*entry.program.disk);
    if (station_.console) {
      client_ = make_firmware(world_, station_, entry,
                              service_credential(entry, board, Kind::programs));
    }
  }

  ~ProgramRig() override { world_.heed({}); }

  World& world() override { return world_; }
  station::Station& station() override { return station_; }
  lock::Firmware* client() override { return client_.get(); }
  portal::Portal& portal() override { return portal_; }
  Network& network() override { return *network_; }
  FlashProbe* probe() override { return board_.flash_probe(); }
  Operator* person() override { return &harness_; }
  station::Supply* supply() override { return nullptr; }
  const trial::LockFacts& facts() override { return facts_; }
  trial::Images& images() override { return images_; }

  std::shared_ptr<const Durable> durable() override {
    auto now = std::make_shared<ProgramDurable>();
    now->files = program::read_state(folder_.path() / kState);
    if (disk_) {
      now->disk = std::make_shared<const Bytes>(read_file(folder_.path() / kDisk));
    }
    now->bolt = board_.bolt_position();
    return now;
  }

 private:
  void fit_disk(const DiskEntry& entry) {
    disk_.emplace(world_,
                  program::TearingDisk::Setup{.station = facts_.station,
                                              .file = folder_.path() / kDisk,
                                              .socket = folder_.path() / kDiskSocket,
                                              .unit = entry.unit});
    disk_probe_.emplace(*disk_, [this] { board_.trip(); });
    board_.set_flash_probe(&*disk_probe_);
    board_.watch_power([this](bool on) {
      if (!on) return;
      // What the host failed to keep before this start proves nothing.
      disk_->check();
      disk_->power_on();
    });
  }

  Folder folder_;
  World world_;
  trial::LockFacts facts_;
  trial::Images& images_;
  std::unique_ptr<Network> network_;
  portal::Portal portal_;
  program::ProgramBoard board_;
  std::optional<program::TearingDisk> disk_;
  std::optional<program::DiskProbe> disk_probe_;
  twin::Ft2232h chip_;
  twin::Harness harness_;
  station::Station station_;
  std::unique_ptr<lock::Firmware> client_;
};

}  // namespace

std::set<std::string> ProgramBench::fitted(const StationEntry& entry) const {
  std::set<std::string> names = {"operator"};
  if (!entry.portal.empty()) names.insert("radio");
  if (entry.program.flash_ops || entry.program.disk) names.insert("flash_ops");
  if (entry.program.disk) names.insert("disk");
  return names;
}

std::unique_ptr<trial::Rig> ProgramBench::set_up(
    const std::string& name, std::uint64_t seed,
    const std::vector<std::string>& defects, const trial::Snapshot* start) {
  const StationEntry& entry = station(name);
  if (!defects.empty()) {
    throw std::invalid_argument("station " + name +
                                " is a program of its own, which takes no defects");
  }
  std::shared_ptr<const ProgramDurable> durable;
  if (start != nullptr && start->board != nullptr) {
    durable = std::dynamic_pointer_cast<const ProgramDurable>(start->board);
    if (!durable) {
      throw std::invalid_argument("that snapshot is of another kind of board");
    }
  } else {
    durable = factory_fresh(entry.program);
  }
  auto rig = std::make_unique<ProgramRig>(entry, board(entry), facts(name),
                                          beyond_lines(entry), seed, *durable, images(),
                                          interrupt());
  if (start != nullptr) restore_portal(*rig, *start);
  return rig;
}

}  // namespace lockrig::bench
