#include "rig/portal/fields.hpp"

#include <limits>

namespace lockrig::portal {

using nlohmann::json;

const json* Fields::find(const char* name) const {
  if (!object_.is_object()) return nullptr;
  const auto found = object_.find(name);
  return found == object_.end() ? nullptr : &*found;
}

void Fields::blame(const char* name) {
  if (bad_ == nullptr) bad_ = name;
}

std::string Fields::text(const char* name) {
  const json* value = find(name);
  if (value != nullptr && value->is_string()) return value->get<std::string>();
  blame(name);
  return {};
}

std::uint32_t Fields::number(const char* name) {
  const json* value = find(name);
  if (value != nullptr && value->is_number_unsigned()) {
    const auto number = value->get<std::uint64_t>();
    if (number <= std::numeric_limits<std::uint32_t>::max()) {
      return static_cast<std::uint32_t>(number);
    }
  }
  blame(name);
  return 0;
}

bool Fields::flag(const char* name) {
  const json* value = find(name);
  if (value != nullptr && value->is_boolean()) return value->get<bool>();
  blame(name);
  return false;
}

bool Fields::flag_or_false(const char* name) {
  return find(name) != nullptr && flag(name);
}

const json& Fields::list(const char* name) {
  static const json kNone = json::array();
  const json* value = find(name);
  if (value != nullptr && value->is_array()) return *value;
  blame(name);
  return kNone;
}

}  // namespace lockrig::portal
