#include "rig/trial/sweep.hpp"

#include <pybind11/stl.h>

#include <algorithm>
#include <map>

#include "bind.hpp"
#include "sweep.hpp"

namespace lockrig::bind {
namespace {

using nlohmann::json;

// What a sweep gives back of the trials that did not recover, by identifier: the
// journal has them all.
constexpr std::size_t kBadKept = 50;

template <typename Value>
Value one_of(const std::string& what, const std::string& name,
             std::initializer_list<std::pair<const char*, Value>> known) {
  std::string names;
  for (const auto& [each, value] : known) {
    if (name == each) return value;
    names += (names.empty() ? "" : ", ") + std::string(each);
  }
  throw std::invalid_argument("no " + what + " " + name + "; there are: " + names);
}

/// Reads what a plan has, and refuses what nobody knows.
class PlanReader {
 public:
  explicit PlanReader(const py::dict& dict) : dict_(dict) {}

  template <typename Value>
  void get(const char* key, Value& value) {
    known_.push_back(key);
    if (!dict_.contains(key)) return;
    try {
      value = dict_[key].cast<Value>();
    } catch (const py::cast_error&) {
      throw std::invalid_argument(std::string("sweep: ") + key + " has the wrong type");
    }
  }
  template <typename Value>
  void get(const char* key, const char* what, Value& value,
           std::initializer_list<std::pair<const char*, Value>> known) {
    std::string name;
    get(key, name);
    if (!name.empty()) value = one_of(what, name, known);
  }
  void end() const {
    for (const auto& [key, value] : dict_) {
      const auto name = key.cast<std::string>();
      if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
        throw std::invalid_argument("sweep: unknown key " + name);
      }
    }
  }

 private:
  const py::dict& dict_;
  std::vector<std::string> known_;
};

trial::SweepPlan parse_plan(const py::dict& dict) {
  using trial::Axis;
  using trial::Choose;
  using trial::Cut;
  trial::SweepPlan plan;
  PlanReader reader(dict);
  reader.get(
      "axis", "axis", plan.axis,
      {{"flash_ops", Axis::flash_ops}, {"bytes", Axis::bytes}, {"time", Axis::time}});
  reader.get("phases", plan.operations.phases);
  reader.get("regions", plan.operations.regions);
  std::vector<std::string> kinds;
  reader.get("kinds", kinds);
  for (const std::string& kind : kinds) {
    plan.operations.kinds.push_back(one_of("kind of flash operation", kind,
                                           {std::pair("erase", FlashOp::Kind::erase),
                                            {"program", FlashOp::Kind::program}}));
  }
  reader.get("fractions", plan.fractions);
  reader.get("from", plan.from);
  reader.get("to", plan.to);
  reader.get("step", plan.step);
  reader.get("choose", "way to choose cuts:", plan.choose,
             {{"all", Choose::all},
              {"linear", Choose::linear},
              {"random", Choose::random},
              {"bisect", Choose::bisect},
              {"adaptive", Choose::adaptive}});
  reader.get("count", plan.count);
  reader.get("style", "style", plan.style,
             {{"hard", Cut::Style::hard}, {"pull", Cut::Style::pull}});
  reader.get("cuts", plan.cuts);
  double window = to_seconds(plan.window);
  reader.get("window", window);
  plan.window =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(window));
  reader.get("repeats", plan.repeats);
  reader.get("check_every", plan.check_every);
  reader.get("stop_at_first", plan.stop_at_first);
  reader.end();
  return plan;
}

json edge_json(const trial::Edge& edge) {
  trial::TrialSpec spec;
  spec.cuts = {edge.cut};
  return {{"id", edge.id},
          {"cut", trial::to_json(spec)["cuts"][0]},
          {"where", trial::describe(edge.cut)},
          {"phase", edge.phase},
          {"operation", edge.operation},
          {"verdict", trial::to_string(edge.verdict)},
          {"failed", edge.failed},
          {"judged", edge.judged}};
}

json summary_of(const trial::SweepResult& result, const trial::SweepPlan& plan) {
  json boundaries = json::array();
  for (const trial::Boundary& each : result.boundaries) {
    boundaries.push_back({{"before", edge_json(each.before)},
                          {"after", edge_json(each.after)},
                          {"adjacent", each.adjacent}});
  }
  return {{"operations", result.operations}, {"all_operations", result.all_operations},
          {"points", result.points},         {"fractions", plan.fractions},
          {"trials", result.trials},         {"recalled", result.recalled},
          {"checked", result.checked},       {"unproven", result.unproven},
          {"complete", result.complete},     {"phases", result.phases},
          {"counts", result.counts},         {"boundaries", boundaries},
          {"consulted", result.consulted},   {"reference", to_json(result.reference)}};
}

/// Takes in what a sweep finishes: into the journal, and the bad ones for the caller.
class Intake {
 public:
  Intake(journal::Journal* journal, std::string case_id, journal::Purpose purpose)
      : journal_(journal), case_id_(std::move(case_id)), purpose_(purpose) {}

  void take(std::vector<trial::TrialRecord> finished) {
    for (const auto& record : finished) {
      if (record.verdict == trial::Verdict::recovered) continue;
      bad_[record.id] = to_json(record);
      if (bad_.size() > kBadKept) bad_.erase(std::prev(bad_.end()));
    }
    std::erase_if(finished, [](const auto& record) { return record.recalled; });
    if (journal_ != nullptr && !finished.empty()) {
      journal_->add_trials(finished, case_id_, purpose_, 1);
    }
  }

  json bad() const {
    json list = json::array();
    for (const auto& [id, record] : bad_) list.push_back(record);
    return list;
  }

 private:
  journal::Journal* journal_;
  std::string case_id_;
  journal::Purpose purpose_;
  std::map<std::string, json> bad_;
};

}  // namespace

py::object run_sweep(Lab& lab, const std::string& spec_json, const py::dict& plan_dict,
                     unsigned workers, journal::Journal* journal,
                     const std::string& case_id, const std::string& purpose_name,
                     const std::optional<Progress>& progress, bool recall) {
  const auto spec = parse_spec(spec_json);
  const auto plan = parse_plan(plan_dict);
  const auto purpose = journal::purpose_from(purpose_name);
  if (!purpose) throw std::invalid_argument("no such purpose: " + purpose_name);
  if (recall && journal == nullptr) {
    throw std::invalid_argument("without a journal there is nothing to recall");
  }
  Intake intake(journal, case_id, *purpose);
  trial::SweepResult result;
  {
    const py::gil_scoped_release release;
    std::optional<journal::PastTrials> past;
    if (recall) past.emplace(journal->past(case_id));
    const auto on_batch = [&](std::vector<trial::TrialRecord>&& finished,
                              std::uint64_t done, std::uint64_t total) {
      intake.take(std::move(finished));
      const py::gil_scoped_acquire acquire;
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
      return !progress || (*progress)(done, total);
    };
    trial::Recall recalled;
    if (past) recalled = [&past](const std::string& id) { return past->find(id); };
    result =
        trial::sweep(spec, plan, workers, lab.bench, lab.baselines, on_batch, recalled);
  }
  json summary = summary_of(result, plan);
  summary["bad"] = intake.bad();
  return to_python(summary);
}

}  // namespace lockrig::bind
