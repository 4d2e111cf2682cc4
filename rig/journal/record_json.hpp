// Answers and cut evidence as the journal's text, and back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rig/trial/spec.hpp"

namespace lockrig::journal {

/// JSON lists without white space; members that hold nothing are left out. Bytes that
/// are no UTF-8 (a console's line in a note) become U+FFFD.
std::string answers_text(const std::vector<trial::Answer>& answers);
std::string cuts_text(const std::vector<trial::CutEvidence>& cuts);

/// Throw std::runtime_error if the text is not of the form above.
std::vector<trial::Answer> answers_from(const std::string& text);
std::vector<trial::CutEvidence> cuts_from(const std::string& text);

}  // namespace lockrig::journal
