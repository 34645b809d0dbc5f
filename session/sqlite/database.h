// A thin layer over one SQLite connection: owning handles, prepared statements, transactions, and
// SQLite's result codes as absl::Status.
//
// Errors, everywhere below: DataLoss for a file that is damaged or no database, ResourceExhausted
// for a full disk, Unavailable for a database that stayed locked for the busy timeout,
// PermissionDenied for a read-only file, NotFound for one that cannot be opened, AlreadyExists for
// a violated constraint, Internal for anything else, such as an I/O error. The message has SQLite's
// own.
//
// Threads: a Database and its statements belong to one thread at a time; the owner serializes.
#ifndef SESSION_SQLITE_DATABASE_H_
#define SESSION_SQLITE_DATABASE_H_

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace parlance::session {

// A prepared statement, used again and again. Bind every parameter, Step until it returns false,
// Reset. Text is bound without a copy, and has to live until Reset.
class Statement {
 public:
  // Empty: it can only be assigned to or destroyed.
  Statement() = default;

  // Parameters count from 1.
  void Bind(int parameter, absl::string_view text);
  void Bind(int parameter, int64_t value);
  void BindOptional(int parameter, const std::optional<std::string>& text);
  void BindOptional(int parameter, const std::optional<int64_t>& value);

  // Goes to the next row. Returns whether there is one.
  absl::StatusOr<bool> Step();
  // Runs a statement without rows: steps once and resets.
  absl::Status Run();
  // Must be called before the statement is bound again, and as soon as its rows are read: until
  // then it keeps its snapshot of the database. StatementReset does it at the end of a scope.
  void Reset();

  // Columns of the row, counted from 0. Text is valid until the next Step or Reset.
  absl::string_view Text(int column) const;
  std::optional<std::string> OptionalText(int column) const;
  int64_t Integer(int column) const;
  std::optional<int64_t> OptionalInteger(int column) const;
  // Binds the column's value to another statement's parameter, as it is.
  void CopyColumn(int column, Statement& to, int parameter) const;

 private:
  friend class Database;
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

class StatementReset {
 public:
  explicit StatementReset(Statement& statement) : statement_(statement) {}
  ~StatementReset() { statement_.Reset(); }
  StatementReset(const StatementReset&) = delete;
  StatementReset& operator=(const StatementReset&) = delete;

 private:
  Statement& statement_;
};

enum class Access {
  // The file is made if it is not there.
  kMake,
  // It has to be there.
  kChange,
  // Nothing of it is changed. What others write meanwhile is seen.
  kRead,
  // As kRead, for a file that nobody writes and whose log (FILE-wal) has nothing: SQLite locks
  // nothing and makes no file beside it.
  kReadUnchanging,
};

struct DatabaseOptions {
  // How long a statement waits for another process or connection to let go of its lock.
  absl::Duration busy_timeout = absl::Seconds(5);
  // The operating system as SQLite sees it, by the name under which it is registered. Empty: the
  // usual one. Tests put one here that fails.
  std::string vfs = {};
  Access access = Access::kMake;
};

class Database {
 public:
  static absl::StatusOr<Database> Open(const std::string& path, const DatabaseOptions& options);

  absl::StatusOr<Statement> Prepare(absl::string_view sql);
  // Runs one or more statements whose rows do not matter.
  absl::Status Execute(const std::string& sql);
  // Return the first column of the only row, for pragmas.
  absl::StatusOr<int64_t> QueryInteger(absl::string_view sql);
  absl::StatusOr<std::string> QueryText(absl::string_view sql);

  // Rows that the last INSERT, UPDATE or DELETE changed.
  int64_t NumChanged() const { return sqlite3_changes64(connection_.get()); }
  // SQLite's own handle, for what is not wrapped here. Owned by this.
  sqlite3* handle() { return connection_.get(); }

 private:
  struct Closer {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
  };
  // How long, and until when, the present wait for a lock may last.
  struct Patience {
    absl::Duration timeout;
    std::chrono::steady_clock::time_point end;
    uint32_t random;
  };
  Database(sqlite3* connection, absl::Duration busy_timeout);
  static int WaitForLock(void* patience, int num_waits);

  // It is on the heap, because SQLite keeps its address. It outlives the connection.
  std::unique_ptr<Patience> patience_;
  std::unique_ptr<sqlite3, Closer> connection_;
};

// Rolled back when it ends without Commit.
class Transaction {
 public:
  // Takes the write lock at once, so that nothing fails half-way because another process has it.
  static absl::StatusOr<Transaction> Begin(Database& database);
  ~Transaction();
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;

  // OK means durable, as far as the connection's `synchronous` says.
  absl::Status Commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}

  Database* database_;
};

}  // namespace parlance::session

#endif  // SESSION_SQLITE_DATABASE_H_
