#include "rig/trial/hand.hpp"

#include <algorithm>

namespace lockrig::trial {

using station::Blink;
using station::Bolt;

namespace {

// A key takes 160 ms, and the first waits for the samples under way (640 ms at most).
constexpr Duration kKeyMost = 300ms;

}  // namespace

const char* to_string(Entry::Result result) {
  switch (result) {
    case Entry::Result::opened:
      return "opened";
    case Entry::Result::locked:
      return "locked";
    case Entry::Result::refused:
      return "refused";
    case Entry::Result::programming:
      return "taken as a programming code";
    case Entry::Result::done:
      return "done";
    case Entry::Result::blind:
      return "signalled success, but the bolt sensors saw no motion";
    case Entry::Result::dead:
      return "no key press was answered";
  }
  return "?";
}

Task<Entry> Hand::enter(std::string code, bool may_open) {
  station::Station& s = rig_.station();
  const Limits& limits = rig_.facts().limits;
  const Bolt::Position before = s.bolt.position();
  const Instant began = now();
  // Noted before a key is pressed: a cut may end this call while the bolt moves.
  if (may_open) {
    const auto keys = static_cast<std::int64_t>(code.size()) + 1;
    asked_.push_back({began, began + keys * kKeyMost + limits.unlock_max});
  }
  co_await s.keypad.enter(std::move(code));
  const Instant typed = now();

  // The lock's answer to the last key is behind us; what begins now is the result.
  std::optional<Blink> answer;
  const Instant until =
      typed + std::max(limits.unlock_max, limits.lock_max) + limits.signal_max;
  while (now() < until) {
    const auto blink = co_await s.signals.next(until);
    if (!blink) break;
    if (blink->at < typed) continue;
    answer = blink;
    break;
  }
  const Bolt::Position after = s.bolt.position();
  Entry entry;
  entry.took = now() - typed;
  for (const Bolt::Motion& motion : s.bolt.motions()) {
    if (motion.at >= typed && motion.to == after) entry.took = motion.at - typed;
  }
  if (after == Bolt::Position::retracted && before != after) {
    entry.result = Entry::Result::opened;
  } else if (after == Bolt::Position::extended && before != after) {
    entry.result = Entry::Result::locked;
  } else if (answer && answer->colour == Blink::orange) {
    entry.result = Entry::Result::programming;
  } else if (answer && answer->colour == Blink::green) {
    entry.result = before == after ? Entry::Result::done : Entry::Result::blind;
  } else if (!answer) {
    const auto& all = s.signals.ended();
    const bool heard = std::any_of(all.begin(), all.end(), [began](const Blink& blink) {
      return blink.ended >= began;
    });
    entry.result = heard ? Entry::Result::refused : Entry::Result::dead;
  }
  if (entry.result == Entry::Result::done && may_open) {
    entry.result = Entry::Result::blind;
  }
  co_return entry;
}

Task<std::optional<Blink>> Hand::signal(Duration within) {
  const Instant from = now();
  const Instant until = from + within;
  while (now() < until) {
    const auto blink = co_await rig_.station().signals.next(until);
    if (!blink) break;
    if (blink->at >= from) co_return blink;
  }
  co_return std::nullopt;
}

Task<bool> Hand::program(const std::string& programming_code,
                         std::vector<std::string> entries) {
  const Entry first = co_await enter(programming_code, false);
  if (first.result != Entry::Result::programming) co_return false;
  for (const std::string& entry : entries) {
    co_await rig_.station().keypad.enter(entry);
  }
  const auto blink = co_await signal(rig_.facts().limits.signal_max);
  co_return blink && blink->colour == Blink::green && blink->count == 2;
}

std::optional<Instant> Hand::unasked_opening(Instant since) const {
  for (const Bolt::Motion& motion : rig_.station().bolt.motions()) {
    if (motion.at < since || !motion.towards_open()) continue;
    const bool asked = std::any_of(asked_.begin(), asked_.end(), [&](const Span& span) {
      return motion.at >= span.from && motion.at <= span.to;
    });
    if (!asked) return motion.at;
  }
  return std::nullopt;
}

}  // namespace lockrig::trial
