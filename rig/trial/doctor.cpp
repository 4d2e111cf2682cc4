#include "rig/trial/doctor.hpp"

#include <algorithm>
#include <stdexcept>

#include "rig/core/error.hpp"
#include "rig/trial/doctor_checks.hpp"

namespace lockrig::trial {
namespace {

using station::Gpio;
using station::Power;
using Status = Finding::Status;

// In the order in which they are reported.
constexpr const char* kChecks[] = {
    "devices", "outputs",      "idle",           "power_on",       "console",
    "model",   "revision",     "serial",         "version",        "keypad",
    "bolt",    "bolt_sensors", "power_off_pull", "power_off_hard", "host"};

// Off for long enough that a board which is cut twice starts twice.
constexpr Duration kRest = 500ms;
// Far beyond what the limits below add up to.
constexpr Duration kExaminationLimit = 10min;

Task<Examination> run(Rig& rig, const std::vector<std::string>& unplugged) {
  Doctor doctor(rig);
  co_return co_await doctor.whole(unplugged);
}

Examination nothing_seen(const std::string& station, const char* what) {
  Examination examination;
  examination.station = station;
  for (const char* check : kChecks) examination.findings.push_back({check});
  examination.findings.front().status = Status::failed;
  examination.findings.front().detail = what;
  return examination;
}

}  // namespace

Doctor::Doctor(Rig& rig)
    : rig_(rig), station_(rig.station()), gpio_(station_.gpio), hand_(rig) {
  examination_.station = rig.facts().station;
  for (const char* check : kChecks) examination_.findings.push_back({check});
  find("version").refuses = false;
  find("host").refuses = false;
}

Task<Examination> Doctor::whole(const std::vector<std::string>& unplugged) {
  try {
    co_await station_.open();
    for (const std::string& wire : unplugged) rig_.person()->unplug(wire);
    failing_ = "outputs";
    co_await drive_the_outputs();
    failing_ = "idle";
    look_at_idle_levels();
    // What an output that is held would do to a board under power, nobody knows.
    if (find("outputs").status != Status::failed) co_await under_power();
  } catch (const RigError& error) {
    fail(failing_, error.what());
  }
  look_at_bolt_sensors();
  co_return examination_;
}

Task<void> Doctor::under_power() {
  failing_ = "power_on";
  const bool started = co_await start();
  failing_ = "console";
  if (rig_.client() != nullptr) co_await ask_console();
  failing_ = "keypad";
  if (started) co_await press_a_key();
  failing_ = "bolt";
  if (started) co_await move_the_bolt();
  failing_ = "power_off_pull";
  const auto pulled = co_await cut(Power::Style::pull, "power_off_pull");
  if (!pulled) co_await station_.power.off(Power::Style::hard);
  co_await world().sleep_for(kRest, "the board to forget");
  failing_ = "power_off_hard";
  co_await start();
  const auto hard = co_await cut(Power::Style::hard, "power_off_hard");
  failing_ = "host";
  co_await time_the_host();
  if (pulled && hard) {
    calibration_.fall_pull_ms = milliseconds(*pulled);
    calibration_.fall_hard_ms = milliseconds(*hard);
    // In real time the rise is seen by single samples, five milliseconds apart.
    const bool simulated = world().clock().pace() == Pace::simulated;
    calibration_.uncertainty_us =
        microseconds(simulated ? Gpio::kAttentivePeriod : Gpio::kSamplePeriod);
    examination_.calibration = calibration_;
  }
}

Finding& Doctor::find(std::string_view check) {
  return *std::find_if(examination_.findings.begin(), examination_.findings.end(),
                       [check](const Finding& f) { return f.check == check; });
}

Finding& Doctor::pass(const char* check, std::string detail) {
  Finding& finding = find(check);
  finding.status = Status::ok;
  finding.detail = std::move(detail);
  return finding;
}

Finding& Doctor::fail(const char* check, std::string detail, std::string look_at) {
  Finding& finding = find(check);
  finding.status = Status::failed;
  finding.detail = std::move(detail);
  finding.look_at = std::move(look_at);
  return finding;
}

const char* to_string(Finding::Status status) {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::failed:
      return "failed";
    case Status::not_asked:
      return "not_asked";
  }
  throw std::invalid_argument("not a finding's status");
}

const Finding* Examination::refusal() const {
  const auto found =
      std::find_if(findings.begin(), findings.end(), [](const Finding& finding) {
        return finding.refuses && finding.status == Status::failed;
      });
  return found == findings.end() ? nullptr : &*found;
}

const Finding& Examination::at(std::string_view check) const {
  const auto found =
      std::find_if(findings.begin(), findings.end(),
                   [check](const Finding& finding) { return finding.check == check; });
  if (found == findings.end()) {
    throw std::invalid_argument("no check is called " + std::string(check));
  }
  return *found;
}

Task<Examination> examine(Rig& rig) {
  const std::vector<std::string> nothing;
  co_return co_await run(rig, nothing);
}

Examination examine(Bench& bench, const std::string& station, std::uint64_t seed,
                    const std::vector<std::string>& unplugged) {
  try {
    const auto rig = bench.set_up(station, seed, {}, nullptr);
    if (!unplugged.empty() && rig->person() == nullptr) {
      throw std::invalid_argument("station " + station + " has nobody to pull a wire");
    }
    return rig->world().run(run(*rig, unplugged), kExaminationLimit, "an examination");
  } catch (const RigError& error) {
    return nothing_seen(station, error.what());
  } catch (const LimitReached& error) {
    return nothing_seen(station, error.what());
  }
}

}  // namespace lockrig::trial
