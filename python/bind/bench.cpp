#include <pybind11/functional.h>
#include <pybind11/stl.h>

#include <mutex>

#include "bind.hpp"
#include "rig/journal/journal.hpp"
#include "rig/journal/trace_lines.hpp"
#include "session.hpp"
#include "sweep.hpp"

namespace lockrig::bind {
namespace {

using nlohmann::json;

py::tuple run_trial(Lab& lab, const std::string& spec_json, bool keep_trace) {
  const auto spec = parse_spec(spec_json);
  std::string lines;
  trial::TrialRecord record;
  {
    const py::gil_scoped_release release;
    record = trial::run_trial(
        spec, lab.bench, lab.baselines, {}, keep_trace,
        [&lines](const Trace& trace) { lines = journal::trace_lines(trace); });
  }
  return py::make_tuple(
      to_json(record).dump(-1, ' ', false, json::error_handler_t::replace), lines);
}

json facts_of(const trial::LockFacts& f) {
  const auto codes = trial::owner_codes(f);
  const trial::Limits& l = f.limits;
  const auto dash = f.board.rfind('-');
  return {{"station", f.station},
          {"board", f.board},
          {"model", f.board.substr(0, dash)},
          {"revision", f.board.substr(dash + 1)},
          {"serial", f.serial},
          {"slip_user", f.slip_user},
          {"slip_programming", f.slip_programming},
          {"default_users", f.default_users},
          {"default_programming", f.default_programming},
          {"user_code", codes.user},
          {"programming_code", codes.programming},
          {"wrong_code_limit", l.wrong_code_limit},
          {"entry_timeout", to_seconds(f.entry_timeout)},
          {"heartbeat", to_seconds(f.heartbeat)},
          {"functions", f.functions},
          {"baseline", to_string(f.returns)},
          {"limits",
           {{"boot_max", to_seconds(l.boot_max)},
            {"unlock_max", to_seconds(l.unlock_max)},
            {"lock_max", to_seconds(l.lock_max)},
            {"relock_max", to_seconds(l.relock_max)},
            {"signal_max", to_seconds(l.signal_max)},
            {"check_in_max", to_seconds(l.check_in_max)},
            {"update_max", to_seconds(l.update_max)},
            {"confirm_max", to_seconds(l.confirm_max)},
            {"lock_out_max", to_seconds(l.lock_out_max)},
            {"off_min", to_seconds(l.off_min)}}}};
}

json device(const bench::StationEntry& entry, const char* use,
            const bench::SerialEntry& line) {
  return {{"station", entry.name},
          {"use", use},
          {"usb_serial", line.usb_serial},
          {"interface", line.interface},
          {"path", line.path}};
}

/// What a real bench's stations want to find plugged in; empty for a virtual bench.
json devices_of(const bench::BenchFile& file) {
  json wanted = json::array();
  if (file.kind == bench::Kind::virtual_twins) return wanted;
  for (const bench::StationEntry& entry : file.stations) {
    wanted.push_back(device(entry, "gpio", {entry.gpio.usb_serial, 0, "", 0}));
    if (entry.console) wanted.push_back(device(entry, "console", *entry.console));
    if (entry.supply && entry.supply->line) {
      wanted.push_back(device(entry, "supply", *entry.supply->line));
    }
  }
  return wanted;
}

}  // namespace

void bind_bench(py::module_& m) {
  py::class_<Lab>(m, "Bench", "All stations of one host, as a bench file has them.")
      .def(py::init<const std::string&>(), py::arg("path"))
      .def_property_readonly("path", [](const Lab& l) { return l.bench.file().path; })
      .def_property_readonly(
          "kind", [](const Lab& l) { return to_string(l.bench.file().kind); })
      .def_property_readonly("shared",
                             [](const Lab& l) { return l.bench.file().shared; })
      .def_property_readonly("nightly",
                             [](const Lab& l) { return l.bench.file().nightly; })
      .def(
          "stations",
          [](const Lab& l) {
            std::vector<std::string> names;
            for (const auto& entry : l.bench.file().stations)
              names.push_back(entry.name);
            return names;
          },
          "Their names, in the order of the file.")
      .def(
          "facts",
          [](const Lab& l, const std::string& s) {
            json facts = facts_of(l.bench.facts(s));
            facts["usb_serial"] = l.bench.station(s).gpio.usb_serial;
            return to_python(facts);
          },
          py::arg("station"), "What the rig knows of a station's lock; seconds.")
      .def(
          "devices", [](const Lab& l) { return to_python(devices_of(l.bench.file())); },
          "What the stations of a real bench are made of.")
      .def(
          "capabilities",
          [](const Lab& l, const std::string& s) { return l.bench.capabilities(s); },
          py::arg("station"), "What a station can do.")
      .def(
          "released",
          [](Lab& l, const std::string& board) {
            return l.bench.images().released(board);
          },
          py::arg("board"), "Image names: baseline, update, the one after it.")
      .def(
          "image",
          [](Lab& l, const std::string& name) {
            return from_bytes(*l.bench.images().get(name));
          },
          py::arg("name"), "An image by name (rig/bench/image_library.hpp).")
      .def("run_trial", &run_trial, py::arg("spec_json"), py::arg("keep_trace") = false,
           "One trial from baseline to verdict: its record as JSON, its trace as JSON "
           "lines where that was asked for.")
      .def("sweep", &run_sweep, py::arg("spec_json"), py::arg("plan"),
           py::arg("workers"), py::arg("journal"), py::arg("case_id"),
           py::arg("purpose"), py::arg("progress"), py::arg("recall") = false,
           "Many trials over the moment of a cut, journalled as they finish.")
      .def(
          "close_session",
          [](Lab&, Session& s) {
            const py::gil_scoped_release release;
            s.close();
          },
          py::arg("session"), "Leaves the session's station safe, and free.")
      .def(
          "session",
          [](Lab& l, const std::string& station, std::uint64_t seed,
             const std::vector<std::string>& defects, bool fresh) {
            const py::gil_scoped_release release;
            return std::make_unique<Session>(l, station, seed, defects, fresh);
          },
          py::arg("station"), py::arg("seed"), py::arg("defects"),
          py::arg("fresh") = false, py::keep_alive<0, 1>(),
          "A station in a world of its own, powered off.");
}

}  // namespace lockrig::bind
