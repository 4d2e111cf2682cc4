#include "rig/bench/toml_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <stdexcept>

#include "rig/core/error.hpp"

namespace lockrig::bench {
namespace {

constexpr Duration kLongest = std::chrono::hours(24 * 366);

struct Unit {
  std::string_view suffix;
  Duration length;
};
constexpr std::array kUnits{Unit{"_ns", 1ns}, Unit{"_us", 1us}, Unit{"_ms", 1ms},
                            Unit{"_s", 1s}};

Duration unit_of(const std::string& key) {
  for (const Unit& unit : kUnits) {
    if (key.ends_with(unit.suffix)) return unit.length;
  }
  throw std::invalid_argument("the key " + key + " does not end in a unit of time");
}

std::string read_whole(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    throw BadInput(path, 0, "", "there is no such file");
  }
  if (!std::filesystem::is_regular_file(status)) {
    throw BadInput(path, 0, "", "is not a file");
  }
  std::ifstream in(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (!in) throw BadInput(path, 0, "", "cannot be read");
  return text;
}

}  // namespace

std::string join_key(const std::string& table, std::string_view name) {
  return table.empty() ? std::string(name) : fmt::format("{}.{}", table, name);
}

std::string listed(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

struct TomlFile::Converter {
  std::map<std::string, Entry>& entries;

  void add(const std::string& key, const toml::node& node) {
    const int line = static_cast<int>(node.source().begin.line);
    if (const toml::table* table = node.as_table()) {
      add_table(key, line, *table);
    } else if (const toml::array* array = node.as_array()) {
      entries.emplace(key, Entry{line, Array{array->size()}});
      for (std::size_t i = 0; i < array->size(); ++i) {
        add(fmt::format("{}[{}]", key, i), *array->get(i));
      }
    } else if (const auto* integer = node.as_integer()) {
      entries.emplace(key, Entry{line, integer->get()});
    } else if (const auto* number = node.as_floating_point()) {
      entries.emplace(key, Entry{line, number->get()});
    } else if (const auto* text = node.as_string()) {
      entries.emplace(key, Entry{line, text->get()});
    } else if (const auto* flag = node.as_boolean()) {
      entries.emplace(key, Entry{line, flag->get()});
    } else {
      entries.emplace(key, Entry{line, Other{}});
    }
  }

  void add_table(const std::string& key, int line, const toml::table& table) {
    struct Child {
      toml::source_position at;
      std::string name;
    };
    std::vector<Child> children;
    for (const auto& [name, node] : table) {
      children.push_back({name.source().begin, std::string(name.str())});
    }
    std::sort(children.begin(), children.end(),
              [](const Child& a, const Child& b) { return a.at < b.at; });
    Table names;
    for (const Child& child : children) names.names.push_back(child.name);
    entries.emplace(key, Entry{line, std::move(names)});
    for (const auto& [name, node] : table) add(join_key(key, name.str()), node);
  }
};

TomlFile::TomlFile(const std::filesystem::path& path) : path_(path.string()) {
  const std::string text = read_whole(path_);
  try {
    const toml::table root = toml::parse(text, path_);
    Converter{entries_}.add_table("", 0, root);
  } catch (const toml::parse_error& error) {
    throw BadInput(path_, static_cast<int>(error.source().begin.line), "",
                   std::string(error.description()));
  }
}

void TomlFile::reject(const std::string& key, const std::string& what) const {
  std::string nearest = key;
  while (!entries_.contains(nearest)) {
    const std::size_t dot = nearest.rfind('.');
    nearest.resize(dot == std::string::npos ? 0 : dot);
  }
  const Entry& entry = entries_.at(nearest);
  if (entry.laid_from.empty()) throw BadInput(path_, entry.line, key, what);
  throw BadInput(entry.laid_from, entry.line, join_key(entry.laid_table, key), what);
}

void TomlFile::lay_over(const TomlFile& other, const std::string& table) {
  const std::string prefix = table + ".";
  for (const auto& [key, entry] : other.entries_) {
    if (!key.starts_with(prefix)) continue;
    const std::string own = key.substr(prefix.size());
    const std::size_t dot = own.rfind('.');
    auto& parent =
        std::get<Table>(
            entries_.at(dot == std::string::npos ? "" : own.substr(0, dot)).value)
            .names;
    const std::string name = own.substr(dot == std::string::npos ? 0 : dot + 1);
    if (!own.ends_with(']') &&
        std::find(parent.begin(), parent.end(), name) == parent.end()) {
      parent.push_back(name);
    }
    const bool merges = std::holds_alternative<Table>(entry.value) && has(own) &&
                        std::holds_alternative<Table>(entries_.at(own).value);
    if (merges) continue;
    Entry laid = entry;
    laid.laid_from = other.path_;
    laid.laid_table = table;
    if (auto* names = std::get_if<Table>(&laid.value)) names->names.clear();
    entries_.insert_or_assign(own, std::move(laid));
  }
}

const TomlFile::Entry& TomlFile::at(const std::string& key) const {
  const auto it = entries_.find(key);
  if (it == entries_.end()) reject(key, "is missing");
  return it->second;
}

template <class T>
const T& TomlFile::as(const std::string& key, const char* what) const {
  const T* const value = std::get_if<T>(&at(key).value);
  if (value == nullptr) reject(key, std::string("must be ") + what);
  return *value;
}

const std::vector<std::string>& TomlFile::names(const std::string& table) const {
  return as<Table>(table, "a table").names;
}

void TomlFile::allow(const std::string& table,
                     const std::vector<std::string_view>& keys) const {
  for (const std::string& name : names(table)) {
    if (std::find(keys.begin(), keys.end(), name) != keys.end()) continue;
    reject(join_key(table, name),
           fmt::format("unknown key; there are: {}", fmt::join(keys, ", ")));
  }
}

std::string TomlFile::text(const std::string& key) const {
  const auto& value = as<std::string>(key, "a text in quotes");
  if (value.empty()) reject(key, "must not be empty");
  return value;
}

bool TomlFile::flag(const std::string& key) const {
  return as<bool>(key, "true or false");
}

std::vector<std::string> TomlFile::texts(const std::string& key) const {
  std::vector<std::string> values;
  const std::size_t size = as<Array>(key, "a list of texts").size;
  for (std::size_t i = 0; i < size; ++i) {
    values.push_back(text(fmt::format("{}[{}]", key, i)));
  }
  return values;
}

int TomlFile::integer(const std::string& key, int min, int max) const {
  const auto value = as<std::int64_t>(key, "a whole number");
  if (value < min || value > max) {
    reject(key, fmt::format("{} is not within {}-{}", value, min, max));
  }
  return static_cast<int>(value);
}

Duration TomlFile::duration(const std::string& key, Duration min) const {
  const Duration unit = unit_of(key);
  const auto& entry = at(key);
  const auto* const whole = std::get_if<std::int64_t>(&entry.value);
  const double count =
      whole != nullptr ? static_cast<double>(*whole) : as<double>(key, "a number");
  if (!(count > 0)) reject(key, fmt::format("{} is not more than 0", count));
  if (count > static_cast<double>(kLongest / unit)) {
    reject(key, fmt::format("{} is more than a year", count));
  }
  const Duration value(std::llround(count * static_cast<double>(unit.count())));
  if (value < min) {
    reject(key, fmt::format("{} is less than {} ns", count, min.count()));
  }
  return value;
}

}  // namespace lockrig::bench
