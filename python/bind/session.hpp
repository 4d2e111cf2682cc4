// A bench as Python holds it, and one station of it in a world that calls move on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rig/bench/virtual_bench.hpp"
#include "rig/trial/hand.hpp"
#include "rig/trial/sweep.hpp"

namespace lockrig::bind {

struct Lab {
  explicit Lab(const std::string& path) : bench(path), baselines(bench) {}

  bench::VirtualBench bench;
  trial::Baselines baselines;
};

/// One thread at a time. The bench outlives it.
class Session {
 public:
  /// Runs a task to its end in the session's world.
  template <typename Body>
  auto run(Body body) {
    return rig->world().run(body(), kLimit, "a call from Python");
  }

  Session(Lab& lab, const std::string& station, std::uint64_t seed,
          const std::vector<std::string>& defects, bool fresh)
      : rig(make(lab, station, seed, defects, fresh)), hand(*rig) {
    rig->world().trace().keep_events();
    run([this] { return rig->station().open(); });
  }

  World& world() { return rig->world(); }

  std::unique_ptr<trial::Rig> rig;
  trial::Hand hand;
  std::shared_ptr<const Bytes> offered;

 private:
  // Nothing a scenario asks for takes longer than two days of a lock's time.
  static constexpr Duration kLimit = std::chrono::hours(48);

  static std::unique_ptr<trial::Rig> make(Lab& lab, const std::string& station,
                                          std::uint64_t seed,
                                          const std::vector<std::string>& defects,
                                          bool fresh) {
    if (fresh) return lab.bench.set_up(station, seed, defects, nullptr);
    return lab.bench.set_up(station, seed, defects,
                            lab.baselines.get(station, defects).get());
  }
};

}  // namespace lockrig::bind
