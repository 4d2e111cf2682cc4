#include "rig/lock/text_profile.hpp"

#include <algorithm>
#include <boost/regex.hpp>
#include <stdexcept>

namespace lockrig::lock {

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
  static const boost::regex kName(R"((?:^|[^\\])\(\?<([A-Za-z_]\w*)>)");
  for (boost::sregex_iterator each(text_.begin(), text_.end(), kName), end; each != end;
       ++each) {
    names_.push_back((*each)[1]);
  }
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
