#include "rig/station/bolt.hpp"

#include <algorithm>

#include "rig/core/error.hpp"

namespace lockrig::station {

const char* to_string(Bolt::Position position) {
  switch (position) {
    case Bolt::Position::extended:
      return "extended";
    case Bolt::Position::retracted:
      return "retracted";
    case Bolt::Position::between:
      return "between";
    case Bolt::Position::contradictory:
      return "contradictory";
  }
  return "?";
}

Bolt::Bolt(Gpio& gpio)
    : gpio_(gpio),
      extended_(gpio.line("bolt_extended")),
      retracted_(gpio.line("bolt_retracted")) {}

Bolt::Position Bolt::position(Levels levels) const {
  const bool extended = (levels >> extended_ & 1) != 0;
  const bool retracted = (levels >> retracted_ & 1) != 0;
  if (extended && retracted) return Position::contradictory;
  if (extended) return Position::extended;
  return retracted ? Position::retracted : Position::between;
}

Bolt::Position Bolt::position() const {
  const bool extended = gpio_.active(extended_);
  const bool retracted = gpio_.active(retracted_);
  return position(static_cast<Levels>(extended << extended_ | retracted << retracted_));
}

Task<bool> Bolt::wait_for(Position wanted, Instant until) {
  std::function<bool(Levels)> holds = [this, wanted](Levels levels) {
    const Position is = position(levels);
    if (is == wanted) return true;
    if (is == Position::contradictory) {
      throw RigError(gpio_.station(), "bolt sensors", "both are active",
                     "the sensors' wires and mounting");
    }
    return false;
  };
  co_return co_await gpio_.wait_until(std::move(holds), until);
}

std::vector<Bolt::Motion> Bolt::motions() const {
  std::vector<Motion> found;
  Position before = position(gpio_.initially());
  Levels levels = gpio_.initially();
  const std::vector<Edge>& edges = gpio_.edges();
  for (std::size_t i = 0; i < edges.size();) {
    if (edges[i].line != extended_ && edges[i].line != retracted_) {
      ++i;
      continue;
    }
    const Instant at = edges[i].at;
    for (; i < edges.size() && edges[i].at == at; ++i) {
      const auto bit = static_cast<Levels>(1u << edges[i].line);
      levels = static_cast<Levels>(edges[i].active ? levels | bit : levels & ~bit);
    }
    const Position after = position(levels);
    if (after != before && after != Position::contradictory &&
        before != Position::contradictory) {
      found.push_back({at, before, after});
    }
    before = after;
  }
  return found;
}

bool Bolt::left_extended(Instant from, Instant to) const {
  const std::vector<Motion> all = motions();
  return std::any_of(all.begin(), all.end(), [&](const Motion& m) {
    return m.at >= from && m.at <= to && m.from == Position::extended;
  });
}

bool Bolt::moved_towards_open(Instant from, Instant to) const {
  const std::vector<Motion> all = motions();
  return std::any_of(all.begin(), all.end(), [&](const Motion& m) {
    return m.at >= from && m.at <= to && m.towards_open();
  });
}

}  // namespace lockrig::station
