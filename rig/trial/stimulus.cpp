#include "rig/trial/stimulus.hpp"

#include "rig/core/error.hpp"

namespace lockrig::trial {
namespace {

// A radio session lasts 10 to 15 s (sibling products): what is uploaded is then there.
constexpr Duration kUploadTime = 15s;

// The boot loader looks at the key 50 ms after power-on; R has to be held for 3 s
// (fixtures/boards). [assumed, ample]
constexpr Duration kRecoveryHold = 500ms;
constexpr Duration kResetHold = 5s;

}  // namespace

std::string changed_code(const std::string& serial) {
  return owner_codes(serial + " changed").user;
}

StimulusRun::StimulusRun(Rig& rig, Hand& hand, const TrialSpec& spec,
                         const Known& known)
    : rig_(rig), hand_(hand), spec_(spec), known_(known), progress_(rig.world()) {}

void StimulusRun::advance(std::uint64_t acknowledged) {
  if (acknowledged > acknowledged_) ++frames_;
  acknowledged_ = acknowledged;
  progress_.notify();
}

void StimulusRun::met(bool accepted, std::string refusal) {
  observed_["accepted"] = accepted ? "yes" : "no";
  if (!refusal.empty()) observed_["refusal"] = std::move(refusal);
}

Task<void> StimulusRun::run() {
  const std::uint64_t before = rig_.probe() != nullptr ? rig_.probe()->slot_count() : 0;
  switch (spec_.stimulus) {
    case Stimulus::none:
      break;
    case Stimulus::push:
      if (spec_.path == Path::serial) {
        co_await push_by_serial();
      } else {
        co_await push_by_portal();
      }
      break;
    case Stimulus::change_code: {
      const std::string code = changed_code(rig_.facts().serial);
      const std::vector<std::string> change = {rig_.facts().functions.at("change"),
                                               known_.user_code, code};
      const bool changed = co_await hand_.program(known_.programming_code, change);
      met(changed, "");
      break;
    }
    case Stimulus::unlock:
      co_await hand_.enter(known_.user_code, true);
      break;
    case Stimulus::lock:
      co_await hand_.enter(known_.user_code, true);
      observed_["opened"] = "yes";
      progress_.notify();
      co_await hand_.enter(known_.user_code, false);
      break;
    case Stimulus::sync:
      co_await sync();
      break;
    case Stimulus::change_programming_code: {
      const std::vector<std::string> change = {
          rig_.facts().functions.at("programming"),
          owner_codes(rig_.facts().serial + " changed").programming};
      const bool changed = co_await hand_.program(known_.programming_code, change);
      met(changed, "");
      break;
    }
    case Stimulus::recover:
      co_await recover();
      break;
    case Stimulus::factory_reset:
      co_await factory_reset();
      break;
  }
  if (rig_.probe() != nullptr && observed_.contains("accepted") &&
      observed_.at("accepted") == "no") {
    observed_["slot_writes"] = std::to_string(rig_.probe()->slot_count() - before);
  }
  done_ = true;
  progress_.notify();
}

Task<void> StimulusRun::push_by_serial() {
  if (rig_.client() == nullptr) {
    throw std::invalid_argument("station " + rig_.facts().station +
                                " has no console to push an image by");
  }
  const auto image = rig_.images().get(spec_.image);
  const lock::Push push = co_await rig_.client()->push(
      *image, [this](std::size_t bytes) { advance(bytes); });
  met(push.accepted,
      push.failure && push.refusal.empty() ? push.failure->what : push.refusal);
  if (push.accepted) co_await settle();
}

Task<void> StimulusRun::recover() {
  const lock::Push push = co_await recover_by_serial(
      rig_, spec_.image, [this](std::size_t bytes) { advance(bytes); });
  met(push.accepted, push.failure ? push.failure->what : "");
  if (push.accepted) co_await settle();
}

// The reset is asked for while the lock has just started (RemoteLock sibling manuals:
// within 10 s of a power cycle), and it restarts when it is done.
Task<void> StimulusRun::factory_reset() {
  station::Station& s = rig_.station();
  const LockFacts& facts = rig_.facts();
  co_await s.power.off(station::Power::Style::hard);
  co_await rig_.world().sleep_for(kOffTime, "the off time");
  const auto start = co_await power_up(rig_);
  if (!start) co_return;
  co_await hand_.signal(facts.limits.signal_max);
  if (rig_.client() != nullptr) rig_.client()->discard();
  const std::string key(mpsse::KeypadMap::kReset);
  co_await s.keypad.press(key, kResetHold);
  const auto again =
      co_await started_by(rig_, rig_.world().now() + facts.limits.boot_max);
  met(again.has_value(), "");
}

Task<lock::Push> recover_by_serial(Rig& rig, const std::string& image,
                                   lock::Progress progress) {
  if (rig.client() == nullptr) {
    throw std::invalid_argument("station " + rig.facts().station +
                                " has no console to recover it by");
  }
  station::Station& s = rig.station();
  if (s.power.commanded_on()) {
    co_await s.power.off(station::Power::Style::hard);
    co_await rig.world().sleep_for(kOffTime, "the off time");
  }
  const std::string key = "enter";
  co_await s.keypad.hold(key);
  rig.client()->discard();
  co_await s.power.on();
  co_await rig.world().sleep_for(kRecoveryHold, "the boot loader to see the key");
  co_await s.keypad.release_all();
  const auto bytes = rig.images().get(image);
  co_return co_await rig.client()->recover(*bytes, std::move(progress));
}

// A contact asked for by the owner, to the end of what the lock uploads then.
Task<void> StimulusRun::sync() {
  const LockFacts& facts = rig_.facts();
  const std::size_t before = rig_.portal().check_ins(facts.serial).size();
  const std::vector<std::string> contact = {facts.functions.at("contact")};
  co_await hand_.program(known_.programming_code, contact);
  // It may have called while its signal was awaited.
  bool heard = rig_.portal().check_ins(facts.serial).size() > before;
  if (!heard) {
    const auto call = co_await rig_.portal().next_check_in(
        facts.serial, rig_.world().now() + facts.limits.check_in_max);
    heard = call.has_value();
  }
  observed_["checked_in"] = heard ? "yes" : "no";
  if (heard) co_await rig_.world().sleep_for(kUploadTime, "the log to be uploaded");
}

// The offer waits for the lock's next check-in; the owner asks for one at the keypad.
Task<void> StimulusRun::push_by_portal() {
  portal::Portal& portal = rig_.portal();
  const LockFacts& facts = rig_.facts();
  const std::size_t before = portal.check_ins(facts.serial).size();
  portal.offer(facts.serial, golden_identifier(spec_), rig_.images().get(spec_.image));
  if (rig_.client() != nullptr) rig_.client()->discard();
  const std::vector<std::string> contact = {facts.functions.at("contact")};
  co_await hand_.program(known_.programming_code, contact);
  const Instant until = rig_.world().now() + facts.limits.check_in_max;
  const std::uint64_t size = rig_.images().get(spec_.image)->size();
  while (rig_.world().now() < until) {
    const auto& seen = portal.check_ins(facts.serial);
    for (std::size_t i = before; i < seen.size(); ++i) {
      if (seen[i].refusal.empty()) continue;
      portal.withdraw(facts.serial);
      observed_["served"] = std::to_string(portal.served(facts.serial));
      observed_["reached"] = std::to_string(portal.reached(facts.serial));
      met(false, seen[i].refusal);
      co_return;
    }
    advance(portal.served(facts.serial));
    // A lock that takes it restarts by itself.
    if (acknowledged_ >= size) break;
    co_await rig_.world().sleep_for(5ms, "the download to go on");
  }
  observed_["served"] = std::to_string(portal.served(facts.serial));
  observed_["reached"] = std::to_string(portal.reached(facts.serial));
  const auto refused = [&]() -> std::string {
    const auto& seen = portal.check_ins(facts.serial);
    return seen.size() > before ? seen.back().refusal : "";
  };
  // Refused when all of it was there, or taken: a restart tells.
  const Instant judged = rig_.world().now() + facts.limits.boot_max;
  while (rig_.world().now() < judged && refused().empty()) {
    if (rig_.client() == nullptr) {
      co_await rig_.world().sleep_until(judged, "the lock to install");
    } else {
      const auto start = co_await rig_.client()->next_start(rig_.world().now() + 1s);
      if (start) break;
    }
  }
  portal.withdraw(facts.serial);
  met(refused().empty() && acknowledged_ >= size, refused());
  if (refused().empty() && rig_.client() != nullptr) {
    co_await settled(rig_, facts.limits.confirm_max);
  }
}

// An accepted image is tried after a restart; it then confirms itself or is taken back,
// which takes further restarts.
Task<void> StimulusRun::settle() {
  rig_.client()->discard();
  const LockFacts& facts = rig_.facts();
  co_await rig_.client()->next_start(rig_.world().now() + facts.limits.boot_max);
  const auto state = co_await settled(rig_, facts.limits.confirm_max);
  if (state) observed_["version"] = state->version;
}

}  // namespace lockrig::trial
