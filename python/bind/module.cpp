// lockrig._core: what the Python package is made of. Translation only.
#include <pybind11/stl.h>

#include "bind.hpp"
#include "rig/core/error.hpp"
#include "rig/core/world.hpp"
#include "rig/trial/oracle.hpp"
#include "rig/trial/rate_bound.hpp"

namespace lockrig::bind {

void bind_errors(py::module_& m) {
  py::register_exception<RigError>(m, "RigError", PyExc_RuntimeError).doc() =
      "The rig's own fault: names station, device and what to check.";
  py::register_exception<LimitReached>(m, "LimitReached", PyExc_RuntimeError).doc() =
      "A call into a world ran into its limit: lists who waits for what.";
  py::register_exception<BadInput>(m, "BadInput", PyExc_ValueError).doc() =
      "A file is wrong: names file, line and key.";
}

}  // namespace lockrig::bind

PYBIND11_MODULE(_core, m) {
  using namespace lockrig;
  namespace py = pybind11;
  m.doc() =
      "The rig itself: benches, sessions, trials, sweeps, images and the journal.";
  bind::bind_errors(m);
  bind::bind_images(m);
  bind::bind_journal(m);
  bind::bind_session(m);
  bind::bind_bench(m);
  bind::bind_doctor(m);
  bind::bind_devices(m);

  m.def(
      "version", [] { return LOCKRIG_VERSION; }, "The version of lockrig.");
  m.def(
      "identifier",
      [](const std::string& spec) {
        return trial::identifier(
            trial::spec_from_json(nlohmann::json::parse(spec, nullptr, false)));
      },
      py::arg("spec_json"), "The twelve digits that name a trial.");
  m.def("rate_bound", &trial::rate_bound, py::arg("failures"), py::arg("trials"),
        py::arg("confidence"), "The rate that is not exceeded, with that confidence.");
  m.def("trials_for", &trial::trials_for, py::arg("max_rate"), py::arg("confidence"),
        "The trials which, if none fails, show that rate.");
  m.attr("QUESTIONS") = trial::questions();
  std::vector<std::string> verdicts;
  for (const auto verdict : {trial::Verdict::recovered, trial::Verdict::recovered_late,
                             trial::Verdict::degraded, trial::Verdict::bricked,
                             trial::Verdict::unsafe, trial::Verdict::inconclusive}) {
    verdicts.emplace_back(trial::to_string(verdict));
  }
  m.attr("VERDICTS") = verdicts;
}
