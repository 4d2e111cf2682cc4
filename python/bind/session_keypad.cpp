#include <pybind11/stl.h>

#include "session_parts.hpp"

namespace lockrig::bind {
namespace {

using nlohmann::json;

std::string short_name(trial::Entry::Result result) {
  switch (result) {
    case trial::Entry::Result::programming:
      return "programming";
    case trial::Entry::Result::blind:
      return "blind";
    case trial::Entry::Result::dead:
      return "dead";
    default:
      return trial::to_string(result);
  }
}

}  // namespace

void bind_session_keypad(py::class_<Session>& c) {
  c.def(
       "enter",
       [](Session& s, const std::string& code, bool may_open) {
         const py::gil_scoped_release release;
         const auto entry = s.run([&] { return s.hand->enter(code, may_open); });
         return std::pair<std::string, double>(short_name(entry.result),
                                               to_seconds(entry.took));
       },
       py::arg("code"), py::arg("may_open") = false,
       "Types a code with enter; what came of it, and after how many seconds.")
      .def(
          "type",
          [](Session& s, const std::vector<std::string>& keys,
             std::optional<double> hold, std::optional<double> gap) {
            station::Keypad& keypad = s.rig->station().keypad;
            const station::KeypadTimings& usual = keypad.timings();
            perform(s, [&] {
              return keypad.type(keys, hold ? from_seconds(*hold) : usual.hold,
                                 gap ? from_seconds(*gap) : usual.gap);
            });
          },
          py::arg("keys"), py::arg("hold") = py::none(), py::arg("gap") = py::none(),
          "Presses one key after the other.")
      .def(
          "press",
          [](Session& s, const std::string& key, double hold) {
            perform(s, [&] {
              return s.rig->station().keypad.press(key, from_seconds(hold));
            });
          },
          py::arg("key"), py::arg("hold") = 0.08, "Presses one key.")
      .def(
          "press_with_bounce",
          [](Session& s, const std::string& key, double bounce, int edges,
             std::uint64_t seed) {
            perform(s, [&] {
              return s.rig->station().keypad.press_with_bounce(
                  key, from_seconds(bounce), edges, seed);
            });
          },
          py::arg("key"), py::arg("bounce"), py::arg("edges"), py::arg("seed"),
          "Presses one key whose contact bounces on press and release; edges is odd.")
      .def(
          "chord",
          [](Session& s, const std::vector<std::string>& keys, double hold) {
            perform(s, [&] {
              return s.rig->station().keypad.chord(keys, from_seconds(hold));
            });
          },
          py::arg("keys"), py::arg("hold") = 0.08, "Presses several keys at once.")
      .def(
          "hold",
          [](Session& s, const std::string& key) {
            perform(s, [&] { return s.rig->station().keypad.hold(key); });
          },
          py::arg("key"), "Presses a key and keeps it so.")
      .def(
          "release",
          [](Session& s) {
            perform(s, [&] { return s.rig->station().keypad.release_all(); });
          },
          "Lets all keys go.")
      .def(
          "program",
          [](Session& s, const std::string& code,
             const std::vector<std::string>& more) {
            const py::gil_scoped_release release;
            return s.run([&] { return s.hand->program(code, more); });
          },
          py::arg("programming_code"), py::arg("entries"),
          "True if the lock signalled that it is programmed.")
      .def(
          "signal",
          [](Session& s, double within) {
            return to_python(call(s, [&]() -> Task<json> {
              const auto blink = co_await s.hand->signal(from_seconds(within));
              if (!blink) co_return json();
              co_return json(
                  json::array({to_string(blink->colour), blink->count, blink->beeped}));
            }));
          },
          py::arg("within"), "The next signal: colour, count, beeped; None for none.")
      .def(
          "blinks",
          [](Session& s) {
            std::vector<std::tuple<double, std::string, int>> all;
            for (const auto& blink : s.rig->station().signals.ended()) {
              all.emplace_back(to_seconds(blink.at), to_string(blink.colour),
                               blink.count);
            }
            return all;
          },
          "All signals so far.");
}

}  // namespace lockrig::bind
