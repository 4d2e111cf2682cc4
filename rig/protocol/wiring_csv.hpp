// Reads the strict CSV tables of fixtures/boards: every mistake, the CSV parser's too,
// is a BadInput that names file and line. '#' begins a comment line.
#pragma once

// Without it every table that is read starts a thread.
#ifndef CSV_IO_NO_THREAD
#define CSV_IO_NO_THREAD
#endif
// GCC takes csv.h's deliberate truncation of a long file name for a mistake.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstringop-truncation"
#endif
#include <libfccp/csv.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#include <array>
#include <charconv>
#include <concepts>
#include <string>
#include <string_view>
#include <utility>

#include "rig/core/error.hpp"

namespace lockrig::mpsse {

/// Where a value stands, to name it when it is wrong.
struct CsvRow {
  const std::string& file;
  int line;

  [[noreturn]] void reject(const std::string& key, const std::string& what) const {
    throw BadInput(file, line, key, what);
  }

  int number(const std::string& key, std::string_view text, int max) const {
    int value = -1;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stop != end) {
      reject(key, "'" + std::string(text) + "' is not a number");
    }
    if (value < 0 || value > max) {
      reject(key, std::string(text) + " is not within 0-" + std::to_string(max));
    }
    return value;
  }
};

/// Calls f(CsvRow, cell...) for every row, cells as std::string in the order of
/// `columns`. The header must name exactly these columns, in any order.
template <class F, std::same_as<const char*>... Columns>
void for_each_csv_row(const std::string& path, F&& f, Columns... columns) {
  constexpr unsigned kCount = sizeof...(Columns);
  using Reader =
      ::io::CSVReader<kCount, ::io::trim_chars<' ', '\t'>,
                      ::io::double_quote_escape<',', '"'>, ::io::throw_on_overflow,
                      ::io::single_and_empty_line_comment<'#'>>;
  try {
    Reader reader(path);
    const auto line = [&] { return static_cast<int>(reader.get_file_line()); };
    try {
      reader.read_header(::io::ignore_no_column, columns...);
      std::array<std::string, kCount> cells;
      const auto read = [&](auto&... cell) { return reader.read_row(cell...); };
      while (std::apply(read, cells)) {
        std::apply(f, std::tuple_cat(std::tuple{CsvRow{path, line()}}, cells));
      }
    } catch (const ::io::error::missing_column_in_header& error) {
      throw BadInput(path, line(), error.column_name, "column is missing");
    } catch (const ::io::error::extra_column_in_header& error) {
      throw BadInput(path, line(), error.column_name, "unknown column");
    } catch (const ::io::error::duplicated_column_in_header& error) {
      throw BadInput(path, line(), error.column_name, "column is there twice");
    } catch (const ::io::error::header_missing&) {
      throw BadInput(path, 0, "", "is empty");
    } catch (const ::io::error::too_few_columns&) {
      throw BadInput(path, line(), "", "too few columns");
    } catch (const ::io::error::too_many_columns&) {
      throw BadInput(path, line(), "", "too many columns");
    } catch (const ::io::error::base& error) {
      throw BadInput(path, line(), "", error.what());
    }
  } catch (const ::io::error::base&) {
    throw BadInput(path, 0, "", "cannot be read");
  }
}

}  // namespace lockrig::mpsse
