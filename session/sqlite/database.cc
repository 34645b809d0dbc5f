#include "session/sqlite/database.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "session/sqlite/tokenizer.h"

namespace parlance::session {
namespace {

absl::StatusCode CodeOf(int result) {
  switch (result & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::StatusCode::kUnavailable;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return absl::StatusCode::kPermissionDenied;
    case SQLITE_CANTOPEN:
      return absl::StatusCode::kNotFound;
    case SQLITE_CONSTRAINT:
      return absl::StatusCode::kAlreadyExists;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::Status StatusOf(sqlite3* connection, int result) {
  const char* file = connection == nullptr ? nullptr : sqlite3_db_filename(connection, "main");
  const char* message = connection == nullptr ? sqlite3_errstr(result) : sqlite3_errmsg(connection);
  return absl::Status(
      CodeOf(result),
      absl::StrCat(file == nullptr || *file == '\0' ? "SQLite" : file, ": ", message));
}

// What the operating system said, which tells a missing folder from one that may not be entered.
std::string ReasonOf(sqlite3* connection, const std::string& path) {
  int error = connection == nullptr ? 0 : sqlite3_system_errno(connection);
  // SQLite tries to read a file that it may not make, and that is not there.
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (error == ENOENT && access(folder.c_str(), W_OK) != 0) error = errno;
  return error == 0 ? "" : absl::StrCat(" (", std::generic_category().message(error), ")");
}

// Every byte but letters and digits escaped, and never a host ("//host/path").
std::string UriPath(absl::string_view path) {
  std::string escaped;
  for (const char c : path) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '/' || c == '.' || c == '_') {
      escaped.push_back(c);
    } else {
      absl::StrAppend(&escaped, "%", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    }
  }
  return absl::StartsWith(escaped, "//") ? absl::StrCat("//", escaped) : escaped;
}

}  // namespace

void Statement::Bind(int parameter, absl::string_view text) {
  // A null pointer would bind NULL.
  sqlite3_bind_text64(statement_.get(), parameter, text.data() == nullptr ? "" : text.data(),
                      text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void Statement::Bind(int parameter, int64_t value) {
  sqlite3_bind_int64(statement_.get(), parameter, value);
}

void Statement::BindOptional(int parameter, const std::optional<std::string>& text) {
  if (text.has_value()) {
    Bind(parameter, absl::string_view(*text));
  } else {
    sqlite3_bind_null(statement_.get(), parameter);
  }
}

void Statement::BindOptional(int parameter, const std::optional<int64_t>& value) {
  if (value.has_value()) {
    Bind(parameter, *value);
  } else {
    sqlite3_bind_null(statement_.get(), parameter);
  }
}

absl::StatusOr<bool> Statement::Step() {
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  return StatusOf(sqlite3_db_handle(statement_.get()), result);
}

absl::Status Statement::Run() {
  const absl::StatusOr<bool> row = Step();
  Reset();
  return row.status();
}

void Statement::Reset() { sqlite3_reset(statement_.get()); }

absl::string_view Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (text == nullptr) return "";
  return {text, static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::optional<std::string> Statement::OptionalText(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return std::nullopt;
  return std::string(Text(column));
}

int64_t Statement::Integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

void Statement::CopyColumn(int column, Statement& to, int parameter) const {
  sqlite3_bind_value(to.statement_.get(), parameter,
                     sqlite3_column_value(statement_.get(), column));
}

std::optional<int64_t> Statement::OptionalInteger(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return std::nullopt;
  return Integer(column);
}

Database::Database(sqlite3* connection, absl::Duration busy_timeout)
    : patience_(std::make_unique<Patience>()), connection_(connection) {
  patience_->timeout = busy_timeout;
  patience_->random = std::random_device()();
  if (connection != nullptr) sqlite3_busy_handler(connection, WaitForLock, patience_.get());
}

// SQLite's own handler sleeps up to 100 ms at a time and longer the more often it was refused, so
// that of many processes the one that waits longest is served last. Short sleeps of random length
// give each the same chance at any moment.
int Database::WaitForLock(void* patience, int num_waits) {
  auto& waiting = *static_cast<Patience*>(patience);
  const auto now = std::chrono::steady_clock::now();
  if (num_waits == 0) waiting.end = now + absl::ToChronoNanoseconds(waiting.timeout);
  if (now >= waiting.end) return 0;
  // A linear congruential generator (Numerical Recipes): any spread will do.
  waiting.random = waiting.random * 1664525 + 1013904223;
  constexpr uint32_t kMaxSleepUs = 1000;
  std::this_thread::sleep_for(std::chrono::microseconds(20 + (waiting.random >> 16) % kMaxSleepUs));
  return 1;
}

absl::StatusOr<Database> Database::Open(const std::string& path, const DatabaseOptions& options) {
  sqlite3* connection = nullptr;
  // The owner serializes, so SQLite's own mutexes would only cost.
  int flags = SQLITE_OPEN_NOMUTEX;
  std::string name = path;
  switch (options.access) {
    case Access::kMake:
      flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
      break;
    case Access::kChange:
      flags |= SQLITE_OPEN_READWRITE;
      break;
    case Access::kRead:
      flags |= SQLITE_OPEN_READONLY;
      break;
    case Access::kReadUnchanging:
      flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
      name = absl::StrCat("file:", UriPath(path), "?immutable=1");
      break;
  }
  const int result = sqlite3_open_v2(name.c_str(), &connection, flags,
                                     options.vfs.empty() ? nullptr : options.vfs.c_str());
  Database database(connection, options.busy_timeout);
  if (result != SQLITE_OK) {
    return absl::Status(
        CodeOf(result),
        absl::StrCat("cannot open the database ", path, ": ",
                     connection == nullptr ? sqlite3_errstr(result) : sqlite3_errmsg(connection),
                     ReasonOf(connection, path)));
  }
  sqlite3_extended_result_codes(connection, 1);
  if (absl::Status registered = RegisterTokenizer(connection); !registered.ok()) return registered;
  return database;
}

absl::StatusOr<Statement> Database::Prepare(absl::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (result != SQLITE_OK) return StatusOf(connection_.get(), result);
  return Statement(statement);
}

absl::Status Database::Execute(const std::string& sql) {
  const int result = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  return result == SQLITE_OK ? absl::OkStatus() : StatusOf(connection_.get(), result);
}

absl::StatusOr<int64_t> Database::QueryInteger(absl::string_view sql) {
  absl::StatusOr<Statement> statement = Prepare(sql);
  if (!statement.ok()) return statement.status();
  absl::StatusOr<bool> row = statement->Step();
  if (!row.ok()) return row.status();
  return *row ? statement->Integer(0) : 0;
}

absl::StatusOr<std::string> Database::QueryText(absl::string_view sql) {
  absl::StatusOr<Statement> statement = Prepare(sql);
  if (!statement.ok()) return statement.status();
  absl::StatusOr<bool> row = statement->Step();
  if (!row.ok()) return row.status();
  return *row ? std::string(statement->Text(0)) : "";
}

absl::StatusOr<Transaction> Transaction::Begin(Database& database) {
  if (absl::Status begun = database.Execute("BEGIN IMMEDIATE"); !begun.ok()) return begun;
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  // Fails only where SQLite has rolled back by itself already, as it does on a full disk.
  if (database_ != nullptr) database_->Execute("ROLLBACK").IgnoreError();
}

absl::Status Transaction::Commit() {
  absl::Status committed = database_->Execute("COMMIT");
  if (committed.ok()) database_ = nullptr;
  return committed;
}

}  // namespace parlance::session
