#include "session.hpp"

#include <pybind11/stl.h>

#include "bind.hpp"
#include "rig/journal/trace_lines.hpp"
#include "rig/lock/push.hpp"

namespace lockrig::bind {
namespace {

using nlohmann::json;
using station::Bolt;
using station::Power;

Power::Style style_from(const std::string& name) {
  if (name == "hard") return Power::Style::hard;
  if (name == "pull") return Power::Style::pull;
  throw std::invalid_argument("no style of power cut: " + name +
                              "; there are hard and pull");
}

Bolt::Position position_from(const std::string& name) {
  for (const auto position : {Bolt::Position::extended, Bolt::Position::retracted,
                              Bolt::Position::between, Bolt::Position::contradictory}) {
    if (name == to_string(position)) return position;
  }
  throw std::invalid_argument(
      "no position of a bolt: " + name +
      "; there are extended, retracted, between, contradictory");
}

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

json to_json(const Power::Off& off) {
  return {{"commanded", to_seconds(off.commanded)},
          {"rail_fell", off.rail_fell ? json(to_seconds(*off.rail_fell)) : json()}};
}

json to_json(const lock::State& s) {
  return {{"model", s.model},     {"revision", s.revision}, {"serial", s.serial},
          {"version", s.version}, {"cause", s.cause},       {"boots", s.boots},
          {"trial", s.trial},     {"locked", s.locked},     {"set_up", s.set_up},
          {"codes", s.codes},     {"wrong", s.wrong},       {"lock_out", s.lock_out},
          {"log", s.log}};
}

json to_json(const lock::ImageSlot& i) {
  return {{"slot", i.slot},
          {"version", i.version},
          {"active", i.active},
          {"confirmed", i.confirmed},
          {"pending", i.pending}};
}

json to_json(const lock::LogEvent& e) {
  return {{"sequence", e.sequence}, {"boot", e.boot}, {"text", e.text}};
}

json to_json(const portal::CheckIn& c) {
  return {{"at", to_seconds(c.at)}, {"serial", c.serial},   {"model", c.model},
          {"revision", c.revision}, {"version", c.version}, {"cause", c.cause},
          {"refusal", c.refusal},   {"boots", c.boots},     {"trial", c.trial},
          {"locked", c.locked},     {"log", c.log}};
}

json to_json(const lock::Push& p) {
  return {{"accepted", p.accepted},
          {"refusal", p.refusal},
          {"failure", p.failure ? json(p.failure->what) : json()},
          {"acknowledged", p.acknowledged}};
}

template <typename T>
json list_to_json(const std::vector<T>& values) {
  json list = json::array();
  for (const T& value : values) list.push_back(to_json(value));
  return list;
}

/// An answer of the lock as JSON, null where it gave none.
template <typename T, typename Convert>
json answer(const lock::Reply<T>& reply, Convert convert) {
  const T* value = std::get_if<T>(&reply);
  return value != nullptr ? json(convert(*value)) : json();
}

/// Runs a task without Python's lock and gives its result, if any, as JSON.
template <typename Make>
json call(Session& s, Make make) {
  const py::gil_scoped_release release;
  return s.run([&] { return make(); });
}

template <typename Make>
void perform(Session& s, Make make) {
  const py::gil_scoped_release release;
  s.run([&] { return make(); });
}

lock::Client& client(Session& s) {
  if (s.rig->client() == nullptr) {
    throw std::invalid_argument("station " + s.rig->facts().station +
                                " has no console");
  }
  return *s.rig->client();
}

Operator& person(Session& s) {
  if (s.rig->person() == nullptr) {
    throw std::invalid_argument("station " + s.rig->facts().station +
                                " has nobody to pull a wire");
  }
  return *s.rig->person();
}

void bind_power(py::class_<Session>& c) {
  c.def(
       "power_on",
       [](Session& s) {
         return to_python(call(s, [&]() -> Task<json> {
           const auto start = co_await trial::power_up(*s.rig);
           if (!start) co_return json();
           // Until start-up is over the keypad is deaf.
           co_await s.hand.signal(s.rig->facts().limits.signal_max);
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
              co_await s.hand.signal(s.rig->facts().limits.signal_max);
              co_return to_json(off);
            }));
          },
          py::arg("off"), py::arg("style") = "hard",
          "Off for that long, then on until it has started.")
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
          "sleep",
          [](Session& s, double seconds) {
            perform(s, [&] {
              return s.world().sleep_for(from_seconds(seconds), "a pause");
            });
          },
          py::arg("seconds"), "Lets that much of the world's time pass.");
}

void bind_keypad(py::class_<Session>& c) {
  c.def(
       "enter",
       [](Session& s, const std::string& code, bool may_open) {
         const py::gil_scoped_release release;
         const auto entry = s.run([&] { return s.hand.enter(code, may_open); });
         return std::pair<std::string, double>(short_name(entry.result),
                                               to_seconds(entry.took));
       },
       py::arg("code"), py::arg("may_open") = false,
       "Types a code with enter; what came of it, and after how many seconds.")
      .def(
          "type",
          [](Session& s, const std::vector<std::string>& keys) {
            perform(s, [&] { return s.rig->station().keypad.type(keys); });
          },
          py::arg("keys"), "Presses one key after the other.")
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
            return s.run([&] { return s.hand.program(code, more); });
          },
          py::arg("programming_code"), py::arg("entries"),
          "True if the lock signalled that it is programmed.")
      .def(
          "signal",
          [](Session& s, double within) {
            return to_python(call(s, [&]() -> Task<json> {
              const auto blink = co_await s.hand.signal(from_seconds(within));
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

void bind_bolt(py::class_<Session>& c) {
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
            const auto at = s.hand.unasked_opening(Instant(from_seconds(since)));
            return at ? std::optional(to_seconds(*at)) : std::nullopt;
          },
          py::arg("since"), "When the bolt moved towards open unasked; None if never.");
}

void bind_firmware(py::class_<Session>& c) {
  c.def(
       "state",
       [](Session& s) {
         return to_python(call(s, [&]() -> Task<json> {
           const auto reply = co_await client(s).state();
           co_return answer(reply, [](const lock::State& st) { return to_json(st); });
         }));
       },
       "What the lock says of itself; None if it does not answer.")
      .def(
          "images",
          [](Session& s) {
            return to_python(call(s, [&]() -> Task<json> {
              const auto reply = co_await client(s).images();
              co_return answer(reply, list_to_json<lock::ImageSlot>);
            }));
          },
          "The images in its slots; None if it does not answer.")
      .def(
          "log",
          [](Session& s) {
            return to_python(call(s, [&]() -> Task<json> {
              const auto reply = co_await client(s).log(0);
              co_return answer(reply, list_to_json<lock::LogEvent>);
            }));
          },
          "Its audit log; None if it does not answer.")
      .def(
          "settle",
          [](Session& s, double within) {
            return to_python(call(s, [&]() -> Task<json> {
              client(s);
              const auto state = co_await trial::settled(*s.rig, from_seconds(within));
              co_return state ? to_json(*state) : json();
            }));
          },
          py::arg("within"), "Waits until no image is on trial; its state then.")
      .def(
          "push",
          [](Session& s, const std::string& image) {
            const auto bytes = s.rig->images().get(image);
            return to_python(call(s, [&]() -> Task<json> {
              const auto push = co_await lock::push_by_serial(client(s), *bytes, {});
              co_return to_json(push);
            }));
          },
          py::arg("image"), "Uploads an image by serial, asks for it and restarts.")
      .def(
          "slot_writes",
          [](Session& s) {
            if (s.rig->probe() == nullptr) {
              throw std::invalid_argument("this station cannot count flash operations");
            }
            return s.rig->probe()->slot_count();
          },
          "Flash operations on the image slots so far.");
}

void bind_portal(py::class_<Session>& c) {
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
          "set_portal",
          [](Session& s, bool reachable) { s.rig->portal().set_reachable(reachable); },
          py::arg("reachable"), "Takes the portal away, or brings it back.")
      .def(
          "set_network", [](Session& s, bool up) { s.rig->network().set_link(up); },
          py::arg("up"), "Takes the access point away, or brings it back.");
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
      .def("trace_hash", [](Session& s) { return s.world().trace().hash(); })
      .def("trace_lines",
           [](Session& s) { return journal::trace_lines(s.world().trace()); });
  bind_power(c);
  bind_keypad(c);
  bind_bolt(c);
  bind_firmware(c);
  bind_portal(c);
}

}  // namespace lockrig::bind
