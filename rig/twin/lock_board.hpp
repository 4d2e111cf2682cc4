// A virtual lock: the board around the processor, and what survives a power cut.
#pragma once

#include <memory>
#include <optional>

#include "rig/core/board.hpp"
#include "rig/core/network.hpp"
#include "rig/twin/bolt.hpp"
#include "rig/twin/boot_loader.hpp"
#include "rig/twin/peripherals.hpp"
#include "rig/twin/rail.hpp"

namespace lockrig::twin {

/// What survives: flash, the bolt's place, and how often power was applied (weak flash
/// cells read anew each time).
struct LockDurable final : Durable {
  explicit LockDurable(FlashContent content) : flash(std::move(content)) {}

  FlashContent flash;
  double bolt = 0;
  std::uint64_t power_ups = 0;
};

/// As it leaves the factory, with `image` as its only firmware.
std::shared_ptr<const LockDurable> factory_fresh(const LockModel& model,
                                                 const Unit& unit, ByteView image);

class LockBoard final : public Board {
 public:
  /// `model`, `unit` and `network` outlive the board.
  LockBoard(World& world, const LockModel& model, const Unit& unit, Defects defects,
            Network& network, const LockDurable& durable);
  ~LockBoard() override;

  void set_supply(Supply supply) override;
  void set_contact(int contact, bool closed) override;
  void set_console_isolated(bool isolated) override;
  bool output(Output output) const override;
  void watch_outputs(std::function<void(Output, bool)> callback) override;
  ByteStream& console() override { return rig_end_; }
  void interrupt_console() override { rig_end_.interrupt(); }
  FlashProbe* flash_probe() override { return &flash_; }
  void block_bolt(double at) override { bolt_.block(at); }
  void unblock_bolt() override { bolt_.unblock(); }

  /// What stands behind the closed power switch; a full battery until told otherwise.
  void set_feed_mv(int mv);
  /// The current that the board draws through the closed switch from that feed now.
  double draw_ma() const;
  /// Called when the draw may have changed: at every start, end and change of an
  /// output. A motor counts from the moment the bolt leaves its sensor.
  void watch_draw(std::function<void()> callback) {
    draw_watcher_ = std::move(callback);
  }

  const Defects& defects() const { return defects_; }
  /// What would survive now; not within a flash operation.
  std::shared_ptr<const LockDurable> durable() const;

 private:
  void power_good();
  void brown_out();
  void above_reset(bool above);
  void start(std::string cause);
  void stop();
  void restart(std::string cause);
  void supply_changed();
  void feed_changed();
  void load_changed();
  void set_output(Output output, bool level);

  World& world_;
  const LockModel& model_;
  const Unit& unit_;
  Defects defects_;
  FlashContent content_;
  std::uint64_t power_ups_;
  NorFlash flash_;
  Contacts contacts_;
  Signal bolt_changed_;
  BoltMechanics bolt_;
  Rail rail_;
  std::shared_ptr<Pipe> to_board_;
  std::shared_ptr<Pipe> to_rig_;
  PipeEnd rig_end_;
  PipeEnd board_end_;
  Peripherals peripherals_;
  std::unique_ptr<Life> life_;
  Supply supply_ = Supply::open;
  int feed_mv_;
  bool tripped_ = false;      // the probe holds the supply away
  bool browned_out_ = false;  // and the rail has not been below reset since
  bool isolated_ = true;
  std::array<bool, kOutputs> outputs_{};
  std::function<void(Output, bool)> watcher_;
  std::function<void()> draw_watcher_;
};

}  // namespace lockrig::twin
