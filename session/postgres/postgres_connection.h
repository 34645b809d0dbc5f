// One connection to a PostgreSQL server: statements, pipelines, and the server's errors as
// absl::Status.
//
// Errors, everywhere below: Unavailable if the server cannot be reached or went away (for a write,
// it may have been made or not), and for a deadlock or a server that is shutting down;
// ResourceExhausted for a full disk or too many connections; PermissionDenied; AlreadyExists for a
// violated constraint; DataLoss for damaged data; Internal for anything else. The message has the
// server's own.
//
// Threads: a connection belongs to one thread at a time; the owner serializes.
#ifndef SESSION_POSTGRES_POSTGRES_CONNECTION_H_
#define SESSION_POSTGRES_POSTGRES_CONNECTION_H_

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace parlance::session {

// Rows of an answer, in text form. Rows and columns count from 0.
class PostgresRows {
 public:
  explicit PostgresRows(PGresult* result) : result_(result) {}

  int size() const { return PQntuples(result_.get()); }
  std::string Text(int row, int column) const;
  std::optional<std::string> OptionalText(int row, int column) const;
  int64_t Integer(int row, int column) const;
  std::optional<int64_t> OptionalInteger(int row, int column) const;

  // One of the rows; valid as long as they are.
  class Row {
   public:
    Row(const PostgresRows& rows, int row) : rows_(rows), row_(row) {}
    std::string Text(int column) const { return rows_.Text(row_, column); }
    std::optional<std::string> OptionalText(int column) const {
      return rows_.OptionalText(row_, column);
    }
    int64_t Integer(int column) const { return rows_.Integer(row_, column); }
    std::optional<int64_t> OptionalInteger(int column) const {
      return rows_.OptionalInteger(row_, column);
    }

   private:
    const PostgresRows& rows_;
    const int row_;
  };
  Row row(int row) const { return {*this, row}; }

 private:
  struct Clearer {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  std::unique_ptr<PGresult, Clearer> result_;
};

// $1, $2, … of a statement, in text form; nothing is NULL.
using PostgresParameters = std::vector<std::optional<std::string>>;

class PostgresConnection {
 public:
  // A statement with a name, prepared on the server once in each connection.
  struct Prepared {
    const char* name;
    std::string sql;
  };

  // `uri`: "postgresql://user@host:port/database?option=value", or libpq's key=value form
  // (PostgreSQL documentation, 34.1.1).
  static absl::StatusOr<PostgresConnection> Open(const std::string& uri,
                                                 absl::Span<const Prepared> statements);

  // Connects again if the connection is gone.
  absl::Status EnsureOpen();
  // Prepares further statements.
  absl::Status Prepare(absl::Span<const Prepared> statements);

  // Runs one or more statements whose rows do not matter.
  absl::Status Execute(const std::string& sql);
  absl::StatusOr<PostgresRows> Query(const char* prepared, const PostgresParameters& parameters);

  struct Request {
    // The name of a prepared statement.
    const char* prepared;
    PostgresParameters parameters;
  };
  // Runs all requests in one transaction and one exchange with the server (pipeline mode, 34.5).
  // Returns the answer to each, in order, or why the transaction was rolled back.
  absl::StatusOr<std::vector<PostgresRows>> Transaction(absl::Span<const Request> requests);

 private:
  struct Closer {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };

  PostgresConnection(PGconn* connection, absl::Span<const Prepared> statements)
      : connection_(connection), statements_(statements.begin(), statements.end()) {}

  absl::Status StatusOf(const PGresult* result) const;
  bool Send(const Request& request);
  // Returns the rows of the next statement of the pipeline.
  absl::StatusOr<PostgresRows> Receive();

  std::unique_ptr<PGconn, Closer> connection_;
  std::vector<Prepared> statements_;
};

}  // namespace parlance::session

#endif  // SESSION_POSTGRES_POSTGRES_CONNECTION_H_
