// The default bench: every station is a twin behind a virtual FT2232H, in a simulated
// world of its own. Composition root: the only place that knows both sides.
#pragma once

#include "rig/bench/bench_file.hpp"
#include "rig/bench/image_library.hpp"
#include "rig/trial/rig.hpp"
#include "rig/twin/lock_board.hpp"

namespace lockrig::bench {

class VirtualBench final : public trial::Bench {
 public:
  /// BadInput for every mistake in the file or in what it names.
  explicit VirtualBench(const std::filesystem::path& path);

  std::unique_ptr<trial::Rig> set_up(const std::string& station, std::uint64_t seed,
                                     const std::vector<std::string>& defects,
                                     const trial::Snapshot* start) override;
  trial::Images& images() override { return images_; }

  const BenchFile& file() const { return file_; }
  /// What a station of this bench can do, by the names that scenarios use.
  std::vector<std::string> capabilities(const std::string& station) const;
  /// Throws std::invalid_argument that lists the stations there are.
  const trial::LockFacts& facts(const std::string& station) const;

 private:
  struct Station {
    StationEntry entry;
    BoardFile board;
    trial::LockFacts facts;
  };
  const Station& find(const std::string& name) const;

  BenchFile file_;
  std::map<std::string, Station> stations_;
  ImageLibrary images_;
};

}  // namespace lockrig::bench
