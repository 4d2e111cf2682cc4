// A station that nothing brings back climbs: each trial's update is of a higher version
// than what its lock runs already.
#pragma once

#include <string>
#include <vector>

namespace lockrig::trial {

/// For a lock of `board` that runs `version` ("2.5.3"): the images that stand in for
/// the released ones (baseline, update, the one after it), by rising revision. Empty if
/// that is no version, or the ladder has no rung left.
std::vector<std::string> rungs(const std::string& board, const std::string& version);

/// The image to push instead of `image`: an update of that board is moved up to the
/// rung, with its behaviour and size; anything else stays.
std::string on_rung(const std::string& image, const std::vector<std::string>& released,
                    const std::vector<std::string>& rungs);

/// What a lock may run: `images`, and the same as `pushed` in another size.
std::vector<std::string> with_size_of(const std::string& pushed,
                                      std::vector<std::string> images);

}  // namespace lockrig::trial
