#include <pybind11/stl.h>

#include "session_parts.hpp"

namespace lockrig::bind {
namespace {

using station::Bolt;

Bolt::Position position_from(const std::string& name) {
  for (const auto position : {Bolt::Position::extended, Bolt::Position::retracted,
                              Bolt::Position::between, Bolt::Position::contradictory}) {
    if (name == to_string(position)) return position;
  }
  throw std::invalid_argument(
      "no position of a bolt: " + name +
      "; there are extended, retracted, between, contradictory");
}

}  // namespace

void bind_session_bolt(py::class_<Session>& c) {
  c.def(
       "bolt", [](Session& s) { return to_string(s.rig->station().bolt.position()); },
       "extended, retracted, between or contradictory.")
      .def(
          "wait_bolt",
          [](Session& s, const std::string& position, double within) {
            const auto wanted = position_from(position);
            const py::gil_scoped_release release;
            return s.run([&] {
              return s.rig->station().bolt.wait_for(
                  wanted, s.world().now() + from_seconds(within));
            });
          },
          py::arg("position"), py::arg("within"), "False if it did not come in time.")
      .def(
          "motions",
          [](Session& s) {
            std::vector<std::tuple<double, std::string, std::string>> all;
            for (const auto& motion : s.rig->station().bolt.motions()) {
              all.emplace_back(to_seconds(motion.at), to_string(motion.from),
                               to_string(motion.to));
            }
            return all;
          },
          "Every motion that the sensors saw.")
      .def(
          "unasked_opening",
          [](Session& s, double since) {
            const auto at = s.hand->unasked_opening(Instant(from_seconds(since)));
            return at ? std::optional(to_seconds(*at)) : std::nullopt;
          },
          py::arg("since"), "When the bolt moved towards open unasked; None if never.");
}

}  // namespace lockrig::bind
