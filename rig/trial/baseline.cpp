#include "rig/trial/baseline.hpp"

#include "rig/core/error.hpp"
#include "rig/core/random.hpp"

namespace lockrig::trial {
namespace {

// Everything a set-up takes is over within minutes of a lock's time.
constexpr Duration kSetUpLimit = 1h;

// How often the rig asks a lock that is busy with an update.
constexpr Duration kAskAgain = 1s;

std::string digits(std::uint64_t draw, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += static_cast<char>('0' + draw % 10);
    draw /= 10;
  }
  return text;
}

}  // namespace

OwnerCodes owner_codes(const std::string& serial) {
  return {digits(mix(mix(0, serial), "user"), 4),
          digits(mix(mix(0, serial), "programming"), 8)};
}

OwnerCodes owner_codes(const LockFacts& facts) {
  if (facts.keeps_slip_codes) return {facts.slip_user, facts.slip_programming};
  return owner_codes(facts.serial);
}

Task<std::optional<StartUp>> power_up(Rig& rig) {
  World& world = rig.world();
  const Instant began = world.now();
  const Instant until = began + rig.facts().limits.boot_max;
  if (rig.client() != nullptr) rig.client()->discard();
  co_await rig.station().power.on();
  auto start = co_await started_by(rig, until);
  if (start) start->took = world.now() - began;
  co_return start;
}

Task<std::optional<StartUp>> started_by(Rig& rig, Instant until) {
  const Instant began = rig.world().now();
  StartUp start;
  if (rig.client() == nullptr) {
    if (!co_await rig.station().signals.next(until)) co_return std::nullopt;
  } else {
    start.banner = co_await rig.client()->next_start(until);
    if (!start.banner) co_return std::nullopt;
  }
  start.took = rig.world().now() - began;
  co_return start;
}

Task<std::optional<lock::State>> settled(Rig& rig, Duration within) {
  World& world = rig.world();
  const Instant until = world.now() + within;
  std::optional<lock::State> state;
  if (rig.client() == nullptr) co_return state;
  if (!rig.client()->tells(lock::Topic::version)) co_return state;
  while (world.now() < until) {
    auto reply = co_await rig.client()->state();
    if (const auto* now = std::get_if<lock::State>(&reply)) {
      state = *now;
      if (!now->trial) co_return state;
    }
    co_await world.sleep_for(kAskAgain, "an update to settle");
  }
  co_return state;
}

Task<Known> look(Rig& rig, OwnerCodes codes) {
  Known known;
  known.user_code = codes.user;
  known.programming_code = codes.programming;
  if (rig.client() == nullptr) co_return known;
  if (!rig.client()->tells(lock::Topic::version)) co_return known;
  auto state = co_await rig.client()->state();
  if (const auto* now = std::get_if<lock::State>(&state)) {
    known.version = now->version;
    known.boots = now->boots;
    known.codes = now->codes;
  }
  if (!rig.client()->tells(lock::Topic::log)) co_return known;
  auto log = co_await rig.client()->log(0);
  if (auto* events = std::get_if<std::vector<lock::LogEvent>>(&log)) {
    known.log = std::move(*events);
  }
  co_return known;
}

namespace {

RigError unfit(const LockFacts& facts, const std::string& what,
               const std::string& check) {
  return RigError(facts.station, "lock", what, check);
}

/// The codes that the rig gives a lock open and lock it already.
Task<bool> is_set_up(Hand& hand, const OwnerCodes& codes) {
  const Entry opened = co_await hand.enter(codes.user, true);
  if (opened.result != Entry::Result::opened) co_return false;
  const Entry locked = co_await hand.enter(codes.user, false);
  co_return locked.result == Entry::Result::locked;
}

/// From the codes on its slip to the rig's own.
Task<void> give_codes(Rig& rig, Hand& hand, const OwnerCodes& codes) {
  const LockFacts& facts = rig.facts();
  const std::vector<std::string> new_programming_code = {
      facts.functions.at("programming"), codes.programming};
  if (!co_await hand.program(facts.slip_programming, new_programming_code)) {
    throw unfit(facts, "the programming code on its slip did not work", "slip, keypad");
  }
  // Programming ends by itself when nothing more is typed.
  co_await rig.world().sleep_for(facts.entry_timeout + 1s, "programming to end");
  const std::vector<std::string> new_user_code = {facts.functions.at("change"),
                                                  facts.slip_user, codes.user};
  if (!co_await hand.program(codes.programming, new_user_code)) {
    throw unfit(facts, "the user code could not be changed", "slip, keypad");
  }
  co_await rig.world().sleep_for(facts.entry_timeout + 1s, "programming to end");
}

}  // namespace

Task<Snapshot> set_up_lock(Rig& rig) {
  const LockFacts& facts = rig.facts();
  co_await rig.station().open();
  if (!co_await power_up(rig)) {
    throw unfit(facts, "a new lock did not start", "supply, console");
  }
  // Until start-up is over the keypad is deaf. Without a console its end is how the
  // start was seen.
  if (rig.client() != nullptr) {
    const Instant until = rig.world().now() + facts.limits.boot_max;
    if (!co_await rig.station().signals.next(until)) {
      throw unfit(facts, "a new lock showed no start-up signal", "LED sense lines");
    }
  }
  const OwnerCodes codes = owner_codes(facts);
  Hand hand(rig);
  if (!facts.keeps_slip_codes) {
    bool is_new = facts.from_factory;
    if (!is_new) {
      const bool set_up = co_await is_set_up(hand, codes);
      is_new = !set_up;
    }
    if (is_new) co_await give_codes(rig, hand, codes);
  }
  const bool has_radio = has(rig, "radio");
  if (has_radio && rig.portal().check_ins(facts.serial).empty() &&
      !co_await rig.portal().next_check_in(
          facts.serial, rig.world().now() + facts.limits.check_in_max)) {
    throw unfit(facts, "a new lock never checked in", "radio, portal");
  }
  Snapshot snapshot;
  snapshot.known = co_await look(rig, codes);
  co_await rig.station().power.off(station::Power::Style::hard);
  snapshot.board = rig.durable();
  snapshot.portal = rig.portal().records();
  co_return snapshot;
}

void Baselines::go_on(const std::string& station,
                      const std::vector<std::string>& defects, Snapshot from) {
  const std::lock_guard guard(mutex_);
  made_[{station, defects}] = std::make_shared<Snapshot>(std::move(from));
}

std::shared_ptr<const Snapshot> Baselines::get(
    const std::string& station, const std::vector<std::string>& defects) {
  const std::lock_guard guard(mutex_);
  auto& made = made_[{station, defects}];
  if (!made) {
    const auto rig = bench_.set_up(station, mix(0, station), defects, nullptr);
    auto snapshot = std::make_shared<Snapshot>(
        rig->world().run(set_up_lock(*rig), kSetUpLimit, "setting a lock up"));
    snapshot->consulted = rig->consulted();
    made = std::move(snapshot);
  }
  return made;
}

}  // namespace lockrig::trial
