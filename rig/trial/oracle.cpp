#include "rig/trial/oracle.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lockrig::trial {
namespace {

using lock::Topic;
using station::Bolt;
using Result = Entry::Result;

// A log is a ring: it may drop its oldest events once it holds this many. Assumed;
// sibling products keep 1000 (domain facts, unverified).
constexpr std::size_t kLogMustHold = 128;

/// `now` goes on from `before`: in order, without a gap, nothing changed.
bool keeps(const std::vector<lock::LogEvent>& before,
           const std::vector<lock::LogEvent>& now) {
  if (now.empty()) return before.empty();
  for (std::size_t i = 1; i < now.size(); ++i) {
    if (now[i].sequence != now[i - 1].sequence + 1) return false;
  }
  for (const lock::LogEvent& event : before) {
    const auto same = std::find(now.begin(), now.end(), event);
    const bool dropped =
        event.sequence < now.front().sequence && now.size() >= kLogMustHold;
    if (same == now.end() && !dropped) return false;
  }
  return true;
}

}  // namespace

const std::vector<std::string>& questions() {
  static const std::vector<std::string> all = {
      "boots",         "image",          "unlocks",          "locks",
      "refuses_wrong", "relocks",        "refuses_defaults", "keeps_codes",
      "keeps_log",     "keeps_counters", "checks_in",        "updates",
      "bolt_still"};
  return all;
}

std::string guess_beside(const std::string& code) {
  std::string guess = code;
  for (char& digit : guess) digit = static_cast<char>('0' + (digit - '0' + 5) % 10);
  return guess;
}

Oracle::Oracle(Rig& rig, Hand& hand, const Known& known, std::vector<std::string> blind,
               Instant trial_began)
    : rig_(rig),
      hand_(hand),
      known_(known),
      blind_(std::move(blind)),
      trial_began_(trial_began) {
  if (known_.released.empty()) {
    known_.released = rig.images().released(rig.facts().board);
  }
}

bool Oracle::tells(lock::Topic topic) const {
  return rig_.client() != nullptr && rig_.client()->tells(topic);
}

bool Oracle::asked(const std::string& question) const {
  return std::find(blind_.begin(), blind_.end(), question) == blind_.end();
}

Answer& Oracle::answer(const std::string& question, Verdict harm) {
  const auto found =
      std::find_if(answers_.begin(), answers_.end(),
                   [&](const Answer& a) { return a.question == question; });
  if (found != answers_.end()) return *found;
  answers_.push_back({question, Outcome::not_asked, harm, {}, {}, "", ""});
  return answers_.back();
}

void Oracle::say(const std::string& question, Verdict harm, bool ok,
                 std::string detail) {
  if (!asked(question)) return;
  Answer& a = answer(question, harm);
  if (a.outcome == Outcome::failed) return;  // the first failure is the one to read
  a.outcome = ok ? Outcome::ok : Outcome::failed;
  a.harm = harm;
  a.detail = std::move(detail);
}

// The slowest counts.
void Oracle::measure(const std::string& question, Duration took, Duration limit) {
  if (!asked(question)) return;
  Answer& a = answer(question, Verdict::degraded);
  a.measured = std::max(a.measured.value_or(0), to_seconds(took));
  a.limit = to_seconds(limit);
  a.unit = "s";
}

void Oracle::unsure(const std::string& question, std::string detail) {
  if (!asked(question)) return;
  Answer& a = answer(question, Verdict::inconclusive);
  if (a.outcome == Outcome::failed) return;
  a.outcome = Outcome::could_not_look;
  a.detail = std::move(detail);
}

Task<std::vector<Answer>> Oracle::judge() {
  answers_.clear();
  powered_ = rig_.world().now();
  const bool boots = co_await ask_boots();
  const bool opens = boots && co_await ask_codes();
  if (boots) {
    co_await ask_image();
    co_await ask_kept();
    co_await ask_check_in();
    if (opens) co_await ask_update();
  }
  ask_bolt_still();
  for (const std::string& question : questions()) {
    answer(question, Verdict::inconclusive);  // what was not asked is listed too
  }
  co_return answers_;
}

Task<bool> Oracle::ask_boots() {
  start_up_ = co_await power_up(rig_);
  say("boots", Verdict::bricked, start_up_.has_value(),
      start_up_ ? "" : "no banner and no start-up signal");
  if (start_up_) measure("boots", start_up_->took, rig_.facts().limits.boot_max);
  if (!start_up_) co_return false;
  // The start-up signal ends start-up: from then on the keypad is heard.
  co_await hand_.signal(rig_.facts().limits.signal_max);
  if (tells(Topic::version)) {
    state_ = co_await settled(rig_, rig_.facts().limits.confirm_max);
  }
  co_return true;
}

Task<void> Oracle::ask_image() {
  if (!asked("image")) co_return;
  if (!tells(Topic::images)) {
    if (tells(Topic::version)) judge_version();
    co_return;
  }
  auto reply = co_await rig_.client()->images();
  const auto* images = std::get_if<std::vector<lock::ImageSlot>>(&reply);
  if (images == nullptr) {
    unsure("image",
           "the console does not answer: " + std::get<lock::Failure>(reply).what);
    co_return;
  }
  const auto active = std::find_if(images->begin(), images->end(),
                                   [](const lock::ImageSlot& i) { return i.active; });
  if (active == images->end()) {
    say("image", Verdict::degraded, false, "no slot is active");
    co_return;
  }
  for (const std::string& name : known_.released) {
    const auto bytes = rig_.images().get(name);
    const auto parsed = image::parse(*bytes);
    const auto* released = std::get_if<image::Parsed>(&parsed);
    if (released == nullptr ||
        !std::equal(active->hash.begin(), active->hash.end(), released->digest.begin(),
                    released->digest.end())) {
      continue;
    }
    say("image", Verdict::degraded, active->confirmed,
        active->confirmed ? name : name + " is not confirmed");
    co_return;
  }
  say("image", Verdict::degraded, false,
      "version " + active->version + " is none that was released for it");
}

/// All that a firmware tells which has no word for its images.
void Oracle::judge_version() {
  if (!state_) return unsure("image", "the console does not answer");
  const auto runs = [this](const std::string& name) {
    const auto bytes = rig_.images().get(name);
    const auto header = image::parse_header(*bytes);
    return header && header->version.to_string() == state_->version;
  };
  const auto found = std::find_if(known_.released.begin(), known_.released.end(), runs);
  const bool released = found != known_.released.end();
  say("image", Verdict::degraded, released,
      released ? *found
               : "version " + state_->version + " is none that was released for it");
}

// A right code that is refused may meet a lock-out that the fault left behind: it is
// waited out before anything is concluded.
Task<Entry> Oracle::right_code() {
  Entry entry = co_await hand_.enter(known_.user_code, true);
  if (entry.result == Result::refused && !known_.other_user_code.empty()) {
    std::swap(known_.user_code, known_.other_user_code);
    entry = co_await hand_.enter(known_.user_code, true);
  }
  if (entry.result == Result::refused) {
    co_await rig_.world().sleep_for(rig_.facts().limits.lock_out_max,
                                    "a lock-out that may be active");
    entry = co_await hand_.enter(known_.user_code, true);
  }
  co_return entry;
}

// One right code, and the door shut again: by code, or by waiting for the auto-lock.
Task<void> Oracle::open_and_shut(bool by_code) {
  const Limits& limits = rig_.facts().limits;
  const Entry opened = co_await right_code();
  if (opened.result == Result::blind || opened.result == Result::dead) {
    if (opened.result == Result::dead) {
      say("unlocks", Verdict::bricked, false, to_string(opened.result));
    } else {
      unsure("unlocks", to_string(opened.result));
    }
    co_return;
  }
  say("unlocks", Verdict::bricked, opened.result == Result::opened,
      fmt::format("a right code: {}", to_string(opened.result)));
  if (opened.result != Result::opened) co_return;
  measure("unlocks", opened.took, limits.unlock_max);

  if (by_code) {
    const Entry locked = co_await hand_.enter(known_.user_code, false);
    say("locks", Verdict::unsafe, locked.result == Result::locked,
        fmt::format("a right code at an open lock: {}", to_string(locked.result)));
    measure("locks", locked.took, limits.lock_max);
    co_return;
  }
  co_await expect_relock();
}

Task<void> Oracle::expect_relock() {
  const Duration limit = rig_.facts().limits.relock_max;
  const Instant open_since = rig_.world().now();
  const bool shut = co_await rig_.station().bolt.wait_for(Bolt::Position::extended,
                                                          open_since + limit);
  say("relocks", Verdict::unsafe, shut, shut ? "" : "stayed open");
  measure("relocks", rig_.world().now() - open_since, limit);
}

Task<void> Oracle::wrong_codes(const std::vector<std::string>& codes, Answer& a) {
  for (const std::string& code : codes) {
    const Entry entry = co_await hand_.enter(code, false);
    if (entry.result == Result::dead) {
      a.outcome = Outcome::could_not_look;
      a.detail = to_string(entry.result);
      co_return;
    }
    if (entry.result == Result::refused) {
      if (a.outcome == Outcome::not_asked) a.outcome = Outcome::ok;
      continue;
    }
    a.outcome = Outcome::failed;
    a.detail = fmt::format("code {}: {}", code, to_string(entry.result));
    co_return;
  }
}

/// Presets that the world knows; and what is on the slip, unless a reset brought it
/// back or it was never changed.
std::vector<std::string> Oracle::codes_that_nobody_chose() const {
  const LockFacts& facts = rig_.facts();
  const bool as_on_slip = reset_ || facts.keeps_slip_codes;
  std::vector<std::string> codes = facts.default_users;
  if (!as_on_slip) codes.push_back(facts.slip_user);
  codes.insert(codes.end(), facts.default_programming.begin(),
               facts.default_programming.end());
  if (!as_on_slip) codes.push_back(facts.slip_programming);
  return codes;
}

Task<bool> Oracle::ask_codes() {
  const LockFacts& facts = rig_.facts();
  // A fault may have left the door open: it has to shut by itself before a code is
  // typed.
  if (rig_.station().bolt.position() != Bolt::Position::extended) {
    co_await expect_relock();
  }
  co_await open_and_shut(true);
  const bool opens = asked("unlocks")
                         ? answer("unlocks", Verdict::bricked).outcome == Outcome::ok
                         : true;
  if (!opens) co_return false;
  reset_ = known_.may_be_reset && known_.user_code == facts.slip_user;
  const std::vector<std::string> defaults = codes_that_nobody_chose();

  // Never one wrong code more in a row than the lock forgives.
  const auto budget =
      static_cast<std::size_t>(std::max(facts.limits.wrong_code_limit - 1, 1));
  if (asked("refuses_wrong")) {
    Answer guess{"refuses_wrong", Outcome::not_asked, Verdict::unsafe, {}, {}, "", ""};
    std::vector<std::string> guesses = {guess_beside(known_.user_code)};
    if (!known_.other_user_code.empty()) guesses.push_back(known_.other_user_code);
    co_await wrong_codes(guesses, guess);
    answers_.push_back(guess);
  }
  co_await open_and_shut(false);
  if (asked("refuses_defaults")) {
    Answer a{"refuses_defaults", Outcome::not_asked, Verdict::unsafe, {}, {}, "", ""};
    for (std::size_t at = 0; at < defaults.size() && a.outcome != Outcome::failed;
         at += budget) {
      const std::size_t end = std::min(at + budget, defaults.size());
      const std::vector<std::string> some(
          defaults.begin() + static_cast<std::ptrdiff_t>(at),
          defaults.begin() + static_cast<std::ptrdiff_t>(end));
      co_await wrong_codes(some, a);
      if (a.outcome == Outcome::failed) {
        // It may have opened, or be in its programming mode: let both pass.
        co_await rig_.world().sleep_for(facts.entry_timeout + facts.limits.relock_max,
                                        "the door to shut");
      }
      co_await open_and_shut(true);
    }
    answers_.push_back(a);
  }
  co_return answer("unlocks", Verdict::bricked).outcome != Outcome::failed;
}

Task<void> Oracle::ask_kept() {
  std::vector<const char*> questions;
  if (tells(Topic::codes)) questions.push_back("keeps_codes");
  if (tells(Topic::log)) questions.push_back("keeps_log");
  if (tells(Topic::boots)) questions.push_back("keeps_counters");
  if (questions.empty()) co_return;
  auto reply = co_await rig_.client()->state();
  const auto* now = std::get_if<lock::State>(&reply);
  if (now == nullptr) {
    for (const char* question : questions) {
      unsure(question, "the console does not answer");
    }
    co_return;
  }
  state_ = *now;
  // After a factory reset it has the one code of its slip, and is to be set up.
  const std::uint32_t codes = reset_ ? 1 : known_.codes;
  if (tells(Topic::codes)) {
    say("keeps_codes", Verdict::degraded, now->codes == codes && now->set_up == !reset_,
        fmt::format("{} codes of {}{}", now->codes, codes,
                    now->set_up ? "" : ", not set up"));
  }
  // A boot that was cut before it was counted is not counted.
  if (tells(Topic::boots)) {
    say("keeps_counters", Verdict::degraded, now->boots > known_.boots,
        fmt::format("{} boots, {} before", now->boots, known_.boots));
  }
  if (!asked("keeps_log") || !tells(Topic::log)) co_return;
  auto log = co_await rig_.client()->log(0);
  const auto* events = std::get_if<std::vector<lock::LogEvent>>(&log);
  if (events == nullptr) {
    unsure("keeps_log", "the console does not answer");
    co_return;
  }
  const bool kept = keeps(known_.log, *events);
  say("keeps_log", Verdict::degraded, kept,
      fmt::format("{} events, {} before", events->size(), known_.log.size()));
}

Task<void> Oracle::ask_check_in() {
  if (!asked("checks_in") || !has(rig_, "radio")) co_return;
  const LockFacts& facts = rig_.facts();
  const auto& seen = rig_.portal().check_ins(facts.serial);
  // It may have called several times since power came back: the first says how long it
  // took, the last what it runs now.
  const auto since =
      std::find_if(seen.begin(), seen.end(),
                   [this](const portal::CheckIn& call) { return call.at >= powered_; });
  std::optional<portal::CheckIn> first, last;
  if (since != seen.end()) {
    first = *since;
    last = seen.back();
  } else {
    first = last = co_await rig_.portal().next_check_in(
        facts.serial, powered_ + facts.limits.check_in_max);
  }
  const bool agrees = last && (!state_ || last->version == state_->version);
  say("checks_in", Verdict::degraded, agrees,
      !last    ? "never checked in"
      : agrees ? "version " + last->version
               : "reports version " + last->version);
  if (first) measure("checks_in", first->at - powered_, facts.limits.check_in_max);
}

Task<void> Oracle::ask_update() {
  if (!asked("updates") || !tells(Topic::update)) co_return;
  const LockFacts& facts = rig_.facts();
  const std::string next = known_.released.back();
  const auto image = rig_.images().get(next);
  const Instant began = rig_.world().now();
  const lock::Push push = co_await rig_.client()->push(*image, {});
  if (!push.accepted) {
    say("updates", Verdict::degraded, false,
        "refused " + next + ": " + (push.failure ? push.failure->what : push.refusal));
    co_return;
  }
  const auto header = image::parse_header(*image);
  const Instant until = began + facts.limits.update_max;
  bool updated = false;
  while (!updated && rig_.world().now() < until) {
    const auto state = co_await settled(rig_, until - rig_.world().now());
    updated = state && !state->trial && state->version == header->version.to_string();
    const bool restarted = tells(Topic::boots) && state && state->boots > state_->boots;
    if (restarted && !state->trial && !updated) break;
  }
  say("updates", Verdict::degraded, updated, updated ? next : "did not run " + next);
  measure("updates", rig_.world().now() - began, facts.limits.update_max);
  if (updated) co_await open_and_shut(true);
}

void Oracle::ask_bolt_still() {
  if (!asked("bolt_still")) return;
  const auto moved = hand_.unasked_opening(trial_began_);
  say("bolt_still", Verdict::unsafe, !moved,
      moved ? fmt::format("moved towards open at {:.3f} s, unasked", to_seconds(*moved))
            : "");
}

}  // namespace lockrig::trial
