#include "rig/journal/sqlite.hpp"

#include <stdexcept>

namespace lockrig::journal {
namespace {

int flags(Database::Mode mode) {
  switch (mode) {
    case Database::Mode::create:
      return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    case Database::Mode::write:
      return SQLITE_OPEN_READWRITE;
    case Database::Mode::read:
      break;
  }
  return SQLITE_OPEN_READONLY;
}

}  // namespace

Database::Database(const std::filesystem::path& file, Mode mode) : file_(file) {
  sqlite3* handle = nullptr;
  const int status = sqlite3_open_v2(file.c_str(), &handle, flags(mode), nullptr);
  handle_.reset(handle);  // SQLite gives one to ask for the message even on failure
  if (status != SQLITE_OK) fail();
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, 5000);  // ms: a report that reads the run meanwhile
}

void Database::run(const std::string& sql) {
  if (sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    fail();
  }
}

Statement Database::prepare(std::string_view sql) const { return {*this, sql}; }

void Database::fail(std::string_view what) const {
  throw std::runtime_error(
      file_.string() + ": " +
      (what.empty() ? sqlite3_errmsg(handle()) : std::string(what)));
}

Statement::Statement(const Database& database, std::string_view sql)
    : database_(&database) {
  sqlite3_stmt* handle = nullptr;
  check(sqlite3_prepare_v2(database.handle(), sql.data(), static_cast<int>(sql.size()),
                           &handle, nullptr));
  handle_.reset(handle);
}

bool Statement::step() {
  const int status = sqlite3_step(handle_.get());
  if (status == SQLITE_ROW) return true;
  if (status != SQLITE_DONE) database_->fail();
  return false;
}

std::string Statement::text(int column) const {
  const auto* data =
      reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  const int size = sqlite3_column_bytes(handle_.get(), column);
  return data ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(handle_.get(), column);
}

double Statement::real(int column) const {
  return sqlite3_column_double(handle_.get(), column);
}

void Statement::bind_one(int index, std::string_view value) {
  // A view of nothing may be null, which SQLite would take for NULL.
  check(sqlite3_bind_text64(handle_.get(), index, value.empty() ? "" : value.data(),
                            value.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void Statement::bind_one(int index, const std::string& value) {
  bind_one(index, std::string_view(value));
}

void Statement::bind_one(int index, const char* value) {
  bind_one(index, std::string_view(value));
}

void Statement::bind_one(int index, std::int64_t value) {
  check(sqlite3_bind_int64(handle_.get(), index, value));
}

void Statement::bind_one(int index, int value) {
  check(sqlite3_bind_int(handle_.get(), index, value));
}

void Statement::bind_one(int index, bool value) {
  check(sqlite3_bind_int(handle_.get(), index, value));
}

void Statement::bind_one(int index, double value) {
  check(sqlite3_bind_double(handle_.get(), index, value));
}

void Statement::check(int status) const {
  if (status != SQLITE_OK) database_->fail();
}

Transaction::Transaction(Database& database) : database_(database) {
  database_.run("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (open_) {
    sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

void Transaction::commit() {
  database_.run("COMMIT");
  open_ = false;
}

}  // namespace lockrig::journal
