// What a virtual and a real bench have in common: the file that describes them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rig/bench/bench_file.hpp"
#include "rig/bench/image_library.hpp"
#include "rig/trial/rig.hpp"

namespace lockrig::bench {

class FileBench : public trial::Bench {
 public:
  const BenchFile& file() const { return file_; }
  trial::Images& images() override { return images_; }

  trial::Return returns(const std::string& name) const override {
    return station(name).returns;
  }

  /// Throws std::invalid_argument that lists the stations there are.
  const StationEntry& station(const std::string& name) const;
  /// Likewise.
  const trial::LockFacts& facts(const std::string& station) const;
  /// What a station of this bench can do, by the names that scenarios use, sorted.
  std::vector<std::string> capabilities(const std::string& station) const;

  /// Asked now and then while a trial waits in real time; what it throws ends the
  /// trial. Set it before the first set_up().
  void heed(std::function<void()> interrupt) { interrupt_ = std::move(interrupt); }

 protected:
  explicit FileBench(BenchFile file);

  const BoardFile& board(const StationEntry& entry) const {
    return file_.boards.at(entry.board);
  }
  /// Of radio, supply, flash_ops, operator, disk: what goes beyond the station's lines
  /// and its console.
  virtual std::set<std::string> fitted(const StationEntry& entry) const = 0;
  bool has_console(const StationEntry& entry) const;
  /// That, and how its console is spoken to: smp or text, and update where it takes
  /// images.
  std::set<std::string> beyond_lines(const StationEntry& entry) const;
  /// What the portal knew then. Not its check-ins: their times are of another world.
  static void restore_portal(trial::Rig& rig, const trial::Snapshot& start);
  /// Heeded by worlds in real time (core/world.hpp).
  const std::function<void()>& interrupt() const { return interrupt_; }

 private:
  BenchFile file_;
  std::map<std::string, trial::LockFacts> facts_;
  ImageLibrary images_;
  std::function<void()> interrupt_;
};

/// The bench that a file describes, of whichever kind. BadInput for every mistake in
/// the file or in what it names. Touches no device.
std::unique_ptr<FileBench> open_bench(const std::filesystem::path& path);

}  // namespace lockrig::bench
