#include "rig/trial/doctor.hpp"

#include <pybind11/stl.h>

#include "bind.hpp"
#include "session.hpp"

namespace lockrig::bind {
namespace {

using nlohmann::json;

json or_null(const std::optional<double>& value) {
  return value ? json(*value) : json();
}

json to_json(const trial::Finding& finding) {
  return {{"check", finding.check},        {"status", trial::to_string(finding.status)},
          {"refuses", finding.refuses},    {"measured", or_null(finding.measured)},
          {"unit", finding.unit},          {"low", or_null(finding.low)},
          {"high", or_null(finding.high)}, {"detail", finding.detail},
          {"look_at", finding.look_at}};
}

json to_json(const trial::Examination& examination) {
  json findings = json::array();
  for (const auto& finding : examination.findings) findings.push_back(to_json(finding));
  json calibration;
  if (examination.calibration) {
    const trial::Calibration& c = *examination.calibration;
    calibration = {{"rise_ms", c.rise_ms},
                   {"fall_hard_ms", c.fall_hard_ms},
                   {"fall_pull_ms", c.fall_pull_ms},
                   {"latency_p50_us", c.latency_p50_us},
                   {"latency_p99_us", c.latency_p99_us},
                   {"latency_max_us", c.latency_max_us},
                   {"jitter_us", c.jitter_us},
                   {"uncertainty_us", c.uncertainty_us}};
  }
  return {{"station", examination.station},
          {"fit", examination.refusal() == nullptr},
          {"findings", findings},
          {"calibration", calibration}};
}

}  // namespace

void bind_doctor(py::module_& m) {
  m.def(
      "examine",
      [](Lab& lab, const std::string& station, std::uint64_t seed,
         const std::vector<std::string>& unplugged) {
        trial::Examination examination;
        {
          const py::gil_scoped_release release;
          examination = trial::examine(lab.bench, station, seed, unplugged);
        }
        return to_python(to_json(examination));
      },
      py::arg("bench"), py::arg("station"), py::arg("seed") = 0,
      py::arg("unplugged") = std::vector<std::string>{},
      "Whether a station is fit to be trusted: rig/trial/doctor.hpp.");
}

}  // namespace lockrig::bind
