#include <pybind11/stl.h>

#include "rig/journal/trace_lines.hpp"
#include "session_parts.hpp"

namespace lockrig::bind {
namespace {

Operator& person(Session& s) {
  if (s.rig->person() == nullptr) {
    throw std::invalid_argument("station " + s.rig->facts().station +
                                " has nobody to lend a hand");
  }
  return *s.rig->person();
}

}  // namespace

void bind_session(py::module_& m) {
  py::class_<Session> c(m, "Session",
                        "One station in a world of its own; every call moves it on.");
  c.def_property_readonly("station", [](Session& s) { return s.rig->facts().station; })
      .def_property_readonly("now",
                             [](Session& s) { return to_seconds(s.world().now()); })
      .def(
          "unplug", [](Session& s, const std::string& wire) { person(s).unplug(wire); },
          py::arg("wire"), "Pulls a wire by its logical name.")
      .def(
          "replug", [](Session& s, const std::string& wire) { person(s).replug(wire); },
          py::arg("wire"), "Puts it back.")
      .def_property_readonly("consulted",
                             [](Session& s) {
                               const auto names = s.consulted();
                               return std::vector<std::string>(names.begin(),
                                                               names.end());
                             })
      .def(
          "block_bolt", [](Session& s, double at) { person(s).block_bolt(at); },
          py::arg("at"),
          "Puts something in the bolt's way: 0 is extended, 1 retracted.")
      .def(
          "unblock_bolt", [](Session& s) { person(s).unblock_bolt(); },
          "Takes it away.")
      .def("trace_hash", [](Session& s) { return s.world().trace().hash(); })
      .def("trace_lines",
           [](Session& s) { return journal::trace_lines(s.world().trace()); });
  bind_session_power(c);
  bind_session_supply(c);
  bind_session_keypad(c);
  bind_session_bolt(c);
  bind_session_firmware(c);
  bind_session_console(c);
  bind_session_flash(c);
  bind_session_portal(c);
}

}  // namespace lockrig::bind
