// What the doctor asks of a station's lines: that outputs are what the chip drives, and
// that the sensors say what can be.
#include <fmt/format.h>

#include "rig/trial/doctor_checks.hpp"

namespace lockrig::trial {

using station::Bolt;
using station::HeldOutput;
using Status = Finding::Status;

Task<void> Doctor::drive_the_outputs() {
  pass("devices");
  // What feeds the rail now would also feed what the outputs switch.
  const bool fed = station_.power.rail_up();
  std::vector<HeldOutput> held;
  if (fed) {
    held = co_await station::read_outputs(gpio_);
  } else {
    held = co_await station::drive_outputs(gpio_);
  }
  if (held.empty() && fed) {
    find("outputs").detail = "none was driven: the rail is up with power off";
  } else {
    if (held.empty()) pass("outputs", "each reads as it is driven");
    judge_outputs(held);
  }
}

void Doctor::judge_outputs(const std::vector<HeldOutput>& held) {
  if (held.empty()) return;
  Finding& finding = find("outputs");
  std::string said = finding.status == Status::failed ? finding.detail : "";
  std::string look_at = finding.status == Status::failed ? finding.look_at : "";
  for (const HeldOutput& each : held) {
    const mpsse::Line& line =
        gpio_.wiring().lines()[static_cast<std::size_t>(each.line)];
    const std::string pin = gpio_.wiring().pin_of(line);
    const std::string words =
        fmt::format("{} ({}) is driven {} and reads {}", line.name, pin,
                    each.driven ? "high" : "low", each.driven ? "low" : "high");
    if (said.find(words) != std::string::npos) continue;
    said += (said.empty() ? "" : "; ") + words;
    const std::string what = fmt::format(
        "pin {} and the wire {}: a short to {}, or something else that drives it", pin,
        line.name, each.driven ? "ground" : "a supply");
    look_at += (look_at.empty() ? "" : "; ") + what;
  }
  fail("outputs", std::move(said), std::move(look_at));
}

void Doctor::look_at_idle_levels() {
  if (station_.power.rail_up()) {
    fail("idle", "the rail is up with power off",
         "the power switch, what else feeds the board, and the rail sense");
  } else if (station_.bolt.position() == Bolt::Position::contradictory) {
    fail("idle", "both bolt sensors are active", "the bolt sensors' wires");
  } else {
    pass("idle",
         "rail low, the bolt " + std::string(to_string(station_.bolt.position())));
  }
}

void Doctor::look_at_bolt_sensors() {
  if (find("devices").status != Status::ok) return;
  const int extended = gpio_.line("bolt_extended");
  const int retracted = gpio_.line("bolt_retracted");
  bool is_extended = (gpio_.initially() >> extended & 1) != 0;
  bool is_retracted = (gpio_.initially() >> retracted & 1) != 0;
  bool both = is_extended && is_retracted;
  const auto& edges = gpio_.edges();
  for (std::size_t i = 0; i < edges.size() && !both;) {
    const Instant at = edges[i].at;
    for (; i < edges.size() && edges[i].at == at; ++i) {
      if (edges[i].line == extended) is_extended = edges[i].active;
      if (edges[i].line == retracted) is_retracted = edges[i].active;
    }
    both = is_extended && is_retracted;
  }
  if (both) {
    fail("bolt_sensors", "both were active at once", "their wires and mounting");
  } else {
    pass("bolt_sensors", "never both active");
  }
}

}  // namespace lockrig::trial
