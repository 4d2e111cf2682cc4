#include "rig/trial/ladder.hpp"

#include <algorithm>
#include <limits>

#include "rig/protocol/image.hpp"

namespace lockrig::trial {

std::vector<std::string> rungs(const std::string& board, const std::string& version) {
  const auto now = image::Version::parse(version);
  if (!now || now->revision > std::numeric_limits<std::uint16_t>::max() - 2) return {};
  std::vector<std::string> names;
  image::Version rung = *now;
  for (int i = 0; i < 3; ++i, ++rung.revision) {
    names.push_back(board + "/" + rung.to_string());
  }
  return names;
}

std::string on_rung(const std::string& image, const std::vector<std::string>& released,
                    const std::vector<std::string>& rungs) {
  const std::string& update = released.at(1);
  if (!image.starts_with(update)) return image;
  const std::string rest = image.substr(update.size());
  // "2.4.0" is no beginning of "2.4.01".
  if (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') return image;
  return rungs.at(1) + rest;
}

std::vector<std::string> with_size_of(const std::string& pushed,
                                      std::vector<std::string> images) {
  const std::string stem = pushed.substr(0, pushed.find("?kib="));
  const bool resized =
      stem != pushed && std::find(images.begin(), images.end(), stem) != images.end();
  if (resized) images.insert(images.begin(), pushed);
  return images;
}

}  // namespace lockrig::trial
