#include <pybind11/stl.h>

#include "session_parts.hpp"

namespace lockrig::bind {

using nlohmann::json;

json to_json(const portal::CheckIn& c) {
  return {
      {"at", to_seconds(c.at)}, {"serial", c.serial},   {"model", c.model},
      {"revision", c.revision}, {"version", c.version}, {"cause", c.cause},
      {"refusal", c.refusal},   {"boots", c.boots},     {"trial", c.trial},
      {"locked", c.locked},     {"log", c.log},         {"battery_mv", c.battery_mv}};
}

void bind_session_portal(py::class_<Session>& c) {
  c.def(
       "offer",
       [](Session& s, const std::string& image) {
         s.rig->portal().offer(s.rig->facts().serial, "offer",
                               s.rig->images().get(image));
       },
       py::arg("image"), "Offers an image at the lock's check-ins.")
      .def(
          "withdraw",
          [](Session& s) { s.rig->portal().withdraw(s.rig->facts().serial); },
          "Ends the offer.")
      .def(
          "served",
          [](Session& s) { return s.rig->portal().served(s.rig->facts().serial); },
          "Bytes of the offered image that the lock has fetched.")
      .def(
          "check_ins",
          [](Session& s) {
            return to_python(
                list_to_json(s.rig->portal().check_ins(s.rig->facts().serial)));
          },
          "All check-ins of this world.")
      .def(
          "next_check_in",
          [](Session& s, double within) {
            return to_python(call(s, [&]() -> Task<json> {
              const auto seen = co_await s.rig->portal().next_check_in(
                  s.rig->facts().serial, s.world().now() + from_seconds(within));
              co_return seen ? to_json(*seen) : json();
            }));
          },
          py::arg("within"), "The first that arrives from now on; None if none does.")
      .def(
          "portal_events",
          [](Session& s) {
            return to_python(
                list_to_json(s.rig->portal().events(s.rig->facts().serial)));
          },
          "The lock's log as the portal has it.")
      .def(
          "ask_unlock",
          [](Session& s) { s.rig->portal().ask_unlock(s.rig->facts().serial); },
          "Somebody asks the portal to open the door: told at the next check-in.")
      .def(
          "portal_answers",
          [](Session& s, int status, const std::string& body) {
            s.rig->portal().answer_all(http::Response{status, {}, body});
          },
          py::arg("status"), py::arg("body"),
          "From now on the portal gives this one answer to all that is asked.")
      .def(
          "portal_is_right", [](Session& s) { s.rig->portal().answer_all({}); },
          "From now on it answers as it should.")
      .def(
          "portal_requests",
          [](Session& s) {
            std::vector<double> all;
            for (const Instant at : s.rig->portal().requests()) {
              all.push_back(to_seconds(at));
            }
            return all;
          },
          "When the portal was asked anything.")
      .def(
          "set_portal",
          [](Session& s, bool reachable) { s.rig->portal().set_reachable(reachable); },
          py::arg("reachable"), "Takes the portal away, or brings it back.")
      .def(
          "set_network", [](Session& s, bool up) { s.rig->network().set_link(up); },
          py::arg("up"), "Takes the access point away, or brings it back.");
}

}  // namespace lockrig::bind
