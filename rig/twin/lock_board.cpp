#include "rig/twin/lock_board.hpp"

#include <algorithm>

#include "rig/core/random.hpp"
#include "rig/twin/firmware.hpp"
#include "rig/twin/recovery.hpp"

namespace lockrig::twin {
namespace {

// Assumed: the processor and its radio; a stopped board's leakage; a small bolt motor.
constexpr double kRunningMa = 20;
constexpr double kDeadMa = 1;
constexpr double kMotorMa = 400;

// How long recovery that a key asked for waits for a word: a stuck key keeps nobody
// out. Assumed.
constexpr Duration kRecoveryPatience = 10s;

// Red signals where there is nothing to run. Assumed.
constexpr int kNoImage = 5;

// 8N1: ten bits a byte.
Duration byte_period(int baud) { return Duration(10'000'000'000LL / baud); }

std::vector<Region> regions(const LockModel& model) {
  return {model.slot0, model.slot1, model.settings, model.log};
}

std::shared_ptr<const LockDurable> durable_of(FlashContent content, double bolt,
                                              std::uint64_t power_ups) {
  auto durable = std::make_shared<LockDurable>(std::move(content));
  durable->bolt = bolt;
  durable->power_ups = power_ups;
  return durable;
}

Task<void> boot(Peripherals& p, Life& life, std::string cause) {
  co_await p.world.sleep_for(p.model.boot_loader, "the boot loader to start");
  BootLoader loader(p.flash, p.model, p.defects);
  if (recovery_asked(p, cause)) {
    Recovery recovery(p, loader);
    co_await recovery.run(p.world.now() + kRecoveryPatience);
  }
  const auto chosen = co_await loader.run();
  if (!chosen) {
    auto signals = std::make_shared<Signaller>(p);
    life.keep(signals);
    signals->show(Colour::red, kNoImage);
    life.spawn(signals->run());
    Recovery recovery(p, loader);
    co_await recovery.run(kNever);
    co_await p.world.never();
  }
  auto firmware = std::make_shared<Firmware>(p, life, *chosen, std::move(cause));
  life.keep(firmware);
  co_await firmware->run();
}

}  // namespace

std::shared_ptr<const LockDurable> factory_fresh(const LockModel& model,
                                                 const Unit& unit, ByteView image) {
  auto durable = std::make_shared<LockDurable>(FlashContent(model.sectors));
  for (std::size_t at = 0; at < image.size(); at += kPageSize) {
    durable->flash.program(
        model.slot0.address + static_cast<std::uint32_t>(at),
        image.subspan(at, std::min<std::size_t>(kPageSize, image.size() - at)));
  }
  if (model.strategy == Strategy::direct_xip)
    Trailer::program_confirmed(durable->flash, model.slot0);
  Settings::program(durable->flash, model.settings,
                    {{Key::programming_code, unit.programming_code},
                     {Key::user_code, unit.user_code},
                     {Key::wifi, "bench"}});
  return durable;
}

LockBoard::LockBoard(World& world, const LockModel& model, const Unit& unit,
                     Defects defects, Network& network, const LockDurable& durable)
    : world_(world),
      model_(model),
      unit_(unit),
      defects_(std::move(defects)),
      content_(durable.flash),
      power_ups_(durable.power_ups),
      flash_(world, content_, regions(model), model.flash),
      contacts_(world),
      bolt_changed_(world),
      bolt_(
          world,
          [this](Output sensor, bool level) {
            set_output(sensor, level);
            bolt_changed_.notify();
          },
          model.bolt_travel, [this] { load_changed(); }),
      rail_(world, model.rail,
            {[this] { above_reset(true); }, [this] { power_good(); },
             [this] { brown_out(); }, [this] { above_reset(false); }}),
      to_board_(std::make_shared<Pipe>(world, byte_period(model.baud), 0ns)),
      to_rig_(std::make_shared<Pipe>(world, byte_period(model.baud), 0ns)),
      rig_end_(to_rig_, to_board_),
      board_end_(to_board_, to_rig_),
      peripherals_{world,
                   model,
                   unit,
                   defects_,
                   flash_,
                   bolt_,
                   bolt_changed_,
                   contacts_,
                   board_end_,
                   network,
                   [this] { return feed_mv_; },
                   [this](Output output, bool level) { set_output(output, level); },
                   [this](std::string cause) { restart(std::move(cause)); }},
      feed_mv_(model.rail.full_mv) {
  bolt_.set_position(durable.bolt);
  outputs_[static_cast<int>(Output::bolt_extended)] = bolt_.extended();
  outputs_[static_cast<int>(Output::bolt_retracted)] = bolt_.retracted();
  to_board_->connect(false);
  to_rig_->connect(false);
  flash_.on_cut([this] {
    tripped_ = true;
    supply_changed();
    brown_out();
  });
  flash_.on_busy([this](bool busy) { set_output(Output::busy, busy); });
  flash_.on_moment([this] {
    return [bolt = bolt_.position(), power_ups = power_ups_](FlashContent content) {
      return durable_of(std::move(content), bolt, power_ups);
    };
  });
}

LockBoard::~LockBoard() {
  draw_watcher_ = {};
  stop();
}

void LockBoard::set_supply(Supply supply) {
  supply_ = supply;
  // Switching off is the station's answer to a cut that the probe made.
  if (supply != Supply::connected && supply != Supply::dipped) tripped_ = false;
  supply_changed();
}

void LockBoard::supply_changed() {
  rail_.set_supply(tripped_ ? Supply::discharged : supply_);
}

void LockBoard::set_feed_mv(int mv) {
  feed_mv_ = mv;
  load_changed();
}

// Fresh cells do not care.
void LockBoard::load_changed() {
  const bool gives_way =
      feed_mv_ <= model_.battery.low_mv && bolt_.motor() != Motor::off;
  rail_.set_feed_mv(std::max(0, feed_mv_ - (gives_way ? model_.battery.sag_mv : 0)));
}

void LockBoard::set_contact(int contact, bool closed) {
  const auto mask = static_cast<std::uint16_t>(1u << contact);
  const std::uint16_t before = contacts_.closed;
  contacts_.closed =
      static_cast<std::uint16_t>(closed ? before | mask : before & ~mask);
  if (contacts_.closed == before) return;
  feed_changed();
  contacts_.changed.notify();
}

void LockBoard::set_console_isolated(bool isolated) {
  isolated_ = isolated;
  to_board_->connect(!isolated && life_ != nullptr);
  to_rig_->connect(!isolated && life_ != nullptr);
  feed_changed();
}

// The lines that hold a board up which nobody supplies any more.
void LockBoard::feed_changed() {
  rail_.set_back_fed(!tripped_ && (!isolated_ || contacts_.closed != 0));
}

bool LockBoard::output(Output output) const {
  return outputs_[static_cast<std::size_t>(output)];
}

void LockBoard::watch_outputs(std::function<void(Output, bool)> callback) {
  watcher_ = std::move(callback);
}

void LockBoard::set_output(Output output, bool level) {
  bool& current = outputs_[static_cast<std::size_t>(output)];
  if (current == level) return;
  current = level;
  if (watcher_) watcher_(output, level);
  if (draw_watcher_) draw_watcher_();
}

double LockBoard::draw_ma() const {
  if (supply_ != Supply::connected || tripped_ || !rail_.above_reset()) return 0;
  if (life_ == nullptr) return kDeadMa;
  return kRunningMa + (bolt_.motor() == Motor::off ? 0 : kMotorMa);
}

void LockBoard::above_reset(bool above) {
  browned_out_ = false;
  set_output(Output::rail, above);
}

void LockBoard::power_good() {
  // Without a brown-out detector nothing resets what the dip has confused.
  if (defects_.has(kHangsAfterDip) && browned_out_) return;
  ++power_ups_;
  content_.power_up(power_ups_);
  start("power_on");
}

void LockBoard::brown_out() {
  browned_out_ = true;
  if (life_ == nullptr) return;
  flash_.power_lost(mix(world_.seed(), power_ups_));
  stop();
}

void LockBoard::start(std::string cause) {
  life_ = std::make_unique<Life>(world_, unit_.serial);
  to_board_->connect(!isolated_);
  to_rig_->connect(!isolated_);
  to_board_->discard();
  life_->spawn(boot(peripherals_, *life_, std::move(cause)));
  if (draw_watcher_) draw_watcher_();
}

void LockBoard::stop() {
  world_.end(std::move(life_));
  life_.reset();
  bolt_.drive(Motor::off);
  to_board_->connect(false);
  to_rig_->connect(false);
  for (const Output output :
       {Output::led_red, Output::led_green, Output::beeper, Output::busy}) {
    set_output(output, false);
  }
  if (draw_watcher_) draw_watcher_();
}

void LockBoard::restart(std::string cause) {
  stop();
  start(std::move(cause));
}

std::shared_ptr<const LockDurable> LockBoard::durable() const {
  return durable_of(content_, bolt_.position(), power_ups_);
}

}  // namespace lockrig::twin
