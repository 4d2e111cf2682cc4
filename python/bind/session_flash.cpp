#include <pybind11/stl.h>

#include "session_parts.hpp"

namespace lockrig::bind {
namespace {

using nlohmann::json;

FlashProbe& probe(Session& s) {
  if (s.rig->probe() == nullptr) {
    throw std::invalid_argument("station " + s.rig->facts().station +
                                " cannot count flash operations");
  }
  return *s.rig->probe();
}

json to_json(const FlashOp& op) {
  json fields = {{"index", op.index},   {"kind", to_string(op.kind)},
                 {"region", op.region}, {"phase", op.phase},
                 {"offset", json()},    {"length", json()}};
  if (op.extent) {
    fields["offset"] = op.extent->offset;
    fields["length"] = op.extent->length;
  }
  return fields;
}

}  // namespace

void bind_session_flash(py::class_<Session>& c) {
  c.def(
       "slot_writes", [](Session& s) { return probe(s).slot_count(); },
       "Flash operations on the image slots so far.")
      .def(
          "flash_ops", [](Session& s) { return probe(s).count(); },
          "Flash operations, or writes of a disk, so far in this session.")
      .def(
          "watch_flash_ops",
          [](Session& s) {
            s.flash_seen = json::array();
            probe(s).watch(
                [&s](const FlashOp& op) { s.flash_seen.push_back(to_json(op)); });
          },
          "Notes each operation from now on, and forgets those of before.")
      .def(
          "seen_flash_ops", [](Session& s) { return to_python(s.flash_seen); },
          "What was noted: index, kind, region, phase; offset and length or None.")
      .def(
          "cut_at_flash_op",
          [](Session& s, std::uint64_t index, double fraction) {
            s.cut_fired_at.reset();
            probe(s).cut_at(index, fraction, s.world().seed(), [&s] {
              s.cut_fired_at = s.world().now();
              s.cut_fired.notify();
            });
          },
          py::arg("index"), py::arg("fraction"),
          "Arms a cut inside operation `index`, counted from 0 in this session.")
      .def(
          "disarm_cut", [](Session& s) { probe(s).disarm(); },
          "Forgets a cut that has not come.")
      .def(
          "wait_for_cut",
          [](Session& s, double within) {
            return to_python(call(s, [&]() -> Task<json> {
              const Instant until = s.world().now() + from_seconds(within);
              while (!s.cut_fired_at) {
                const bool came = co_await s.cut_fired.wait(until, "the cut");
                if (!came) break;
              }
              co_return s.cut_fired_at ? json(to_seconds(*s.cut_fired_at)) : json();
            }));
          },
          py::arg("within"),
          "When the armed cut came, in the session's seconds; None if it did not.");
}

}  // namespace lockrig::bind
