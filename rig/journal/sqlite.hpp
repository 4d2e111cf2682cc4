// SQLite's C interface with owners and exceptions: no more of it than the journal
// needs.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace lockrig::journal {

class Statement;

/// One open file. Every error is a std::runtime_error that names the file and gives
/// SQLite's own message. To be used by one thread at a time.
class Database {
 public:
  enum class Mode { create, write, read };

  Database(const std::filesystem::path& file, Mode mode);

  /// Statements without parameters and without results.
  void run(const std::string& sql);
  Statement prepare(std::string_view sql) const;
  [[noreturn]] void fail(std::string_view what = {}) const;

  sqlite3* handle() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };

  std::filesystem::path file_;
  std::unique_ptr<sqlite3, Close> handle_;
};

/// Must not outlive the Database it came from.
class Statement {
 public:
  Statement(const Database& database, std::string_view sql);

  /// Binds all parameters, in their order. The texts must live until the last step.
  template <typename... Values>
  Statement& bind(const Values&... values) {
    sqlite3_reset(handle_.get());
    int index = 0;
    (bind_one(++index, values), ...);
    return *this;
  }
  /// True if there is a row to read.
  bool step();

  std::string text(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;

 private:
  void bind_one(int index, std::string_view value);
  void bind_one(int index, const std::string& value);
  void bind_one(int index, const char* value);
  void bind_one(int index, std::int64_t value);
  void bind_one(int index, int value);
  void bind_one(int index, bool value);
  void bind_one(int index, double value);
  template <typename Value>
  void bind_one(int index, const std::optional<Value>& value) {
    value ? bind_one(index, *value) : check(sqlite3_bind_null(handle_.get(), index));
  }
  void check(int status) const;

  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };

  const Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

/// All or nothing: what is not committed is rolled back.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace lockrig::journal
