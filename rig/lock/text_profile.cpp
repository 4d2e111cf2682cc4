#include "rig/lock/text_profile.hpp"

// Steps after which a search gives up. Boost's own limit of 100 million is 7 s for each
// piece of text that comes; this is 0.2 s, and a search through all that a console
// keeps (TextConsole::kMost) takes a quarter of it. REQUIRES: no other file includes
// it.
#define BOOST_REGEX_MAX_STATE_COUNT 2000000

#include <algorithm>
#include <boost/regex.hpp>
#include <stdexcept>

namespace lockrig::lock {
namespace {

/// The names of its groups, (?<name>...): Boost tells none.
std::vector<std::string> names_in(const std::string& expression) {
  std::vector<std::string> names;
  bool in_class = false;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    if (expression[i] == '\\') {
      ++i;  // what is behind it stands for itself
    } else if (in_class) {
      in_class = expression[i] != ']';
    } else if (expression[i] == '[') {
      in_class = true;
      if (expression[i + 1] == '^') ++i;
      if (expression[i + 1] == ']') ++i;  // the first one is a member
    } else if (expression.compare(i, 3, "(?<") == 0) {
      const char first = expression[i + 3];
      if (first == '=' || first == '!') continue;  // looks behind
      const std::size_t begin = i + 3;
      names.push_back(expression.substr(begin, expression.find('>', begin) - begin));
    }
  }
  return names;
}

}  // namespace

struct Pattern::Compiled {
  boost::regex expression;
};

Pattern::Pattern(std::string text) : text_(std::move(text)) {
  try {
    compiled_ = std::make_shared<Compiled>(
        Compiled{boost::regex(text_, boost::regex::perl | boost::regex::no_mod_m)});
  } catch (const boost::regex_error& error) {
    throw std::invalid_argument("/" + text_ +
                                "/ is no regular expression: " + error.what());
  }
  names_ = names_in(text_);
}

bool Pattern::has_group(const std::string& name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

std::optional<Pattern::Match> Pattern::search(std::string_view text) const {
  boost::match_results<const char*> found;
  try {
    if (!boost::regex_search(text.data(), text.data() + text.size(), found,
                             compiled_->expression)) {
      return std::nullopt;
    }
  } catch (const std::runtime_error&) {
    return std::nullopt;  // Boost gives up where an expression would take too long
  }
  Match match{static_cast<std::size_t>(found.position()),
              static_cast<std::size_t>(found.position() + found.length()),
              {}};
  for (const std::string& name : names_) {
    const auto& group = found[name];
    if (group.matched) match.groups[name] = group.str();
  }
  return match;
}

}  // namespace lockrig::lock
