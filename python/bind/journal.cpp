#include "rig/journal/journal.hpp"

#include <pybind11/stl.h>

#include "bind.hpp"

namespace lockrig::bind {
namespace {

using journal::Journal;

template <typename T>
T field(const py::dict& dict, const char* key, T fallback = {}) {
  if (!dict.contains(key) || dict[key].is_none()) return fallback;
  try {
    return dict[key].cast<T>();
  } catch (const py::cast_error&) {
    throw std::invalid_argument(std::string(key) + " has the wrong type");
  }
}

template <typename T>
T named(std::optional<T> value, const std::string& key, const std::string& name) {
  if (!value) throw std::invalid_argument("no such " + key + ": " + name);
  return *value;
}

journal::RunInfo run_info(const py::dict& dict) {
  return {.version = field<std::string>(dict, "version"),
          .seed = field<std::uint64_t>(dict, "seed"),
          .command_line = field<std::string>(dict, "command_line"),
          .bench = field<std::string>(dict, "bench"),
          .bench_kind = field<std::string>(dict, "bench_kind"),
          .started = field<std::string>(dict, "started"),
          .request = field<std::string>(dict, "request"),
          .host = field<std::map<std::string, std::string>>(dict, "host")};
}

journal::CaseRecord case_record(const py::dict& dict) {
  journal::CaseRecord record;
  record.case_id = field<std::string>(dict, "case_id");
  record.station = field<std::string>(dict, "station");
  record.scenario = field<std::string>(dict, "scenario");
  const auto outcome = field<std::string>(dict, "outcome");
  record.outcome = named(journal::case_outcome_from(outcome), "outcome", outcome);
  const auto purpose = field<std::string>(dict, "purpose", "case");
  record.purpose = named(journal::purpose_from(purpose), "purpose", purpose);
  record.defect = field<std::string>(dict, "defect");
  record.caught = field<std::optional<bool>>(dict, "caught");
  record.reason = field<std::string>(dict, "reason");
  for (const py::dict& m : field<std::vector<py::dict>>(dict, "measurements")) {
    record.measurements.push_back(
        {field<std::string>(m, "name"), field<double>(m, "value"),
         field<std::string>(m, "unit"), field<std::optional<double>>(m, "low"),
         field<std::optional<double>>(m, "high")});
  }
  record.wall_s = field<double>(dict, "wall_s");
  record.simulated_s = field<double>(dict, "simulated_s");
  return record;
}

}  // namespace

void bind_journal(py::module_& m) {
  py::class_<Journal>(m, "Journal",
                      "The durable record of a run: one SQLite file, one writer.")
      .def_static(
          "create",
          [](const std::string& path, const py::dict& run) {
            return Journal::create(path, run_info(run));
          },
          py::arg("path"), py::arg("run"),
          "Begins a run; a file that exists is refused.")
      .def_static(
          "resume", [](const std::string& path) { return Journal::resume(path); },
          py::arg("path"), "Goes on with a run that did not end.")
      .def("info", &Journal::info, py::arg("key"), "A fact of the run, or None.")
      .def("has", &Journal::has, py::arg("case_id"), py::arg("id"), py::arg("attempt"),
           "Whether that attempt is journalled.")
      .def(
          "add_trial",
          [](Journal& self, const std::string& record_json, const std::string& case_id,
             const std::string& purpose, int attempt, const std::string& trace_lines) {
            const auto record =
                record_from_json(nlohmann::json::parse(record_json, nullptr, false));
            std::map<std::string, std::string> traces;
            if (!trace_lines.empty()) traces[record.id] = trace_lines;
            self.add_trials(std::span(&record, 1), case_id,
                            named(journal::purpose_from(purpose), "purpose", purpose),
                            attempt, traces);
          },
          py::arg("record_json"), py::arg("case_id"), py::arg("purpose"),
          py::arg("attempt"), py::arg("trace_lines") = "",
          "Commits one trial; attempts count from 1.")
      .def(
          "add_case",
          [](Journal& self, const py::dict& record) {
            self.add_case(case_record(record));
          },
          py::arg("case"), "Commits the outcome of a case on a station.")
      .def(
          "add_sweep",
          [](Journal& self, const py::dict& sweep) {
            self.add_sweep({.case_id = field<std::string>(sweep, "case_id"),
                            .station = field<std::string>(sweep, "station"),
                            .sweep = field<std::string>(sweep, "sweep"),
                            .operations = field<std::int64_t>(sweep, "operations"),
                            .fractions = field<std::vector<double>>(sweep, "fractions"),
                            .trials = field<std::int64_t>(sweep, "trials")});
          },
          py::arg("sweep"), "Commits how many trials an exhaustive sweep owed and ran.")
      .def(
          "add_outcome",
          [](Journal& self, const py::dict& outcome) {
            self.add_outcome({.case_id = field<std::string>(outcome, "case_id"),
                              .station = field<std::string>(outcome, "station"),
                              .scenario = field<std::string>(outcome, "scenario"),
                              .map = field<std::string>(outcome, "map"),
                              .row = field<std::string>(outcome, "row"),
                              .column = field<std::string>(outcome, "column"),
                              .value = field<std::string>(outcome, "value"),
                              .note = field<std::string>(outcome, "note")});
          },
          py::arg("outcome"),
          "Commits one cell of a map that a scenario judges itself.")
      .def(
          "add_station",
          [](Journal& self, const py::dict& station) {
            self.add_station(
                {.station = field<std::string>(station, "station"),
                 .board = field<std::string>(station, "board"),
                 .quarantined = field<std::string>(station, "quarantined"),
                 .examination = field<std::string>(station, "examination"),
                 .calibration = field<std::string>(station, "calibration"),
                 .last_good_shams = field<std::string>(station, "last_good_shams")});
          },
          py::arg("station"), "Commits what is known of a station.")
      .def(
          "absorb", [](Journal& self, const std::string& share) { self.absorb(share); },
          py::arg("share"), "Takes over one station's share of the same run.")
      .def("finish", &Journal::finish, py::arg("wall_s"), "The run has ended.")
      .def("trace_sha256", &Journal::trace_sha256,
           "Over the sorted identifiers and trace hashes of the run's trials.");
  m.def(
      "find_spec",
      [](const std::string& file, const std::string& identifier) {
        const auto spec = journal::find_spec(file, identifier);
        return spec ? std::optional(trial::to_json(*spec).dump()) : std::nullopt;
      },
      py::arg("run_db"), py::arg("identifier"),
      "The spec behind an identifier, as JSON; None if no trial has it.");
}

}  // namespace lockrig::bind
