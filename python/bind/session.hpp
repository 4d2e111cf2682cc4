// A bench as Python holds it, and one station of it in a world that calls move on.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "rig/bench/file_bench.hpp"
#include "rig/trial/hand.hpp"
#include "rig/trial/sweep.hpp"

namespace lockrig::bind {

struct Lab {
  explicit Lab(const std::string& path)
      : opened(bench::open_bench(path)), bench(*opened), baselines(bench) {
    bench.heed([] {
      const pybind11::gil_scoped_acquire acquire;
      if (PyErr_CheckSignals() != 0) throw pybind11::error_already_set();
    });
  }

  std::unique_ptr<bench::FileBench> opened;
  bench::FileBench& bench;
  trial::Baselines baselines;
};

/// What a session has while it is open; std::invalid_argument once it is closed.
template <typename T>
class WhileOpen {
 public:
  explicit WhileOpen(std::unique_ptr<T> it) : it_(std::move(it)) {}
  T* operator->() const { return &**this; }
  T& operator*() const {
    if (!it_) {
      throw std::invalid_argument(
          "this session was closed by a later one of its "
          "station, or with its bench");
    }
    return *it_;
  }
  void reset() { it_.reset(); }

 private:
  std::unique_ptr<T> it_;
};

/// One thread at a time. The bench outlives it.
class Session {
 public:
  /// Runs a task to its end in the session's world.
  template <typename Body>
  auto run(Body body, Duration limit = kLimit) {
    return rig->world().run(body(), limit, "a call from Python");
  }

  Session(Lab& lab, const std::string& station, std::uint64_t seed,
          const std::vector<std::string>& defects, bool fresh)
      : rig(make(lab, station, seed, defects, fresh)),
        hand(std::make_unique<trial::Hand>(*rig)) {
    rig->world().trace().keep_events();
    run([this] { return rig->station().open(); });
  }

  World& world() { return rig->world(); }
  /// The station is left safe, and free for another session or a trial.
  void close() {
    hand.reset();
    rig.reset();
  }

  /// By the baseline, too, unless the lock was a new one.
  trial::Consulted consulted() {
    trial::Consulted all = rig->consulted();
    trial::add(all, baseline_consulted_);
    return all;
  }

 private:
  trial::Consulted baseline_consulted_;  // ahead of the rig, whose making fills it

 public:
  WhileOpen<trial::Rig> rig;
  WhileOpen<trial::Hand> hand;
  std::shared_ptr<const Bytes> offered;
  nlohmann::json flash_seen = nlohmann::json::array();  // since it was watched
  std::optional<Instant> cut_fired_at;  // of the cut that was armed last
  Signal cut_fired{rig->world()};

 private:
  // Nothing a scenario asks for takes longer than two days of a lock's time.
  static constexpr Duration kLimit = std::chrono::hours(48);

  std::unique_ptr<trial::Rig> make(Lab& lab, const std::string& station,
                                   std::uint64_t seed,
                                   const std::vector<std::string>& defects,
                                   bool fresh) {
    if (fresh) return lab.bench.set_up(station, seed, defects, nullptr);
    const auto baseline = lab.baselines.get(station, defects);
    baseline_consulted_ = baseline->consulted;
    return lab.bench.set_up(station, seed, defects, baseline.get());
  }
};

}  // namespace lockrig::bind
