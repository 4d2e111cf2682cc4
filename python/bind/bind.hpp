// Shared by the files of the Python module, each of which binds one concept.
#pragma once

#include <pybind11/pybind11.h>

#include <nlohmann/json.hpp>

#include "rig/core/units.hpp"
#include "rig/trial/spec.hpp"

namespace lockrig::bind {

namespace py = pybind11;

void bind_errors(py::module_& m);
void bind_images(py::module_& m);
void bind_journal(py::module_& m);
void bind_bench(py::module_& m);
void bind_session(py::module_& m);
void bind_doctor(py::module_& m);
void bind_devices(py::module_& m);

/// JSON values become Python's own.
py::object to_python(const nlohmann::json& value);

/// Throws std::invalid_argument that names the key.
inline trial::TrialSpec parse_spec(const std::string& json) {
  return trial::spec_from_json(nlohmann::json::parse(json, nullptr, false));
}

/// A trial's record, every field of it; times in seconds.
nlohmann::json to_json(const trial::TrialRecord& record);
/// Throws std::invalid_argument for what to_json() does not make.
trial::TrialRecord record_from_json(const nlohmann::json& json);

inline Bytes to_bytes(const py::bytes& bytes) {
  const auto view = static_cast<std::string_view>(bytes);
  return Bytes(view.begin(), view.end());
}
inline py::bytes from_bytes(ByteView bytes) {
  return py::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace lockrig::bind
