#include <pybind11/stl.h>

#include "rig/trial/stimulus.hpp"
#include "session_parts.hpp"

namespace lockrig::bind {
namespace {

using nlohmann::json;

json to_json(const lock::State& s) {
  return {{"model", s.model},     {"revision", s.revision}, {"serial", s.serial},
          {"version", s.version}, {"cause", s.cause},       {"boots", s.boots},
          {"trial", s.trial},     {"locked", s.locked},     {"set_up", s.set_up},
          {"codes", s.codes},     {"wrong", s.wrong},       {"lock_out", s.lock_out},
          {"log", s.log}};
}

json to_json(const lock::Push& p) {
  return {{"accepted", p.accepted},
          {"refusal", p.refusal},
          {"failure", p.failure ? json(p.failure->what) : json()},
          {"acknowledged", p.acknowledged}};
}

/// An answer of the lock as JSON, null where it gave none.
template <typename T, typename Convert>
json answer(const lock::Reply<T>& reply, Convert convert) {
  const T* value = std::get_if<T>(&reply);
  return value != nullptr ? json(convert(*value)) : json();
}

lock::Shows shows_of(const std::string& credential) {
  if (credential == "own") return lock::Shows::own;
  if (credential == "none") return lock::Shows::none;
  if (credential == "wrong") return lock::Shows::wrong;
  throw std::invalid_argument("credential is own, none or wrong, not " + credential);
}

lock::Firmware& client(Session& s) {
  if (s.rig->client() == nullptr) {
    throw std::invalid_argument("station " + s.rig->facts().station +
                                " has no console");
  }
  return *s.rig->client();
}

}  // namespace

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

void bind_session_firmware(py::class_<Session>& c) {
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
          "recover",
          [](Session& s, const std::string& image) {
            return to_python(call(s, [&]() -> Task<json> {
              const lock::Push push =
                  co_await trial::recover_by_serial(*s.rig, image, {});
              co_return to_json(push);
            }));
          },
          py::arg("image"),
          "From power off, by the boot loader's serial recovery: as push.")
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
          [](Session& s, const std::string& image, const std::string& credential) {
            const auto bytes = s.rig->images().get(image);
            const lock::Shows shows = shows_of(credential);
            return to_python(call(s, [&]() -> Task<json> {
              client(s).show(shows);
              const auto push = co_await client(s).push(*bytes, {});
              co_return to_json(push);
            }));
          },
          py::arg("image"), py::arg("credential") = "own",
          "Uploads an image by serial, asks for it and restarts. `credential`: the "
          "service key that it shows, own, none or wrong.");
}

}  // namespace lockrig::bind
