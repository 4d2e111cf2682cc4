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

const std::vector<Bolt::Motion>& Bolt::motions() {
  const std::vector<Edge>& edges = gpio_.edges();
  // Edges of one moment count as one change, and the last moment may get more of them.
  motions_.resize(progress_.motions);
  Levels levels = progress_.edge == 0 ? gpio_.initially() : progress_.levels;
  for (std::size_t i = progress_.edge; i < edges.size();) {
    const Instant at = edges[i].at;
    progress_ = {.edge = i, .motions = motions_.size(), .levels = levels};
    const Position before = position(levels);
    for (; i < edges.size() && edges[i].at == at; ++i) {
      const auto bit = static_cast<Levels>(1u << edges[i].line);
      levels = static_cast<Levels>(edges[i].active ? levels | bit : levels & ~bit);
    }
    const Position after = position(levels);
    if (after != before && after != Position::contradictory &&
        before != Position::contradictory) {
      motions_.push_back({at, before, after});
    }
  }
  return motions_;
}

bool Bolt::left_extended(Instant from, Instant to) {
  const std::vector<Motion>& all = motions();
  return std::any_of(all.begin(), all.end(), [&](const Motion& m) {
    return m.at >= from && m.at <= to && m.from == Position::extended;
  });
}

bool Bolt::moved_towards_open(Instant from, Instant to) {
  const std::vector<Motion>& all = motions();
  return std::any_of(all.begin(), all.end(), [&](const Motion& m) {
    return m.at >= from && m.at <= to && m.towards_open();
  });
}

}  // namespace lockrig::station
