// What a board said, for messages: it may be anything.
#pragma once

#include <string>
#include <string_view>

namespace lockrig {

/// At most some hundred characters of ASCII; what cannot be printed is escaped.
std::string printable(std::string_view text);

}  // namespace lockrig
