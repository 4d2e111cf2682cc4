// A TOML file whose values are asked for by dotted key and type. Every mistake is a
// BadInput that names file, line and key; one that is not there takes the line of the
// table it belongs in.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rig/core/units.hpp"

namespace lockrig::bench {

class TomlFile {
 public:
  /// Throws BadInput if there is no such file, or if it is not TOML.
  explicit TomlFile(const std::filesystem::path& path);

  const std::string& path() const { return path_; }
  bool has(const std::string& key) const { return entries_.contains(key); }

  /// Names of what stands in a table, in the order of the file; "" is the whole file.
  const std::vector<std::string>& names(const std::string& table) const;
  /// Refuses whatever else stands in the table: a key that is misspelt never passes for
  /// one that was left out.
  void allow(const std::string& table, const std::vector<std::string_view>& keys) const;

  /// Values of `table` in another file stand for those of the same key here. A mistake
  /// in one of them names that file, and the key as it is there.
  void lay_over(const TomlFile& other, const std::string& table);

  std::string text(const std::string& key) const;  // never empty
  bool flag(const std::string& key) const;         // true or false
  std::vector<std::string> texts(const std::string& key) const;
  int integer(const std::string& key, int min, int max) const;
  /// The key ends in its unit, _ns, _us, _ms or _s; fractions are welcome. At most a
  /// year.
  Duration duration(const std::string& key, Duration min = 1ns) const;

  [[noreturn]] void reject(const std::string& key, const std::string& what) const;

 private:
  struct Converter;
  struct Table {
    std::vector<std::string> names;
  };
  struct Array {
    std::size_t size;  // its values have the keys "array[0]", "array[1]", ...
  };
  struct Other {};  // a date or a time, which no key of ours takes
  struct Entry {
    int line;
    std::variant<Table, Array, std::int64_t, double, std::string, bool, Other> value;
    // The other file and its table, for what lay_over() brought.
    std::string laid_from{};
    std::string laid_table{};
  };

  template <class T>
  const T& as(const std::string& key, const char* what) const;
  const Entry& at(const std::string& key) const;

  std::string path_;
  std::map<std::string, Entry> entries_;
};

/// "stations" and "A1" make "stations.A1".
std::string join_key(const std::string& table, std::string_view name);

/// "A, B, C"
std::string listed(const std::vector<std::string>& names);

}  // namespace lockrig::bench
