#include <pybind11/stl.h>

#include "session_parts.hpp"

namespace lockrig::bind {
namespace {

using nlohmann::json;
using station::Supply;

// What the steps of a ramp may be late, all together.
constexpr Duration kRampSpare = 10s;

Supply& supply(Session& s) {
  if (s.rig->supply() == nullptr) {
    throw std::invalid_argument("station " + s.rig->facts().station +
                                " has no programmable supply");
  }
  return *s.rig->supply();
}

json to_json(const Supply::Ramp& ramp) {
  return {{"reached_mv", ramp.reached_mv},
          {"tripped", ramp.tripped},
          {"late", to_seconds(ramp.late)}};
}

}  // namespace

void bind_session_supply(py::class_<Session>& c) {
  c.def(
       "supply_voltage",
       [](Session& s, int mv) {
         perform(s, [&] { return supply(s).set_voltage(mv); });
       },
       py::arg("mv"), "What the battery gives from now on.")
      .def(
          "supply_current_limit",
          [](Session& s, int ma) {
            perform(s, [&] { return supply(s).set_current_limit(ma); });
          },
          py::arg("ma"), "More than that trips it.")
      .def(
          "supply_output",
          [](Session& s, bool on) { perform(s, [&] { return supply(s).output(on); }); },
          py::arg("on"), "The battery is in, or out.")
      .def(
          "supply_measure",
          [](Session& s) {
            const py::gil_scoped_release release;
            const auto seen = s.run([&] { return supply(s).measure(); });
            return std::pair<int, int>(seen.mv, seen.ma);
          },
          "Millivolts and milliamperes.")
      .def(
          "supply_tripped",
          [](Session& s) {
            const py::gil_scoped_release release;
            return s.run([&] { return supply(s).tripped(); });
          },
          "Over-current has switched it off.")
      .def(
          "supply_clear_trip",
          [](Session& s) { perform(s, [&] { return supply(s).clear_trip(); }); },
          "It stays off until it is switched on.")
      .def(
          "supply_ramp",
          [](Session& s, int from_mv, int to_mv, double seconds, int steps) {
            const Duration duration = from_seconds(seconds);
            const auto ramp = [&] {
              const py::gil_scoped_release release;
              return s.run(
                  [&] { return supply(s).ramp(from_mv, to_mv, duration, steps); },
                  duration + kRampSpare);
            }();
            return to_python(to_json(ramp));
          },
          py::arg("from_mv"), py::arg("to_mv"), py::arg("seconds"), py::arg("steps"),
          "In equal steps; where it came to, whether it tripped, and how late the "
          "worst step was.");
}

}  // namespace lockrig::bind
