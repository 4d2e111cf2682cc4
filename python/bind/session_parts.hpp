// Shared by the files that bind a session, each of which binds one part of a station.
#pragma once

#include <nlohmann/json.hpp>

#include "bind.hpp"
#include "session.hpp"

namespace lockrig::bind {

void bind_session_power(py::class_<Session>& c);
void bind_session_supply(py::class_<Session>& c);
void bind_session_keypad(py::class_<Session>& c);
void bind_session_bolt(py::class_<Session>& c);
void bind_session_firmware(py::class_<Session>& c);
void bind_session_console(py::class_<Session>& c);
void bind_session_flash(py::class_<Session>& c);
void bind_session_portal(py::class_<Session>& c);

// Of what comes in lists.
nlohmann::json to_json(const lock::ImageSlot& slot);
nlohmann::json to_json(const lock::LogEvent& event);
nlohmann::json to_json(const portal::CheckIn& seen);

template <typename T>
nlohmann::json list_to_json(const std::vector<T>& values) {
  nlohmann::json list = nlohmann::json::array();
  for (const T& value : values) list.push_back(to_json(value));
  return list;
}

/// Runs a task without Python's lock and gives its result, if any, as JSON.
template <typename Make>
nlohmann::json call(Session& s, Make make) {
  const py::gil_scoped_release release;
  return s.run([&] { return make(); });
}

template <typename Make>
void perform(Session& s, Make make) {
  const py::gil_scoped_release release;
  s.run([&] { return make(); });
}

}  // namespace lockrig::bind
