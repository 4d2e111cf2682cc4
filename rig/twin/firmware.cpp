#include "rig/twin/firmware.hpp"

namespace lockrig::twin {
namespace {

// How long a crashing build runs before its fault handler restarts it. Assumed.
constexpr Duration kCrashAfter = 50ms;

}  // namespace

Firmware::Firmware(Peripherals& p, Life& life, Boot boot, std::string cause)
    : p_(p),
      life_(life),
      boot_(std::move(boot)),
      settings_(p.world, p.flash, p.model.settings, p.defects),
      log_(p.world, p.flash, p.model.log, p.defects),
      faults_(p.world),
      signals_(p),
      keys_(p, faults_),
      bolt_(p, signals_, faults_),
      lock_out_(p, settings_),
      factory_reset_(p, settings_, log_),
      portal_(p.world) {
  facts_.cause = std::move(cause);
  facts_.trial = boot_.trial;
}

Task<void> Firmware::run() {
  const Bytes start_of_slot = p_.flash.read(boot_.slot.address, kSectorSize);
  const auto header = image::parse_header(start_of_slot);
  const auto build =
      header ? read_body(ByteView(start_of_slot).subspan(header->header_size))
             : std::nullopt;
  const bool runs = build && build->model == p_.model.name;
  if (!runs || build->behaviour == Behaviour::hang_at_start) {
    if (p_.defects.has(kNoWatchdog)) co_await p_.world.never();
    // Another model's code finds other pins and another memory map here: it runs wild.
    co_await p_.world.sleep_for(p_.model.watchdog, "the watchdog");
    p_.reset("watchdog");
    co_await p_.world.never();
  }
  if (build->behaviour == Behaviour::crash_at_start) {
    co_await p_.world.sleep_for(kCrashAfter, "a crash in start-up");
    p_.reset("fault");
    co_await p_.world.never();
  }
  co_await start(*header, *build);
}

Task<void> Firmware::start(const image::Header& header, const Build& build) {
  p_.flash.set_phase(boot_.trial ? "trial" : "run");
  facts_.version = header.version;
  co_await settings_.load();
  co_await log_.load();
  facts_.count = static_cast<std::uint32_t>(settings_.number(Key::boots)) + 1;
  if (p_.defects.has(kBootsInAByte)) facts_.count &= 0xff;
  if (!p_.defects.has(kBootsNotCounted)) {
    co_await settings_.set(Key::boots, std::to_string(facts_.count));
  }
  co_await factory_reset_.note(facts_.count);
  p_.flash.set_phase(boot_.trial ? "trial" : "run");
  if (!p_.defects.has(kRestartsUnlogged)) {
    co_await log_.add(facts_.count, "boot " + facts_.cause);
  }
  co_await settle_update();
  signals_.set_muted(settings_.get(Key::muted) == "1");

  updater_.emplace(p_, settings_, log_, boot_, facts_.count);
  entry_.emplace(p_, settings_, log_, lock_out_, bolt_, signals_, keys_, facts_.count,
                 portal_);
  port_.emplace(p_, settings_, log_, lock_out_, bolt_, *updater_, facts_);
  check_in_.emplace(p_, settings_, log_, bolt_, *updater_, facts_,
                    build.behaviour != Behaviour::no_network, portal_);
  co_await p_.world.sleep_for(p_.model.start_up, "start-up");
  co_await bolt_.recover();
  signals_.show(Colour::green, 1);

  life_.spawn(signals_.run());
  life_.spawn(keys_.run());
  life_.spawn(entry_->run());
  life_.spawn(bolt_.run_auto_lock());
  life_.spawn(lock_out_.run());
  life_.spawn(port_->run());
  life_.spawn(check_in_->run());
  if (facts_.cause == "power_on") life_.spawn(factory_reset_.run(facts_.count));
  life_.spawn(faults_.run(log_, facts_.count));
  if (boot_.trial) co_await prove_trial();
}

// The end of an update is noted by whichever version runs next.
Task<void> Firmware::settle_update() {
  const std::string pending = settings_.get(Key::pending);
  if (pending.empty() || boot_.trial) co_return;
  const bool kept = pending == facts_.version.to_string();
  co_await log_.add(facts_.count, (kept ? "updated to " : "reverted ") + pending);
  if (p_.defects.has(kCodesLostAtUpdate) && kept) {
    for (int slot = 0; slot < kUserCodes; ++slot) {
      co_await settings_.set(user_code_key(slot), "");
    }
  }
  co_await settings_.set(Key::pending, "");
  if (kept && p_.defects.has(kUpdateResetsCodes)) {
    co_await settings_.set(Key::user_code, p_.unit.user_code);
  }
}

bool Firmware::self_test() const {
  // Keypad, bolt and store (BOOT-03); the portal is asked for by prove_trial().
  return p_.contacts.closed == 0 && bolt_.sane() &&
         !settings_.get(Key::programming_code).empty();
}

Task<void> Firmware::prove_trial() {
  const Instant window = p_.world.now() + p_.model.trial_window;
  if (p_.defects.has(kNoReconnect)) {
    co_await settings_.set(Key::wifi, "");
  } else if (!p_.defects.has(kConfirmsAtOnce)) {
    while (!(check_in_->succeeded() && self_test())) {
      if (!co_await check_in_->answered().wait(window, "the trial's check-in") &&
          p_.world.now() >= window) {
        co_await log_.add(facts_.count, "trial failed");
        p_.reset("trial");
        co_await p_.world.never();
      }
    }
  }
  p_.flash.set_phase("confirm");
  if (!p_.defects.has(kConfirmsInRam)) co_await confirm(p_.flash, boot_.slot);
  p_.flash.set_phase("run");
  boot_.trial = facts_.trial = false;
  co_await settle_update();
}

}  // namespace lockrig::twin
