#include "rig/trial/chooser.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

namespace lockrig::trial {
namespace {

/// The i-th of `count` points, evenly from the first to the last of `points`.
std::uint64_t evenly(std::uint64_t i, std::uint64_t count, std::uint64_t points) {
  return count < 2 ? 0 : i * (points - 1) / (count - 1);
}

/// All points, or evenly some of them, in one round.
class Once final : public Chooser {
 public:
  Once(std::uint64_t count, std::uint64_t points)
      : count_(std::min(count, points)), points_(points) {}

  Round next() override {
    if (std::exchange(done_, true)) return {};
    return {count_, [count = count_, points = points_](std::uint64_t i) {
              return count == points ? i : evenly(i, count, points);
            }};
  }
  void tell(std::uint64_t, Verdict) override {}
  bool learns() const override { return false; }
  std::uint64_t planned() const override { return count_; }
  std::vector<Gap> gaps() const override { return {}; }

 private:
  std::uint64_t count_, points_;
  bool done_ = false;
};

/// Evenly first; then between neighbours that have been judged.
class Halving : public Chooser {
 public:
  Halving(std::uint64_t first, std::uint64_t points) : points_(points) {
    for (std::uint64_t i = 0; i < std::min(first, points); ++i) {
      round_.push_back(evenly(i, std::min(first, points), points));
    }
  }

  Round next() override {
    if (round_.empty()) round_ = halves();
    planned_ += round_.size();
    std::vector<std::uint64_t> points = std::exchange(round_, {});
    const std::uint64_t size = points.size();
    return {size, [points = std::move(points)](std::uint64_t i) { return points[i]; }};
  }
  void tell(std::uint64_t point, Verdict verdict) override { judged_[point] = verdict; }
  bool learns() const override { return true; }
  std::uint64_t planned() const override { return planned_ + round_.size(); }
  std::vector<Gap> gaps() const override {
    std::vector<Gap> found;
    for_neighbours([&](const Gap& gap) {
      if (gap.verdict_before != gap.verdict_after) found.push_back(gap);
    });
    return found;
  }

 protected:
  /// The points of the next round, in order.
  virtual std::vector<std::uint64_t> halves() const = 0;

  template <typename Visit>
  void for_neighbours(Visit visit) const {
    for (auto after = judged_.begin(); after != judged_.end(); ++after) {
      if (after == judged_.begin()) continue;
      const auto before = std::prev(after);
      visit(Gap{before->first, after->first, before->second, after->second});
    }
  }
  std::uint64_t judged() const { return judged_.size(); }

 private:
  std::uint64_t points_;
  std::vector<std::uint64_t> round_;
  std::uint64_t planned_ = 0;
  std::map<std::uint64_t, Verdict> judged_;
};

std::uint64_t middle(const Gap& gap) {
  return gap.before + (gap.after - gap.before) / 2;
}

class Bisecting final : public Halving {
 public:
  using Halving::Halving;

 private:
  std::vector<std::uint64_t> halves() const override {
    std::vector<std::uint64_t> points;
    for (const Gap& gap : gaps()) {
      if (gap.after - gap.before > 1) points.push_back(middle(gap));
    }
    return points;
  }
};

class Adaptive final : public Halving {
 public:
  Adaptive(std::uint64_t budget, std::uint64_t points)
      : Halving(std::max<std::uint64_t>(budget / 2, 2), points), budget_(budget) {}

 private:
  std::vector<std::uint64_t> halves() const override {
    std::vector<Gap> open;
    for_neighbours([&](const Gap& gap) {
      if (gap.after - gap.before > 1) open.push_back(gap);
    });
    // Where outcomes change comes first; then the widest that nobody has looked into.
    std::stable_sort(open.begin(), open.end(), [](const Gap& a, const Gap& b) {
      const bool changes_a = a.verdict_before != a.verdict_after;
      const bool changes_b = b.verdict_before != b.verdict_after;
      if (changes_a != changes_b) return changes_a;
      return a.after - a.before > b.after - b.before;
    });
    const std::uint64_t left = budget_ > judged() ? budget_ - judged() : 0;
    // Every gap with a change is halved in each round; of the others only a few, or the
    // budget is gone before the changes are found.
    const auto changing = static_cast<std::uint64_t>(std::count_if(
        open.begin(), open.end(),
        [](const Gap& gap) { return gap.verdict_before != gap.verdict_after; }));
    const std::uint64_t share = changing + std::max<std::uint64_t>(left / 16, 4);
    open.resize(std::min<std::uint64_t>({open.size(), left, share}));
    std::vector<std::uint64_t> points;
    for (const Gap& gap : open) points.push_back(middle(gap));
    std::sort(points.begin(), points.end());
    return points;
  }

  std::uint64_t budget_;
};

}  // namespace

std::unique_ptr<Chooser> make_chooser(const SweepPlan& plan, std::uint64_t points) {
  switch (plan.choose) {
    case Choose::all:
    case Choose::random:  // the points themselves are the draws
      return std::make_unique<Once>(points, points);
    case Choose::linear:
      return std::make_unique<Once>(plan.count, points);
    case Choose::bisect:
      return std::make_unique<Bisecting>(std::max<std::uint64_t>(plan.count, 2),
                                         points);
    case Choose::adaptive:
      return std::make_unique<Adaptive>(plan.count, points);
  }
  throw std::invalid_argument("no such way to choose");
}

}  // namespace lockrig::trial
