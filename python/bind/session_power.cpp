#include <pybind11/stl.h>

#include "session_parts.hpp"

namespace lockrig::bind {
namespace {

using nlohmann::json;
using station::Power;

Power::Style style_from(const std::string& name) {
  if (name == "hard") return Power::Style::hard;
  if (name == "pull") return Power::Style::pull;
  throw std::invalid_argument("no style of power cut: " + name +
                              "; there are hard and pull");
}

json to_json(const Power::Off& off) {
  return {{"commanded", to_seconds(off.commanded)},
          {"rail_fell", off.rail_fell ? json(to_seconds(*off.rail_fell)) : json()}};
}

json to_json(const Power::Interruption& it) {
  return {{"commanded", to_seconds(it.commanded)},
          {"asked", to_seconds(it.asked)},
          {"achieved", it.achieved ? json(to_seconds(*it.achieved)) : json()}};
}

json to_json(const Power::Dip& dip) {
  return {{"commanded", to_seconds(dip.commanded)},
          {"asked", to_seconds(dip.asked)},
          {"rail_fell", dip.rail_fell ? json(to_seconds(*dip.rail_fell)) : json()}};
}

}  // namespace

void bind_session_power(py::class_<Session>& c) {
  c.def(
       "power_on",
       [](Session& s) {
         return to_python(call(s, [&]() -> Task<json> {
           const auto start = co_await trial::power_up(*s.rig);
           if (!start) co_return json();
           // Until start-up is over the keypad is deaf.
           co_await s.hand->signal(s.rig->facts().limits.signal_max);
           co_return json(to_seconds(start->took));
         }));
       },
       "Waits for the banner and the start-up signal; seconds, None if it never began.")
      .def(
          "power_off",
          [](Session& s, const std::string& style) {
            const auto how = style_from(style);
            return to_python(call(s, [&]() -> Task<json> {
              const auto off = co_await s.rig->station().power.off(how);
              co_return to_json(off);
            }));
          },
          py::arg("style") = "hard", "When it was commanded and when the rail fell.")
      .def(
          "power_cycle",
          [](Session& s, double seconds, const std::string& style) {
            const auto how = style_from(style);
            return to_python(call(s, [&]() -> Task<json> {
              const auto off = co_await s.rig->station().power.off(how);
              co_await s.world().sleep_for(from_seconds(seconds), "the off time");
              co_await trial::power_up(*s.rig);
              co_await s.hand->signal(s.rig->facts().limits.signal_max);
              co_return to_json(off);
            }));
          },
          py::arg("off"), py::arg("style") = "hard",
          "Off for that long, then on until it has started.")
      .def(
          "interrupt",
          [](Session& s, double seconds, const std::string& style) {
            const auto how = style_from(style);
            return to_python(call(s, [&]() -> Task<json> {
              Power& power = s.rig->station().power;
              const auto seen = co_await power.interrupt(from_seconds(seconds), how);
              co_return to_json(seen);
            }));
          },
          py::arg("off"), py::arg("style") = "hard",
          "Off and on again by the chip's clock; how long the rail was down.")
      .def(
          "dip",
          [](Session& s, double seconds) {
            return to_python(call(s, [&]() -> Task<json> {
              Power& power = s.rig->station().power;
              const auto seen = co_await power.dip(from_seconds(seconds));
              co_return to_json(seen);
            }));
          },
          py::arg("seconds"),
          "The second, lower rail for that long, by the chip's clock.")
      .def(
          "rail_edges",
          [](Session& s) {
            auto& gpio = s.rig->station().gpio;
            std::vector<std::pair<double, bool>> edges;
            for (const auto& edge : gpio.edges()) {
              if (edge.line == gpio.line("rail")) {
                edges.emplace_back(to_seconds(edge.at), edge.active);
              }
            }
            return edges;
          },
          "Rises and falls of the supply rail, as sampled.")
      .def(
          "gaps",
          [](Session& s) {
            const station::Gaps& gaps = s.rig->station().gpio.gaps();
            return std::pair<std::int64_t, double>(gaps.count,
                                                   to_seconds(gaps.longest));
          },
          "How often the lines were not sampled as the host was late, and how long at "
          "worst.")
      .def(
          "sleep",
          [](Session& s, double seconds) {
            perform(s, [&] {
              return s.world().sleep_for(from_seconds(seconds), "a pause");
            });
          },
          py::arg("seconds"), "Lets that much of the world's time pass.");
}

}  // namespace lockrig::bind
