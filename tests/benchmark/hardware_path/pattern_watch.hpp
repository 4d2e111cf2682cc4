// Finds a text in a stream that comes in pieces.
#pragma once

#include <string>
#include <string_view>

#include "rig/core/units.hpp"

namespace lockrig::hardware_path {

/// Remembers less than the pattern's length of what has passed, so that a piece costs
/// by its own length alone, whatever came before.
class PatternWatch {
 public:
  /// Not empty.
  explicit PatternWatch(std::string pattern) : pattern_(std::move(pattern)) {}

  /// True if the pattern ends in this piece. Begins anew then, behind the piece.
  bool feed(ByteView piece) {
    rest_.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    if (std::string_view(rest_).find(pattern_) != std::string_view::npos) {
      rest_.clear();
      return true;
    }
    if (rest_.size() >= pattern_.size()) {
      rest_.erase(0, rest_.size() - (pattern_.size() - 1));
    }
    return false;
  }

 private:
  std::string pattern_;
  std::string rest_;
};

}  // namespace lockrig::hardware_path
