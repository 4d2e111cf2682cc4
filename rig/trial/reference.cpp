#include "rig/trial/reference.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lockrig::trial {
namespace {

template <typename List, typename Value>
bool allows(const List& list, const Value& value) {
  return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

bool OperationFilter::takes(const FlashOp& op) const {
  return allows(phases, op.phase) && allows(kinds, op.kind) &&
         allows(regions, op.region);
}

TrialSpec Reference::spec(std::size_t moment, double fraction,
                          const std::vector<Cut>& then) const {
  TrialSpec spec = record.spec;
  spec.counts_from = "power_on";
  Cut cut;
  cut.at = moments.at(moment).index;
  cut.fraction = fraction;
  spec.cuts.push_back(cut);
  spec.cuts.insert(spec.cuts.end(), then.begin(), then.end());
  return spec;
}

Fork Reference::fork(const TrialSpec& spec, std::size_t moment, double fraction) const {
  const Moment& m = moments.at(moment);
  Fork fork;
  fork.spec = spec;
  fork.id = identifier(spec);
  fork.seed = trial_seed(spec, fork.id);
  fork.cut = record.spec.cuts.size();
  fork.state = {m.flash->torn(fraction, fork.seed), m.portal, m.known};
  fork.before = record.cuts;
  fork.phase = m.phase;
  fork.operation = m.operation;
  fork.at = m.at;
  return fork;
}

Reference take_reference(const TrialSpec& base, const OperationFilter& filter,
                         Bench& bench, Baselines& baselines) {
  Reference reference;
  const auto observe = [&](Rig& rig, const Known& known, const FlashOp& op) {
    ++reference.operations;
    ++reference.phases[std::string(op.phase)];
    if (!filter.takes(op)) return;
    reference.moments.push_back({rig.probe()->moment(), rig.portal().records(), known,
                                 op.index, std::string(op.phase),
                                 fmt::format("{} {}", to_string(op.kind), op.region),
                                 rig.world().now()});
  };
  reference.record =
      run_trial(base, bench, baselines, observe, false, {}, !base.cuts.empty());
  return reference;
}

}  // namespace lockrig::trial
